// Queue: where the events of ECS come from (SQS; Kinesis later), at least once and in any order.
#pragma once

#include <cstddef>
#include <optional>
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

/// A delivery that was not deleted, and will come again.
struct NotDeleted {
  std::string receipt;
  std::string why;
};

/// What a queue says of itself. None and empty: it does not say.
struct QueueLook {
  std::string identity;               ///< Another one: the queue was made again, or is another.
  std::optional<Duration> retention;  ///< Messages are kept for so long.
  /// How long a delivery stays hidden from others where the call that receives it does not say.
  std::optional<Duration> visibility_timeout;
  /// Messages received by anyone, neither deleted nor visible again: approximately.
  std::optional<std::size_t> in_flight_count;
  /// True when a message that is given back comes again, and stands in the way of no other.
  bool may_give_back = false;
};

/// Threading: one strand; calls may overlap.
class Queue {
 public:
  virtual ~Queue() = default;
  /// Waits up to `wait` (0 to 20 s) for messages. Shape: 0 to kQueueBatchMax.
  /// Errors: kNotFound (no such queue), kDenied, kThrottled, kUnavailable.
  virtual Async<Result<std::vector<QueueMessage>>> receive(Duration wait) = 0;
  /// Deletes 1 to kQueueBatchMax deliveries. Shape: those not deleted. Errors: as receive, of the
  /// call as a whole.
  virtual Async<Result<std::vector<NotDeleted>>> remove(std::vector<std::string> receipts) = 0;
  /// Makes a delivery visible again, at once. Errors: as receive.
  virtual Async<Status> give_back(std::string receipt) = 0;
  /// Asks the queue about itself; nobody has to for receive and remove. Errors: as receive.
  virtual Async<Result<QueueLook>> look() = 0;
  /// How long a delivery to us stays hidden from others.
  virtual Duration visibility_timeout() const = 0;
  /// Bytes of a message in this queue, at most.
  virtual std::size_t message_bytes_max() const { return kQueueMessageBytesMax; }
};

}  // namespace blox::aws
