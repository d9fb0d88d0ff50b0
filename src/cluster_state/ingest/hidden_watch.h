// HiddenWatch: when events may be hidden from us for minutes that a read of ECS would show.
#pragma once

#include <optional>

#include "base/time.h"

namespace blox::cluster_state {

/// What a receive call brought whose answer was lost is hidden for the visibility timeout. So is
/// what went to the calls of an earlier process: SQS does not see that a caller is gone, and gives
/// messages to its call for as long as that would have waited. A read of all clusters that begins
/// when no more can become hidden shows what all of them tell.
/// Source: decision record 0030. Threading: none.
class HiddenWatch {
 public:
  /// At least so long between two reads because of this: a network that loses answers all day does
  /// not have ECS read without a pause, and four come within a visibility timeout.
  static constexpr Duration kPause = std::chrono::seconds{30};

  /// Until `until` messages may become hidden, or may have.
  void note(TimePoint until);
  /// True, once, when a read that begins now shows what was hidden. Not to be asked while the queue
  /// or the store fails, as more becomes hidden then.
  bool take_due(TimePoint now);

 private:
  // So soon ends what a short call may bring: one read behind that does for all.
  static constexpr Duration kSoon = std::chrono::seconds{2};

  std::optional<TimePoint> due_;
  TimePoint latest_{};      // Until then more may become hidden.
  TimePoint not_before_{};  // The pause after the last one.
};

}  // namespace blox::cluster_state
