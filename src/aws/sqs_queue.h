// SqsQueue: an SQS queue as the source of events.
#pragma once

#include <string>
#include <vector>

#include "aws/json_client.h"
#include "aws/queue.h"

namespace blox::aws {

/// `owner` is the account that the queue is in, where it is another. Finds its queue at the first
/// call, and again after kNotFound (a queue made anew has another URL). Threading: one strand;
/// calls may overlap.
class SqsQueue final : public Queue {
 public:
  SqsQueue(AwsContext context, std::string endpoint, std::string region, std::string name,
           std::string owner = {});

  Async<Result<std::vector<QueueMessage>>> receive(Duration wait) override;
  Async<Result<std::vector<std::string>>> remove(std::vector<std::string> receipts) override;
  /// SQS's default of 30 s until the queue was found; read again every few minutes, as its owner
  /// may change it.
  Duration visibility_timeout() const override { return visibility_timeout_; }
  /// What its owner has set, read as the timeout is; SQS's greatest until then.
  std::size_t message_bytes_max() const override { return message_bytes_max_; }

 private:
  Async<Status> find_queue();
  Async<Status> read_attributes(std::string url);

  Executor& executor_;
  JsonClient client_;
  std::string name_;
  std::string owner_;             // The account that it is in; empty: ours.
  std::string url_;               // Empty: not found yet, or not any more.
  TimePoint attributes_read_at_;  // When they were last asked for.
  Duration visibility_timeout_ = std::chrono::seconds{30};
  std::size_t message_bytes_max_ = kQueueMessageBytesMax;
};

}  // namespace blox::aws
