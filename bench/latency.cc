// From an event sent to its line on a stream, both seen by this one process.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <vector>

#include "calls.h"
#include "events.h"
#include "http/curl_transport.h"
#include "load.h"

namespace blox::bench {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kTasks = 1'000;
constexpr Duration kStragglersMax = std::chrono::seconds{10};

class LatencyRun {
 public:
  LatencyRun(IoLoop& loop, http::Transport& transport, const Latency& load)
      : loop_(loop),
        transport_(transport),
        load_(load),
        sent_at_(load.events),
        seen_(load.events),
        scope_(loop) {}

  Async<Result<Figures>> run() {
    http::OutgoingRequest request;
    request.url = load_.state + "/v1/stream/tasks";
    auto stream = co_await transport_.open_lines(std::move(request), std::chrono::seconds{30});
    if (!stream) co_return stream.error_in("open the stream");
    scope_.spawn(read(**stream));
    const TimePoint start = loop_.now();
    for (std::uint64_t i = 0; i < load_.events; ++i) {
      const Duration due = std::chrono::nanoseconds{std::chrono::seconds{1}} *
                           static_cast<std::int64_t>(i) / static_cast<std::int64_t>(load_.rate);
      if (loop_.now() < start + due) co_await sleep_until(loop_, start + due);
      scope_.spawn(send_one(i));
    }
    const Duration sending = loop_.now() - start;
    const TimePoint until = loop_.now() + kStragglersMax;
    while (milliseconds_.size() < load_.events && loop_.now() < until && problem_.empty()) {
      co_await sleep_for(loop_, std::chrono::milliseconds{5});
    }
    if (milliseconds_.size() < load_.events || !problem_.empty()) {
      co_return fail(ErrorKind::kInternal,
                     fmt::format("{} events were sent, the lines of {} came; {}", load_.events,
                                 milliseconds_.size(), problem_));
    }
    const double count = static_cast<double>(load_.events);
    co_return Figures{{"p50_ms", quantile(milliseconds_, 0.5)},
                      {"p99_ms", quantile(milliseconds_, 0.99)},
                      {"max_ms", quantile(milliseconds_, 1.0)},
                      {"events", count},
                      {"rate", count / to_seconds(sending)}};
  }

 private:
  Async<void> send_one(std::uint64_t number) {
    const std::uint64_t task = number % kTasks;
    const auto version = static_cast<std::int64_t>(number / kTasks + 1);
    const json::object body{
        {"QueueUrl", load_.endpoint + "/123456789012/" + load_.queue},
        {"MessageBody", make_task_event(task, task % 100, version, number, loop_.wall_now())}};
    auto request = make_call(load_.endpoint, "AmazonSQS.SendMessage", body);
    sent_at_[number] = loop_.now();
    const auto answer = co_await send(transport_, std::move(request));
    if (!answer) problem_ = answer.error().message;
  }

  Async<void> read(http::LineStream& stream) {
    for (;;) {
      const auto lines = co_await stream.next();
      if (!lines) {
        problem_ = lines.error().message;
        co_return;
      }
      const TimePoint now = loop_.now();
      for (const auto& line : *lines) {
        const auto mark = find_mark(line);
        if (mark < 0 || static_cast<std::uint64_t>(mark) >= load_.events) continue;
        const auto number = static_cast<std::size_t>(mark);
        if (seen_[number]) {
          problem_ = fmt::format("the line of event {} came twice", number);
          co_return;
        }
        seen_[number] = true;
        milliseconds_.push_back(to_ms(now - sent_at_[number]));
      }
    }
  }

  IoLoop& loop_;
  http::Transport& transport_;
  const Latency& load_;
  std::vector<TimePoint> sent_at_;
  std::vector<bool> seen_;  // The line of each event.
  std::vector<double> milliseconds_;
  std::string problem_;
  Scope scope_;
};

}  // namespace

Result<Figures> measure_latency(const Latency& load) {
  if (load.rate == 0 || load.events == 0) {
    return fail(ErrorKind::kInvalid, "--rate and --events: at least 1");
  }
  IoLoop loop;
  http::CurlTransport transport{loop};
  LatencyRun run{loop, transport, load};
  return run_to_end(loop, run.run());
}

}  // namespace blox::bench
