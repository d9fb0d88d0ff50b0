#include "aws/json_client.h"

#include <algorithm>
#include <charconv>

#include "aws/aws_error.h"
#include "base/log.h"

namespace blox::aws {
namespace {

using namespace std::chrono_literals;

constexpr Duration kConnectMax = 2s;

// Milliseconds. Source: AWS SDKs reference guide, "Retry behavior".
std::optional<Duration> find_retry_after(const http::Headers& headers) {
  const auto text = http::find_header(headers, "x-amz-retry-after");
  if (!text) return std::nullopt;
  std::uint32_t milliseconds = 0;
  const char* const end = text->data() + text->size();
  const auto [stopped, error] = std::from_chars(text->data(), end, milliseconds);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return std::chrono::milliseconds{milliseconds};
}

std::string describe(int status, const AwsError& error) {
  std::string text = "HTTP " + std::to_string(status);
  if (!error.code.empty()) text += " " + error.code;
  if (!error.message.empty()) text += ": " + error.message;
  return text;
}

}  // namespace

JsonService ecs_service() {
  return {"ecs", "AmazonEC2ContainerServiceV20141113", "application/x-amz-json-1.1"};
}

JsonService sqs_service() { return {"sqs", "AmazonSQS", "application/x-amz-json-1.0"}; }

JsonClient::JsonClient(AwsContext context, JsonService service, std::string endpoint,
                       std::string region)
    : context_(context),
      service_(std::move(service)),
      endpoint_(std::move(endpoint)),
      region_(std::move(region)) {}

http::OutgoingRequest JsonClient::make_request(const JsonCall& call,
                                               const Credentials& credentials) const {
  http::OutgoingRequest request;
  request.method = "POST";
  request.url = endpoint_ + "/";
  request.headers = {{"Content-Type", service_.content_type},
                     {"X-Amz-Target", service_.target_prefix + "." + call.operation}};
  request.body = call.body;
  request.fresh_connection = !call.repeatable;
  const SigningScope scope{region_, service_.name};
  for (auto& header : sign(request, credentials, scope, context_.executor.wall_now())) {
    request.headers.push_back(std::move(header));
  }
  return request;
}

JsonClient::Attempt JsonClient::judge(const JsonCall& call, AcceptBody& accept,
                                      Result<http::Answer> answer, const Credentials& credentials) {
  if (!answer) {
    const bool retryable = answer.error().kind != ErrorKind::kInvalid;
    return {std::unexpected(answer.error()), FaultClass::kFault, retryable, std::nullopt};
  }
  if (answer->status == 200) {
    const Status accepted = accept(answer->body);
    if (accepted) return {done(), FaultClass::kFault, false, std::nullopt};
    return {fail(ErrorKind::kUnknown, "unreadable answer: " + accepted.error().message),
            FaultClass::kFault, true, std::nullopt};
  }
  const AwsError error = decode_error(*answer);
  const Classified classified = classify(answer->status, error);
  if (classified.credentials_refused) context_.credentials.on_refused(credentials);
  if (classified.throttled && call.budget != nullptr) call.budget->on_throttled();
  return {fail(classified.kind, describe(answer->status, error)),
          classified.throttled ? FaultClass::kThrottle : FaultClass::kFault, classified.retryable,
          find_retry_after(answer->headers)};
}

Async<JsonClient::Attempt> JsonClient::attempt(const JsonCall& call, AcceptBody& accept,
                                               TimePoint deadline) {
  bool has_token = true;
  if (call.budget != nullptr) has_token = co_await call.budget->take(call.priority, deadline);
  if (!has_token) {
    co_return Attempt{fail(ErrorKind::kThrottled, "our own budget of calls is used up"),
                      FaultClass::kThrottle, false, std::nullopt};
  }
  const auto credentials = co_await context_.credentials.get();
  if (!credentials) {
    co_return Attempt{std::unexpected(credentials.error()), FaultClass::kFault, false,
                      std::nullopt};
  }
  // Whoever asked may rely on nothing being sent after the deadline (a lease may end then).
  const Duration left = deadline - context_.executor.now();
  if (left <= Duration::zero()) {
    co_return Attempt{fail(ErrorKind::kUnavailable, "the deadline passed before it was sent"),
                      FaultClass::kFault, false, std::nullopt};
  }
  http::OutgoingRequest request = make_request(call, *credentials);
  request.deadline = left;
  request.connect_deadline = std::min(kConnectMax, left);
  auto answer = co_await context_.transport.send(std::move(request));
  co_return judge(call, accept, std::move(answer), *credentials);
}

Async<Status> JsonClient::call(JsonCall call, AcceptBody accept) {
  const TimePoint deadline = context_.executor.now() + call.deadline;
  std::optional<int> taken;
  Status status = done();
  for (int number = 1;; ++number) {
    Attempt last = co_await attempt(call, accept, deadline);
    status = std::move(last.status);
    count(call, status);
    if (status) quota_.on_success(taken);
    if (status || !call.repeatable || !last.retryable || number == kAttemptsMax) break;
    const TimePoint next = context_.executor.now() +
                           compute_backoff(last.fault, number, last.retry_after, context_.random);
    if (next >= deadline) break;
    taken = quota_.take(last.fault);
    if (!taken && !call.long_poll) break;
    log::debug("aws", "{} {} is sent again: {}", service_.name, call.operation,
               status.error().message);
    co_await sleep_until(context_.executor, next);
    if (!taken) break;
  }
  if (status) co_return status;
  if (call.repeatable && status.error().kind == ErrorKind::kUnknown) {
    status = fail(ErrorKind::kUnavailable, status.error().message);
  }
  co_return status.error_in(service_.name + " " + call.operation);
}

void JsonClient::count(const JsonCall& call, const Status& status) {
  const std::string outcome{status ? "ok" : to_text(status.error().kind)};
  context_.metrics
      .counter("blox_aws_calls_total", "Calls to AWS, each attempt, by outcome.",
               {{"service", service_.name}, {"operation", call.operation}, {"outcome", outcome}})
      .Increment();
}

}  // namespace blox::aws
