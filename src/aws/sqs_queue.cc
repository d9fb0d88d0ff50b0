#include "aws/sqs_queue.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"
#include "codec/sqs_calls.h"

namespace blox::aws {
namespace {

using namespace std::chrono_literals;

constexpr Duration kDeadline = 10s;
constexpr Duration kWaitMax = 20s;  // Source: SQS API reference, ReceiveMessage.
constexpr Duration kBeyondWait = 5s;
constexpr Duration kAttributesAgeMax = 5min;

JsonCall make_call(const char* operation, std::string body) {
  JsonCall call;
  call.operation = operation;
  call.body = std::move(body);
  call.deadline = kDeadline;
  return call;
}

}  // namespace

SqsQueue::SqsQueue(AwsContext context, std::string endpoint, std::string region, std::string name,
                   std::string owner)
    : executor_(context.executor),
      client_(context, sqs_service(), std::move(endpoint), std::move(region)),
      name_(std::move(name)),
      owner_(std::move(owner)) {}

Async<Status> SqsQueue::find_queue() {
  if (!url_.empty()) {
    if (executor_.now() - attributes_read_at_ < kAttributesAgeMax) co_return done();
    const Status read = co_await read_attributes(url_);
    if (!read) log::warn("aws", "queue '{}': {}", name_, read.error().message);
    co_return done();  // What was read before still serves.
  }
  std::string url;
  JsonCall get_url = make_call("GetQueueUrl", codec::encode_get_queue_url(name_, owner_));
  AcceptBody accept_url = [&url](std::string_view body) -> Status {
    auto decoded = codec::decode_get_queue_url(body);
    if (!decoded) return std::unexpected(decoded.error());
    url = std::move(*decoded);
    return done();
  };
  const Status found = co_await client_.call(std::move(get_url), std::move(accept_url));
  if (!found) co_return found.error_in("queue '" + name_ + "'");
  const Status read = co_await read_attributes(url);
  if (!read) co_return read.error_in("queue '" + name_ + "'");
  url_ = std::move(url);
  co_return done();
}

Async<Status> SqsQueue::read_attributes(std::string url) {
  attributes_read_at_ = executor_.now();  // At once, so that calls that overlap do not ask too.
  codec::SqsAttributes attributes;
  JsonCall get_attributes =
      make_call("GetQueueAttributes", codec::encode_get_queue_attributes(url));
  AcceptBody accept_attributes = [&attributes](std::string_view body) -> Status {
    const auto decoded = codec::decode_queue_attributes(body);
    if (!decoded) return std::unexpected(decoded.error());
    attributes = *decoded;
    return done();
  };
  const Status asked =
      co_await client_.call(std::move(get_attributes), std::move(accept_attributes));
  if (!asked) co_return asked;
  visibility_timeout_ = attributes.visibility_timeout;
  message_bytes_max_ = attributes.message_bytes_max.value_or(kQueueMessageBytesMax);
  co_return asked;
}

Async<Result<std::vector<QueueMessage>>> SqsQueue::receive(Duration wait) {
  const Status ready = co_await find_queue();
  if (!ready) co_return std::unexpected(ready.error());
  const auto seconds =
      std::chrono::floor<std::chrono::seconds>(std::clamp(wait, Duration::zero(), kWaitMax));
  std::vector<codec::SqsMessage> received;
  JsonCall call = make_call("ReceiveMessage", codec::encode_receive_message(url_, seconds));
  call.deadline = seconds + kBeyondWait;
  call.long_poll = true;
  AcceptBody accept = [&received](std::string_view body) -> Status {
    auto decoded = codec::decode_receive_message(body);
    if (!decoded) return std::unexpected(decoded.error());
    received = std::move(*decoded);
    return done();
  };
  const Status status = co_await client_.call(std::move(call), std::move(accept));
  if (!status) {
    if (status.error().kind == ErrorKind::kNotFound) url_.clear();
    co_return status.error_in("queue '" + name_ + "'");
  }
  std::vector<QueueMessage> messages;
  messages.reserve(received.size());
  for (codec::SqsMessage& message : received) {
    messages.push_back({std::move(message.id), std::move(message.receipt), std::move(message.body),
                        executor_.now()});
  }
  co_return messages;
}

Async<Result<std::vector<std::string>>> SqsQueue::remove(std::vector<std::string> receipts) {
  if (receipts.empty() || receipts.size() > kQueueBatchMax) {
    co_return fail(ErrorKind::kInvalid, "removal of " + std::to_string(receipts.size()) +
                                            " messages; allowed are 1 to " +
                                            std::to_string(kQueueBatchMax));
  }
  const Status ready = co_await find_queue();
  if (!ready) co_return std::unexpected(ready.error());
  std::vector<std::size_t> places;
  JsonCall call =
      make_call("DeleteMessageBatch", codec::encode_delete_message_batch(url_, receipts));
  AcceptBody accept = [&places, &receipts](std::string_view body) -> Status {
    auto decoded = codec::decode_delete_message_batch(body, receipts.size());
    if (!decoded) return std::unexpected(decoded.error());
    places = std::move(*decoded);
    return done();
  };
  const Status status = co_await client_.call(std::move(call), std::move(accept));
  if (!status) {
    if (status.error().kind == ErrorKind::kNotFound) url_.clear();
    co_return status.error_in("queue '" + name_ + "'");
  }
  std::vector<std::string> left;
  for (const std::size_t place : places) left.push_back(std::move(receipts[place]));
  co_return left;
}

}  // namespace blox::aws
