#include "aws/sqs_queue.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "codec/sqs_calls.h"

namespace blox::aws {
namespace {

using namespace std::chrono_literals;

constexpr Duration kDeadline = 10s;
constexpr Duration kWaitMax = 20s;  // Source: SQS API reference, ReceiveMessage.
constexpr Duration kBeyondWait = 5s;
// Receives after which a queue may move a message elsewhere: so many that one more is no matter.
constexpr std::size_t kReceivesEnough = 5;

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
  if (!url_.empty()) co_return done();
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
  url_ = std::move(url);
  co_return done();
}

Status SqsQueue::note_failure(const Status& status) {
  if (status.error().kind == ErrorKind::kNotFound) url_.clear();
  return status.error_in("queue '" + name_ + "'");
}

Async<Status> SqsQueue::give_back(std::string receipt) {
  const Status ready = co_await find_queue();
  if (!ready) co_return ready;
  JsonCall call = make_call("ChangeMessageVisibility",
                            codec::encode_change_message_visibility(url_, receipt, 0s));
  AcceptBody accept = [](std::string_view) { return done(); };
  const Status status = co_await client_.call(std::move(call), std::move(accept));
  co_return status ? done() : note_failure(status);
}

Async<Result<QueueLook>> SqsQueue::look() {
  const Status ready = co_await find_queue();
  if (!ready) co_return std::unexpected(ready.error());
  codec::SqsAttributes attributes;
  JsonCall call = make_call("GetQueueAttributes", codec::encode_get_queue_attributes(url_));
  AcceptBody accept = [&attributes](std::string_view body) -> Status {
    auto decoded = codec::decode_queue_attributes(body);
    if (!decoded) return std::unexpected(decoded.error());
    attributes = std::move(*decoded);
    return done();
  };
  const Status status = co_await client_.call(std::move(call), std::move(accept));
  if (!status) co_return std::unexpected(note_failure(status).error());
  message_bytes_max_ = attributes.message_bytes_max.value_or(kQueueMessageBytesMax);
  QueueLook look;
  look.identity = attributes.arn;
  if (!attributes.created_at.empty()) look.identity += " made at " + attributes.created_at;
  look.retention = attributes.retention;
  look.visibility_timeout = attributes.visibility_timeout;
  look.in_flight_count = attributes.in_flight_count;
  // In a FIFO queue those behind it would wait; after too many receives it is moved elsewhere.
  look.may_give_back = !name_.ends_with(".fifo") &&
                       attributes.receives_max.value_or(kReceivesEnough) >= kReceivesEnough;
  co_return look;
}

Async<Result<std::vector<QueueMessage>>> SqsQueue::receive(Duration wait) {
  const Status ready = co_await find_queue();
  if (!ready) co_return std::unexpected(ready.error());
  const auto seconds =
      std::chrono::floor<std::chrono::seconds>(std::clamp(wait, Duration::zero(), kWaitMax));
  std::vector<codec::SqsMessage> received;
  const auto hidden = std::chrono::floor<std::chrono::seconds>(kSqsVisibility);
  JsonCall call = make_call("ReceiveMessage", codec::encode_receive_message(url_, seconds, hidden));
  call.deadline = seconds + kBeyondWait;
  call.long_poll = true;
  AcceptBody accept = [&received](std::string_view body) -> Status {
    auto decoded = codec::decode_receive_message(body);
    if (!decoded) return std::unexpected(decoded.error());
    received = std::move(*decoded);
    return done();
  };
  const Status status = co_await client_.call(std::move(call), std::move(accept));
  if (!status) co_return std::unexpected(note_failure(status).error());
  std::vector<QueueMessage> messages;
  messages.reserve(received.size());
  for (codec::SqsMessage& message : received) {
    messages.push_back({std::move(message.id), std::move(message.receipt), std::move(message.body),
                        executor_.now()});
  }
  co_return messages;
}

Async<Result<std::vector<NotDeleted>>> SqsQueue::remove(std::vector<std::string> receipts) {
  if (receipts.empty() || receipts.size() > kQueueBatchMax) {
    co_return fail(ErrorKind::kInvalid, "removal of " + std::to_string(receipts.size()) +
                                            " messages; allowed are 1 to " +
                                            std::to_string(kQueueBatchMax));
  }
  const Status ready = co_await find_queue();
  if (!ready) co_return std::unexpected(ready.error());
  std::vector<codec::SqsNotDeleted> entries;
  JsonCall call =
      make_call("DeleteMessageBatch", codec::encode_delete_message_batch(url_, receipts));
  AcceptBody accept = [&entries, &receipts](std::string_view body) -> Status {
    auto decoded = codec::decode_delete_message_batch(body, receipts.size());
    if (!decoded) return std::unexpected(decoded.error());
    entries = std::move(*decoded);
    return done();
  };
  const Status status = co_await client_.call(std::move(call), std::move(accept));
  if (!status) co_return std::unexpected(note_failure(status).error());
  std::vector<NotDeleted> left;
  for (auto& [place, why] : entries) left.push_back({std::move(receipts[place]), std::move(why)});
  co_return left;
}

}  // namespace blox::aws
