#include "simulator/face.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "simulator/control_calls.h"
#include "simulator/ecs_calls.h"
#include "simulator/sqs_calls.h"
#include "simulator/sqs_errors.h"

namespace blox::simulator {
namespace {

namespace json = boost::json;

constexpr std::string_view kEcsTarget = "AmazonEC2ContainerServiceV20141113.";
constexpr std::string_view kSqsTarget = "AmazonSQS.";

enum class Protocol : std::uint8_t { kEcs, kSqs, kControl };

const char* content_type(Protocol protocol) {
  switch (protocol) {
    case Protocol::kEcs: return "application/x-amz-json-1.1";
    case Protocol::kSqs: return "application/x-amz-json-1.0";
    case Protocol::kControl: return "application/json; charset=UTF-8";
  }
  return "application/json";
}

http::Response make_answer(Protocol protocol, const Outcome<json::object>& outcome) {
  http::Response response;
  response.headers.emplace_back("Content-Type", content_type(protocol));
  if (outcome) {
    response.body = json::serialize(*outcome);
    return response;
  }
  const ApiError& error = outcome.error();
  response.status = error.status;
  std::string type = error.code;
  if (protocol == Protocol::kSqs) {
    type = "com.amazonaws.sqs#" + error.code;
    response.headers.emplace_back(
        "x-amzn-query-error",
        query_code(error.code) + (error.status < 500 ? ";Sender" : ";Receiver"));
  }
  response.headers.emplace_back("x-amzn-errortype", error.code);
  response.body = json::serialize(json::object{{"__type", type}, {"message", error.message}});
  return response;
}

// An answer that never comes whole.
class BrokenBody final : public http::BodyStream {
 public:
  Async<Result<http::Slices>> next() override {
    co_return Result<http::Slices>{fail(ErrorKind::kUnavailable, "the simulator lost the answer")};
  }
};

http::Response make_lost_answer() {
  http::Response response;
  response.body = std::make_unique<BrokenBody>();
  return response;
}

std::string_view find_target(const http::Request& request) {
  return http::find_header(request.headers, "x-amz-target").value_or(std::string_view{});
}

bool is_denied(const Simulator& simulator, std::string_view operation) {
  const auto& denied = simulator.faults.denied;
  return std::ranges::find(denied, operation) != denied.end();
}

std::unexpected<ApiError> deny(const Simulator& simulator, std::string_view service,
                               std::string_view operation) {
  return refuse("AccessDeniedException",
                "User: arn:aws:iam::" + simulator.world.identity().account +
                    ":user/blox is not authorized to perform: " + std::string{service} + ":" +
                    std::string{operation} + ", by a fault of the simulator.");
}

Outcome<json::object> call_ecs(Simulator& simulator, std::string_view operation,
                               const std::string& body) {
  const EcsCall call = find_ecs_call(operation);
  if (call == nullptr) {
    return refuse("UnknownOperationException",
                  "The simulator does not have the operation " + std::string{operation} + ".");
  }
  if (is_denied(simulator, operation)) return deny(simulator, "ecs", operation);
  if (simulator.faults.throttled && !simulator.throttle.take(class_of(operation))) {
    return refuse("ThrottlingException", "Rate exceeded");
  }
  const auto parsed = parse_body(body);
  if (!parsed) return std::unexpected(parsed.error());
  JsonInput input{*parsed, "InvalidParameterException"};
  return call(simulator, input);
}

}  // namespace

http::Response make_server_error(const http::Request& request) {
  const bool is_sqs = find_target(request).starts_with(kSqsTarget);
  ApiError error{is_sqs ? "InternalFailure" : "ServerException",
                 "A server-side issue, by a fault of the simulator.", 500};
  return make_answer(is_sqs ? Protocol::kSqs : Protocol::kEcs,
                     std::unexpected<ApiError>(std::move(error)));
}

const http::Route& Face::route_of(const http::Request& head) const {
  static const http::Route kHealth{"GET /healthz", http::kBodyBytesMax, http::Cost::kProbe, true};
  static const http::Route kCall{"POST /", 4 << 20, http::Cost::kChange, false};
  return head.target == "/healthz" ? kHealth : kCall;
}

Fate Face::draw_fate(const http::Request& request) {
  if (find_target(request).empty()) return Fate::kServed;
  const Faults& faults = simulator_.faults;
  Random& random = simulator_.world.random();
  if (happens(random, faults.call_refused)) return Fate::kRefused;
  if (happens(random, faults.request_lost)) return Fate::kRequestLost;
  if (happens(random, faults.answer_lost)) return Fate::kAnswerLost;
  if (happens(random, faults.server_error)) return Fate::kFailed;
  if (happens(random, faults.server_error_executed)) return Fate::kFailedExecuted;
  return Fate::kServed;
}

Async<http::Response> Face::answer(http::Request request) {
  const std::string target{find_target(request)};
  if (target.starts_with(kEcsTarget)) {
    const std::string operation = target.substr(kEcsTarget.size());
    const auto outcome = call_ecs(simulator_, operation, request.body);
    const Faults& faults = simulator_.faults;
    if (is_read(operation) && happens(simulator_.world.random(), faults.list_slow)) {
      ++simulator_.fault_counts.slow_answers;
      co_await sleep_for(simulator_.world.executor(),
                         faults.list_slowness.draw(simulator_.world.random()));
    }
    co_return make_answer(Protocol::kEcs, outcome);
  }
  if (target.starts_with(kSqsTarget)) {
    auto body = parse_body(request.body);
    if (!body) co_return make_answer(Protocol::kSqs, std::unexpected(body.error()));
    const std::string operation = target.substr(kSqsTarget.size());
    if (is_denied(simulator_, operation)) {
      co_return make_answer(Protocol::kSqs, deny(simulator_, "sqs", operation));
    }
    std::string host{http::find_header(request.headers, "host").value_or("localhost")};
    const auto outcome =
        co_await execute_sqs(simulator_, operation, std::move(host), std::move(*body));
    co_return make_answer(Protocol::kSqs, outcome);
  }
  const std::string_view whole = request.target;
  const auto mark = whole.find('?');
  const std::string_view path = whole.substr(0, mark);
  const std::string_view query =
      mark == std::string_view::npos ? std::string_view{} : whole.substr(mark + 1);
  if (path == "/healthz") co_return http::make_text(200, "ok");
  if (path.starts_with("/simulator/")) {
    const auto body = parse_body(request.body);
    if (!body) co_return make_answer(Protocol::kControl, std::unexpected(body.error()));
    co_return make_answer(Protocol::kControl,
                          execute_control(simulator_, request.method, path, query, *body));
  }
  const Outcome<json::object> unknown = refuse(
      "UnknownOperationException",
      "X-Amz-Target: '" + target + "' is not an operation of ECS or SQS that is served here.");
  co_return make_answer(Protocol::kEcs, unknown);
}

Async<http::Response> Face::handle(http::Request request) {
  const bool is_aws = !find_target(request).empty();
  http::Response response = co_await answer_with_faults(std::move(request));
  if (is_aws) {
    // A counter in the form of a UUID: chance is the world's alone, and ids need only differ.
    response.headers.emplace_back("x-amzn-RequestId",
                                  fmt::format("00000000-0000-4000-8000-{:012x}", ++request_count_));
  }
  co_return response;
}

Async<http::Response> Face::answer_with_faults(http::Request request) {
  const Faults& faults = simulator_.faults;
  const Fate fate = draw_fate(request);
  if (!find_target(request).empty() && happens(simulator_.world.random(), faults.call_overtime)) {
    co_await sleep_for(simulator_.world.executor(),
                       faults.overtime.draw(simulator_.world.random()));
  }
  switch (fate) {
    case Fate::kRefused:
    case Fate::kRequestLost: co_return make_lost_answer();
    case Fate::kFailed: co_return make_server_error(request);
    case Fate::kServed:
    case Fate::kAnswerLost:
    case Fate::kFailedExecuted: break;
  }
  http::Response failure = make_server_error(request);
  http::Response response = co_await answer(std::move(request));
  if (fate == Fate::kAnswerLost) co_return make_lost_answer();
  if (fate == Fate::kFailedExecuted) co_return failure;
  co_return response;
}

}  // namespace blox::simulator
