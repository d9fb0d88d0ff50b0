// ReturnWatch: whether someone else receives from our queue, told from messages that we give back
// and that do not come again. No count shows a consumer that is as quick as we are; this does.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>

#include "base/time.h"

namespace blox::cluster_state {

/// Now and then one message that is durable is made visible again instead of being deleted. If
/// nobody else receives, it comes to us, is found to be known and deleted. If it does not come
/// although calls that began later came back with room, someone else has taken it.
/// Threading: none.
class ReturnWatch {
 public:
  /// Between two messages that are given back.
  static constexpr Duration kEvery = std::chrono::seconds{15};

  /// True when one may be given back now.
  bool is_due(TimePoint now) const;
  /// This one is being given back, and from note_given on it is.
  void begin(std::string message_id, TimePoint now);
  void note_given(TimePoint now);
  /// It was not, or nobody can say what became of it.
  void call_off() { given_.reset(); }
  void note_received(const std::string& message_id);
  /// A receive call that began at `began_at` has ended well. `has_room`: it could have brought
  /// more.
  void note_call(TimePoint began_at, bool has_room, TimePoint now);

  /// True while kManyMissed of the last kResults messages did not come again, both within
  /// kResultAge: it ends when the earlier of two is as old or no longer among the last.
  bool is_shared(TimePoint now) const;

 private:
  // A call that has room is not always given all that there is; so many of them are.
  static constexpr int kCallsWithRoom = 3;
  static constexpr Duration kWaitMin = std::chrono::seconds{10};
  static constexpr Duration kWaitMax = std::chrono::minutes{2};  // Undecided until then: given up.
  static constexpr std::size_t kResults = 8;
  static constexpr std::size_t kManyMissed = 2;
  static constexpr Duration kResultAge = std::chrono::minutes{10};

  struct Given {
    std::string message_id;
    std::optional<TimePoint> at;
    int calls_with_room = 0;
  };
  struct Outcome {
    TimePoint at;
    bool missed = false;
  };
  void add(bool missed, TimePoint now);

  std::optional<Given> given_;
  std::optional<TimePoint> last_at_;
  std::deque<Outcome> outcomes_;
};

}  // namespace blox::cluster_state
