#include "simulator/sim_transport.h"

#include <algorithm>
#include <utility>

#include "http/response_head.h"

namespace blox::simulator {
namespace {

std::string to_text(http::Body body) {
  // The faces answer with whole texts; a stream stands for an answer that is cut off.
  if (auto* text = std::get_if<std::string>(&body)) return std::move(*text);
  return {};
}

}  // namespace

SimTransport::SimTransport(Executor& executor, Random& random, Face& face, const Faults& faults,
                           NetworkOptions options)
    : executor_(executor),
      random_(random),
      face_(face),
      faults_(faults),
      options_(std::move(options)),
      in_flight_(executor) {}

Async<Result<http::Answer>> SimTransport::send(http::OutgoingRequest request) {
  const TimePoint deadline = executor_.now() + request.deadline;
  const TimePoint connected = executor_.now() + options_.latency.draw(random_);
  if (cut_off_ || !request.url.starts_with(options_.endpoint)) {
    co_await sleep_until(executor_, std::min(connected, deadline));
    co_return Result<http::Answer>{
        fail(ErrorKind::kUnavailable, "cannot connect to '" + request.url + "'")};
  }
  ++counts_.calls;
  auto call = std::make_shared<Call>(executor_);
  in_flight_.spawn(carry(std::move(request), call));
  while (!call->answer) {
    if (!co_await call->ended.wait_until(deadline)) {
      ++counts_.overtime;
      co_return Result<http::Answer>{
          fail(ErrorKind::kUnknown, "no answer within the deadline of the call")};
    }
  }
  co_return std::move(*call->answer);
}

// Goes on without its caller, as what is on the wire does.
Async<void> SimTransport::carry(http::OutgoingRequest outgoing, std::shared_ptr<Call> call) {
  http::Request request;
  request.method = std::move(outgoing.method);
  request.target = outgoing.url.substr(options_.endpoint.size());
  if (request.target.empty()) request.target = "/";
  request.headers = std::move(outgoing.headers);
  request.headers.emplace_back("Host", options_.endpoint.substr(options_.endpoint.find("//") + 2));
  request.body = std::move(outgoing.body);
  const Fate fate = face_.draw_fate(request);
  Duration way = options_.latency.draw(random_);
  const bool refused = fate == Fate::kRefused;
  if (!refused && happens(random_, faults_.call_overtime)) way += faults_.overtime.draw(random_);
  co_await sleep_for(executor_, way);
  if (refused) {
    ++counts_.refused;
    call->end(fail(ErrorKind::kUnavailable, "the connection was refused"));
    co_return;
  }
  if (fate == Fate::kRequestLost) {
    ++counts_.request_lost;
    call->end(fail(ErrorKind::kUnknown, "the connection broke before the answer"));
    co_return;
  }
  http::Response response = make_server_error(request);
  if (fate != Fate::kFailed) {
    http::Response answered = co_await face_.answer(std::move(request));
    if (fate != Fate::kFailedExecuted) response = std::move(answered);
  }
  if (fate == Fate::kFailed || fate == Fate::kFailedExecuted) ++counts_.failed;
  co_await sleep_for(executor_, options_.latency.draw(random_));
  if (fate == Fate::kAnswerLost) {
    ++counts_.answer_lost;
    call->end(fail(ErrorKind::kUnknown, "the connection broke before the answer"));
    co_return;
  }
  response.headers.emplace_back("Date", http::format_http_date(executor_.wall_now()));
  call->end(http::Answer{response.status, std::move(response.headers),
                         to_text(std::move(response.body))});
}

Async<Result<std::unique_ptr<http::LineStream>>> SimTransport::open_lines(
    http::OutgoingRequest request, Duration) {
  co_return Result<std::unique_ptr<http::LineStream>>{
      fail(ErrorKind::kInvalid, "'" + request.url + "' has no endless answers")};
}

}  // namespace blox::simulator
