#include "aws/json_client.h"

#include <algorithm>
#include <charconv>

#include "aws/aws_error.h"
#include "base/log.h"

namespace blox::aws {
namespace {

using namespace std::chrono_literals;

constexpr Duration kConnectMax = 2s;
// What has to be left for the answer when the token is there. ECS answers StartTask within it.
constexpr Duration kAnswerMin = 1s;

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
      signer_({std::move(region), service_.name}) {}

http::OutgoingRequest JsonClient::make_request(const JsonCall& call,
                                               const Credentials& credentials) {
  http::OutgoingRequest request;
  request.method = "POST";
  request.url = endpoint_ + "/";
  request.headers = {{"Content-Type", service_.content_type},
                     {"X-Amz-Target", service_.target_prefix + "." + call.operation}};
  request.body = call.body;
  request.fresh_connection = !call.repeatable;
  for (auto& header : signer_.sign(request, credentials, context_.executor.wall_now())) {
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
            FaultClass::kFault, true, std::nullopt, true};
  }
  const AwsError error = decode_error(*answer);
  const Classified classified = classify(answer->status, error);
  if (classified.credentials_refused) context_.credentials.on_refused(credentials);
  if (classified.throttled) {
    count_throttled(call);
    if (call.budget != nullptr) call.budget->on_throttled();
  }
  return {fail(classified.kind, describe(answer->status, error)),
          classified.throttled ? FaultClass::kThrottle : FaultClass::kFault, classified.retryable,
          find_retry_after(answer->headers)};
}

JsonClient::Attempt JsonClient::unsent(ErrorKind kind, std::string why) {
  return {fail(kind, std::move(why)), FaultClass::kFault, false, std::nullopt};
}

// Puts `deadline` off by the time that the call may wait for its token.
Async<Status> JsonClient::take_token(const JsonCall& call, TimePoint& deadline) {
  const TimePoint asked_at = context_.executor.now();
  // A call that cannot be answered in time would spend its token for an outcome nobody knows.
  const bool patient = call.token_wait > Duration::zero();
  const TimePoint token_deadline =
      patient ? asked_at + call.token_wait : deadline - std::min(kAnswerMin, call.deadline / 2);
  Status token = co_await call.budget->take(call.priority, token_deadline);
  if (patient) deadline += context_.executor.now() - asked_at;
  co_return token;
}

Async<JsonClient::Attempt> JsonClient::attempt(const JsonCall& call, AcceptBody& accept,
                                               TimePoint& deadline) {
  if (call.budget != nullptr) {
    const Status token = co_await take_token(call, deadline);
    if (!token) {
      count_unsent(call, "budget");
      co_return unsent(token.error().kind, token.error().message);
    }
  }
  const auto credentials = co_await context_.credentials.get();
  if (!credentials) {
    count_unsent(call, "credentials");
    co_return unsent(credentials.error().kind, credentials.error().message);
  }
  // Whoever asked may rely on nothing being sent after the deadline (a lease may end then).
  const TimePoint sent_at = context_.executor.now();
  const Duration left = deadline - sent_at;
  if (left <= Duration::zero()) {
    count_unsent(call, "deadline");
    co_return unsent(ErrorKind::kUnavailable, "the deadline passed before it was sent");
  }
  http::OutgoingRequest request = make_request(call, *credentials);
  request.deadline = left;
  request.send_before = deadline;
  request.connect_deadline = std::min(kConnectMax, left);
  auto answer = co_await context_.transport.send(std::move(request));
  Attempt judged = judge(call, accept, std::move(answer), *credentials);
  count_sent(call, judged.status, context_.executor.now() - sent_at);
  co_return judged;
}

Async<Status> JsonClient::call(JsonCall call, AcceptBody accept) {
  TimePoint deadline = context_.executor.now() + call.deadline;
  std::optional<int> taken;
  Status status = done();
  for (int number = 1;; ++number) {
    Attempt last = co_await attempt(call, accept, deadline);
    status = std::move(last.status);
    if (call.unreadable != nullptr) *call.unreadable = last.unreadable;
    if (status) quota_.on_success(taken);
    if (status || !call.repeatable || !last.retryable || number == kAttemptsMax) break;
    // People can ask again themselves; the account's limit is needed for the other calls first.
    if (last.fault == FaultClass::kThrottle && call.priority == CallPriority::kPeople) break;
    const TimePoint next = context_.executor.now() +
                           compute_backoff(last.fault, number, last.retry_after, context_.random);
    if (next >= deadline) break;
    if (!call.long_poll) taken = quota_.take(last.fault);
    if (!taken && !call.long_poll) break;
    co_await sleep_until(context_.executor, next);
    if (call.long_poll) break;
    log::debug("aws", "{} {} is sent again: {}", service_.name, call.operation,
               status.error().message);
  }
  if (status) co_return status;
  if (call.repeatable && status.error().kind == ErrorKind::kUnknown) {
    status = fail(ErrorKind::kUnavailable, status.error().message);
  }
  co_return status.error_in(service_.name + " " + call.operation);
}

void JsonClient::count_sent(const JsonCall& call, const Status& status, Duration took) {
  const std::string outcome{status ? "ok" : to_text(status.error().kind)};
  const Metrics::Labels labels{{"service", service_.name}, {"operation", call.operation}};
  Metrics::Labels with_outcome = labels;
  with_outcome["outcome"] = outcome;
  context_.metrics
      .counter("blox_aws_calls_total", "Calls to AWS, each attempt, by outcome.", with_outcome)
      .Increment();
  context_.metrics
      .seconds("blox_aws_call_seconds", "From an attempt being sent to its answer.", labels)
      .Observe(std::chrono::duration<double>{took}.count());
}

void JsonClient::count_unsent(const JsonCall& call, const char* reason) {
  context_.metrics
      .counter("blox_aws_unsent_total", "Calls to AWS that were not sent, by reason.",
               {{"service", service_.name}, {"operation", call.operation}, {"reason", reason}})
      .Increment();
}

void JsonClient::count_throttled(const JsonCall& call) {
  context_.metrics
      .counter("blox_aws_throttled_total", "Answers by which AWS refused a call for its limits.",
               {{"service", service_.name}, {"operation", call.operation}})
      .Increment();
}

}  // namespace blox::aws
