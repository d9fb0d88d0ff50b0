// InFlightWatch: whether someone else receives from our queue, told from its count of messages in
// flight. Half of the events would go there, and nothing else would show it.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <optional>

#include "base/time.h"

namespace blox::cluster_state {

/// The count is approximate: SQS promises it within a minute. So it is held against the most that
/// we held at a time in the minute before, together with all that we let out of hand in it; and
/// until the look after it, as answers with messages may be on their way to us. And one look proves
/// nothing: nearly all of those within a minute have to agree. Someone who holds messages for a
/// while is found; one as quick as we are is not: see ReturnWatch.
/// Source: SQS API reference, GetQueueAttributes. Threading: none.
class InFlightWatch {
 public:
  /// Looks come at this pace.
  static constexpr Duration kEvery = std::chrono::seconds{10};
  /// What is left hidden of ours without our holding it stays in the count for so long beyond its
  /// visibility timeout.
  static constexpr Duration kCountAge = std::chrono::minutes{1};

  /// So many messages are received and not yet known to be deleted.
  void set_held(std::size_t held);
  /// So many more may be in flight because of us until `until`: an answer that was lost, messages
  /// that we gave up.
  void let_go(std::size_t count, TimePoint until, TimePoint now);
  /// The queue was asked at `now`; none: it does not say, and nothing is known.
  void look(std::optional<std::size_t> in_flight_count, TimePoint now);

  /// Messages in flight that are not ours, at the last look that is judged.
  std::size_t foreign_count() const { return foreign_count_; }
  /// True from the minute on in which nearly all looks saw foreign ones, until one in which nearly
  /// none did.
  bool is_shared() const { return shared_; }

 private:
  static constexpr std::size_t kIntervals = kCountAge / kEvery + 2;
  static constexpr std::size_t kLooks = 7;  // From the first to the last: a minute.
  static constexpr std::size_t kMany = 6;
  static constexpr std::size_t kFew = 1;

  // Between two looks.
  struct Interval {
    std::size_t peak = 0;      // The most that we held.
    std::size_t released = 0;  // No longer held.
  };
  struct LetGo {
    std::size_t count = 0;
    TimePoint until;
  };
  std::size_t ours() const;
  void forget_let_go(TimePoint now);
  void judge(std::size_t foreign_count);

  std::size_t held_ = 0;
  std::array<Interval, kIntervals> intervals_;  // The one since the last look first.
  std::deque<LetGo> let_go_;                    // In the order in which they came.
  std::size_t let_go_count_ = 0;
  std::optional<std::size_t> waiting_;  // The count of the last look, judged at the next one.
  std::size_t waiting_let_go_ = 0;      // What was let go by then.
  std::deque<bool> foreign_;            // Of the last looks.
  std::size_t foreign_count_ = 0;
  bool shared_ = false;
};

}  // namespace blox::cluster_state
