#include "http/local_transport.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/scope.h"
#include "base/signal.h"
#include "http/lines.h"

namespace blox::http {
namespace {

// "http://host:80/v1/tasks?x=y", "local:/v1/tasks?x=y" and "/v1/tasks?x=y" have one target.
Result<std::string> target_of(const std::string& url) {
  std::string_view target = url;
  const auto scheme_end = target.find(':');
  if (!target.starts_with('/') && scheme_end != target.npos) target.remove_prefix(scheme_end + 1);
  if (target.starts_with("//")) {
    target.remove_prefix(2);
    target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
  }
  target = target.substr(0, target.find('#'));
  if (target.empty() || target.starts_with('?')) return "/" + std::string{target};
  if (target.starts_with('/')) return std::string{target};
  return fail(ErrorKind::kInvalid, "'" + url + "' is not a URL");
}

Result<Request> to_request(OutgoingRequest& outgoing) {
  auto target = target_of(outgoing.url);
  if (!target) return std::unexpected<Error>(std::move(target.error()));
  Request request;
  request.method = outgoing.method;
  request.target = std::move(*target);
  request.headers = std::move(outgoing.headers);
  if (!find_header(request.headers, "Host")) request.headers.emplace_back("Host", "localhost");
  request.body = std::move(outgoing.body);
  return request;
}

// A handler at work, or a stream that is asked, in a scope of its own, so that a deadline can take
// it away.
template <class T>
class Work {
 public:
  explicit Work(Executor& executor) : changed_(executor), scope_(executor) {}

  void start(Async<T> work) { scope_.spawn(run(std::move(work))); }
  /// The result, or nullopt when it was not there by `deadline`.
  Async<std::optional<T>> wait_until(TimePoint deadline) {
    while (!result_) {
      if (!co_await changed_.wait_until(deadline)) break;
    }
    co_return std::exchange(result_, std::nullopt);
  }

 private:
  Async<void> run(Async<T> work) {
    result_.emplace(co_await std::move(work));
    changed_.notify_all();
  }

  std::optional<T> result_;
  Signal changed_;
  Scope scope_;
};

// Appends up to `bytes_max` in all. False when there were more.
bool append(std::string& whole, const Slices& slices, std::size_t bytes_max) {
  for (const auto& slice : slices) {
    if (whole.size() + slice.bytes.size() > bytes_max) return false;
    whole += slice.bytes;
  }
  return true;
}

std::unexpected<Error> unknown(const std::string& where, const std::string& why) {
  return fail(ErrorKind::kUnknown, where + ": sent, but no whole answer: " + why);
}

// Reads `body` to its end.
Async<Result<std::string>> read_whole(Executor& executor, Body body, std::string where,
                                      TimePoint deadline, std::size_t bytes_max) {
  const std::string too_large = "it is larger than " + std::to_string(bytes_max) + " bytes";
  std::string whole;
  if (auto* text = std::get_if<std::string>(&body)) {
    if (text->size() > bytes_max) co_return unknown(where, too_large);
    co_return std::move(*text);
  }
  if (const auto* slices = std::get_if<Slices>(&body)) {
    if (!append(whole, *slices, bytes_max)) co_return unknown(where, too_large);
    co_return whole;
  }
  if (auto* frozen = std::get_if<std::unique_ptr<FrozenBody>>(&body)) {
    for (Slices next = (*frozen)->next(); !next.empty(); next = (*frozen)->next()) {
      if (!append(whole, next, bytes_max)) co_return unknown(where, too_large);
    }
    co_return whole;
  }
  auto& stream = *std::get<std::unique_ptr<BodyStream>>(body);
  Work<Result<Slices>> work{executor};
  for (;;) {
    work.start(stream.next());
    auto next = co_await work.wait_until(deadline);
    if (!next) co_return unknown(where, "its body did not end in time");
    if (!*next) co_return unknown(where, next->error().message);
    if ((*next)->empty()) co_return whole;
    if (!append(whole, **next, bytes_max)) co_return unknown(where, too_large);
  }
}

std::string where_of(const Request& request) {
  return request.method + " local:" + request.target.substr(0, request.target.find('?'));
}

class LocalLines final : public LineStream {
 public:
  using Open = std::vector<LocalLines*>;

  LocalLines(Executor& executor, std::shared_ptr<Open> open, Body body, Duration idle_max,
             std::size_t line_bytes_max)
      : executor_(executor),
        open_(std::move(open)),
        body_(std::move(body)),
        idle_max_(idle_max),
        line_bytes_max_(line_bytes_max),
        changed_(executor),
        scope_(std::in_place, executor) {
    open_->push_back(this);
  }
  ~LocalLines() override { std::erase(*open_, this); }

