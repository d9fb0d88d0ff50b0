// SqsQueue: an SQS queue as the source of events.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws/json_client.h"
#include "aws/queue.h"

namespace blox::aws {

/// How long a delivery to us is hidden from others, whatever the queue's own timeout is: every
/// receive call asks for it. Long enough for a store that stands still for half a minute, short
/// enough that what a crash left comes again soon.
inline constexpr Duration kSqsVisibility = std::chrono::seconds{120};

/// `owner` is the account that the queue is in, where it is another. Finds its queue at the first
/// call, and again after kNotFound (a queue made anew has another URL). Of permissions it needs
/// sqs:GetQueueUrl, sqs:ReceiveMessage and sqs:DeleteMessage; look() needs sqs:GetQueueAttributes
/// too, and give_back() sqs:ChangeMessageVisibility. Threading: one strand; calls may overlap.
class SqsQueue final : public Queue {
 public:
  SqsQueue(AwsContext context, std::string endpoint, std::string region, std::string name,
           std::string owner = {});

  Async<Result<std::vector<QueueMessage>>> receive(Duration wait) override;
  Async<Result<std::vector<NotDeleted>>> remove(std::vector<std::string> receipts) override;
  Async<Status> give_back(std::string receipt) override;
  Async<Result<QueueLook>> look() override;
  Duration visibility_timeout() const override { return kSqsVisibility; }
  /// What its owner has set, as of the last look; SQS's greatest before.
  std::size_t message_bytes_max() const override { return message_bytes_max_; }

 private:
  Async<Status> find_queue();
  Status note_failure(const Status& status);

  Executor& executor_;
  JsonClient client_;
  std::string name_;
  std::string owner_;  // The account that it is in; empty: ours.
  std::string url_;    // Empty: not found yet, or not any more.
  std::size_t message_bytes_max_ = kQueueMessageBytesMax;
};

}  // namespace blox::aws
