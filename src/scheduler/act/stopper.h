// Stopper: carries out open stop intents, those of an earlier process included. StopTask may be
// repeated, so it is, until the task is seen to be over.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/scope.h"
#include "scheduler/act/act_context.h"

namespace blox::scheduler {

/// open stop ─ call ─┬ accepted: again after a wait, until the picture shows the task's end
///                   ├ refused, or nobody knows: again after a wait
///                   └ no such task: again after a wait; closed when ECS did not know the task for
///                     ecs_visible_max
/// A stop that this process opened can be taken back until a call for it may have taken effect.
/// Bounds: stop_calls_max calls at a time; one entry an open stop intent.
/// Threading: the executor's thread.
class Stopper {
 public:
  explicit Stopper(ActContext& context) : context_(context), scope_(context.executor) {}

  /// Starts the calls that are due, but for those to instances where nobody listens. Call it in
  /// every round.
  void drive(const std::set<IntentKey>& silent);
  /// This process is about to open `intent`. Requires: none is open there; told() follows.
  void expect(const Intent& intent);
  /// The store has answered, whatever it said.
  void told(const IntentKey& key);
  /// True if a call for it may have taken effect: of this process, or of an earlier one.
  bool may_have_sent(const Intent& intent) const;
  /// True if no call for it can have taken effect; from then on none is made.
  bool withdraw(const Intent& intent);
  /// When the next one is.
  std::optional<TimePoint> next_due() const;
  /// True when no call is under way.
  bool is_quiet() const { return call_count_ == 0; }

 private:
  struct Entry {
    std::string launch_id;
    TimePoint next_at;
    int accepted_count = 0;
    int refused_count = 0;  // In a row.
    bool calling = false;
    bool opening = false;                    // The records may not hold it yet.
    bool sent = true;                        // Perhaps, by an earlier process.
    bool withdrawn = false;                  // It is being closed.
    std::optional<TimePoint> missing_since;  // Since when ECS does not know the task.
  };
  Async<void> call(Intent intent, bool was_sent);
  Async<Status> call_ecs(const Intent& intent);
  Async<void> look(const Intent& intent);
  Async<void> close(const Intent& intent, std::optional<Emptied> emptied = std::nullopt);
  std::optional<Emptied> note_missing(const Intent& intent, const Entry& entry);
  Entry* find_entry(const Intent& intent);

  ActContext& context_;
  std::map<IntentKey, Entry> entries_;
  std::size_t call_count_ = 0;
  Scope scope_;
};

}  // namespace blox::scheduler
