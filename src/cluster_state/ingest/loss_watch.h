// LossWatch: when it is proven that the queue lost events, so that all has to be read from ECS.
#pragma once

#include <optional>
#include <string>

#include "aws/queue.h"
#include "base/time.h"

namespace blox::cluster_state {

/// Events are lost while there is no such queue, with a queue that is made again or gives its name
/// to another, and when nothing was received for longer than the queue keeps messages. What went
/// before the first look or receive is none of it: whoever starts reads all anyway.
/// Threading: none.
class LossWatch {
 public:
  /// A call said that there is no such queue.
  void note_gone() { lost_ = "there was no such queue"; }
  /// A receive succeeded. Shape: why events were lost, if they were and are to be read now: once a
  /// loss, and at most once in kPause.
  std::optional<std::string> note_received(WallTime now);
  /// The queue told of itself. Shape: the same, when it is another one.
  std::optional<std::string> note_look(const aws::QueueLook& look, WallTime now);

  /// Between two reads because of losses. Source: SQS API reference, CreateQueue: a name is free
  /// again a minute after its queue was deleted.
  static constexpr Duration kPause = std::chrono::minutes{1};

 private:
  std::optional<std::string> told(WallTime now);

  /// Source: SQS API reference, MessageRetentionPeriod: by default.
  Duration retention_ = std::chrono::days{4};
  std::string identity_;
  std::optional<WallTime> received_at_;
  std::optional<WallTime> told_at_;
  std::optional<std::string> lost_;
};

}  // namespace blox::cluster_state
