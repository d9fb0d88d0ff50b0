// Queue: where the events of ECS come from (SQS; Kinesis later), at least once and in any order.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/result.h"
#include "base/time.h"

namespace blox::aws {

/// Messages in one receive or delete call, at most. Source: SQS quotas.
inline constexpr std::size_t kQueueBatchMax = 10;

/// Bytes of a message, at most. Source: SQS quotas.
inline constexpr std::size_t kQueueMessageBytesMax = 1'048'576;

struct QueueMessage {
  std::string id;
  std::string receipt;  ///< Names this delivery; only the newest of a message deletes it.
  std::string body;     ///< An EventBridge envelope, or anything.
  TimePoint received_at;
};

/// Threading: one strand; calls may overlap.
class Queue {
 public:
  virtual ~Queue() = default;
  /// Waits up to `wait` (0 to 20 s) for messages. Shape: 0 to kQueueBatchMax.
  /// Errors: kNotFound (no such queue), kDenied, kThrottled, kUnavailable.
  virtual Async<Result<std::vector<QueueMessage>>> receive(Duration wait) = 0;
  /// Deletes 1 to kQueueBatchMax deliveries. Shape: those not deleted, which will come again.
  virtual Async<Result<std::vector<std::string>>> remove(std::vector<std::string> receipts) = 0;
  /// How long a delivery stays hidden from others.
  virtual Duration visibility_timeout() const = 0;
  /// Bytes of a message in this queue, at most.
  virtual std::size_t message_bytes_max() const { return kQueueMessageBytesMax; }
};

}  // namespace blox::aws