  Async<Result<std::vector<std::string>>> next() override {
    if (auto* stream = std::get_if<std::unique_ptr<BodyStream>>(&body_)) {
      while (lines_.empty() && !end_) {
        if (!std::exchange(asking_, true)) scope_->spawn(ask(**stream));
        const bool changed = co_await changed_.wait_until(executor_.now() + idle_max_);
        if (!changed && lines_.empty() && !end_) {
          end_ = "nothing came for " + format_duration(idle_max_);
        }
      }
    } else {
      take_finished_body();
    }
    if (!lines_.empty()) co_return std::exchange(lines_, {});
    scope_.reset();  // The peer's side ends with ours.
    body_ = std::string{};
    co_return fail(ErrorKind::kUnavailable, *end_);
  }

  void break_off() {
    lines_.clear();
    end_ = "the connection was broken off";
    changed_.notify_all();
  }

 private:
  // One question at a time; it goes on when the coroutine that waits in next() is destroyed.
  Async<void> ask(BodyStream& stream) {
    const Result<Slices> next = co_await stream.next();
    asking_ = false;
    if (end_) co_return;
    if (!next) {
      end_ = next.error().message;
    } else if (next->empty()) {
      end_ = "the peer ended the stream";
    } else {
      for (const auto& slice : *next) splitter_.feed(slice.bytes, lines_);
      if (splitter_.partial_bytes() > line_bytes_max_) {
        end_ = "a line is larger than " + std::to_string(line_bytes_max_) + " bytes";
      }
    }
    changed_.notify_all();
  }

  void take_finished_body() {
    if (end_) return;
    if (const auto* text = std::get_if<std::string>(&body_)) {
      splitter_.feed(*text, lines_);
    } else if (auto* frozen = std::get_if<std::unique_ptr<FrozenBody>>(&body_)) {
      for (Slices next = (*frozen)->next(); !next.empty(); next = (*frozen)->next()) {
        for (const auto& slice : next) splitter_.feed(slice.bytes, lines_);
      }
    } else {
      for (const auto& slice : std::get<Slices>(body_)) splitter_.feed(slice.bytes, lines_);
    }
    end_ = "the peer ended the stream";
  }

  Executor& executor_;
  std::shared_ptr<Open> open_;
  Body body_;
  Duration idle_max_;
  std::size_t line_bytes_max_;
  LineSplitter splitter_;
  std::vector<std::string> lines_;
  std::optional<std::string> end_;
  bool asking_ = false;
  Signal changed_;
  std::optional<Scope> scope_;  // Last: its coroutine uses all the rest.
};

}  // namespace

struct LocalTransport::Streams {
  std::shared_ptr<LocalLines::Open> open = std::make_shared<LocalLines::Open>();
};

LocalTransport::LocalTransport(Executor& executor, Handler& handler)
    : executor_(executor), handler_(handler), streams_(std::make_unique<Streams>()) {}

LocalTransport::~LocalTransport() { break_streams(); }

Async<Result<Answer>> LocalTransport::send(OutgoingRequest request) {
  Executor& executor = executor_;
  auto asked = to_request(request);
  if (!asked) co_return std::unexpected<Error>(std::move(asked.error()));
  const std::string where = where_of(*asked);
  const TimePoint deadline = executor.now() + request.deadline;
  Work<Response> work{executor};
  work.start(handler_.handle(std::move(*asked)));
  auto response = co_await work.wait_until(deadline);
  if (!response) {
    co_return unknown(where, "none within " + format_duration(request.deadline));
  }
  Answer answer;
  answer.status = response->status;
  answer.headers = std::move(response->headers);
  if (request.method == "HEAD") co_return answer;
  auto body = co_await read_whole(executor, std::move(response->body), where, deadline,
                                  request.answer_bytes_max);
  if (!body) co_return std::unexpected<Error>(std::move(body.error()));
  answer.body = std::move(*body);
  co_return answer;
}

Async<Result<std::unique_ptr<LineStream>>> LocalTransport::open_lines(OutgoingRequest request,
                                                                      Duration idle_max) {
  Executor& executor = executor_;
  const auto open = streams_->open;
  auto asked = to_request(request);
  if (!asked) co_return std::unexpected<Error>(std::move(asked.error()));
  const std::string where = where_of(*asked);
  const TimePoint deadline = executor.now() + request.deadline;
  Work<Response> work{executor};
  work.start(handler_.handle(std::move(*asked)));
  auto response = co_await work.wait_until(deadline);
  if (!response) {
    co_return fail(ErrorKind::kUnavailable,
                   where + ": no answer within " + format_duration(request.deadline));
  }
  if (response->status != 200) {
    auto body =
        co_await read_whole(executor, std::move(response->body), where, deadline, kRefusalBytesMax);
    const Error refusal = error_of_refusal(response->status, body ? *body : "");
    co_return fail(refusal.kind, where + ": " + refusal.message);
  }
  std::unique_ptr<LineStream> lines = std::make_unique<LocalLines>(
      executor, open, std::move(response->body), idle_max, request.answer_bytes_max);
  co_return std::move(lines);
}

void LocalTransport::break_streams() {
  for (auto* stream : *streams_->open) stream->break_off();
}

}  // namespace blox::http
