// A Transport for tests: remembers what is sent, and answers by a script under virtual time.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "http/transport.h"

namespace blox::aws {

/// Answers each request with the front of `script`, or by `respond` when the script is empty.
class ScriptedTransport final : public http::Transport {
 public:
  struct Step {
    Result<http::Answer> answer;
    Duration delay{};
  };

  explicit ScriptedTransport(Executor& executor) : executor_(executor) {}

  std::vector<http::OutgoingRequest> requests;
  std::vector<TimePoint> times;  ///< When each was sent.
  std::deque<Step> script;
  std::function<Step(const http::OutgoingRequest&)> respond;
  int at_once = 0;      ///< Requests under way now.
  int at_once_max = 0;  ///< The most there ever were.

  void answer(int status, std::string body, http::Headers headers = {}) {
    script.push_back({http::Answer{status, std::move(headers), std::move(body)}, {}});
  }
  void fail_with(ErrorKind kind, std::string message) {
    script.push_back({fail(kind, std::move(message)), {}});
  }

  Async<Result<http::Answer>> send(http::OutgoingRequest request) override {
    requests.push_back(request);
    times.push_back(executor_.now());
    at_once_max = std::max(at_once_max, ++at_once);
    Step step = next(request);
    co_await sleep_for(executor_, std::min(step.delay, request.deadline));
    --at_once;
    if (step.delay >= request.deadline) co_return fail(ErrorKind::kUnknown, "timed out");
    co_return std::move(step.answer);
  }
  Async<Result<std::unique_ptr<http::LineStream>>> open_lines(http::OutgoingRequest,
                                                              Duration) override {
    co_return fail(ErrorKind::kUnavailable, "the script has no streams");
  }

 private:
  Step next(const http::OutgoingRequest& request) {
    if (script.empty() && respond) return respond(request);
    if (script.empty()) return {fail(ErrorKind::kUnavailable, "the script has ended"), {}};
    Step step = std::move(script.front());
    script.pop_front();
    return step;
  }

  Executor& executor_;
};

}  // namespace blox::aws
