// Stopper: carries out open stop intents, those of an earlier process included. StopTask may be
// repeated, so it is, until the task is seen to be over or to be let live.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/scope.h"
#include "scheduler/act/act_context.h"
#include "scheduler/act/pause.h"

namespace blox::scheduler {

/// Which open stops are not to be sent, by the plans of a round.
struct StopAdvice {
  std::set<EnvironmentUid> undecided;  ///< Nobody can tell yet whether their stops are wanted.
  std::set<IntentKey> unwanted;
  std::set<IntentKey> held;  ///< They are over, or nobody listens there.
};

/// open stop ─ call ─┬ accepted: again after a wait, until the picture shows the task's end
///                   ├ refused, or nobody knows: again after a wait
///                   └ no such task: again after a wait; closed when ECS did not know the task for
///                     ecs_visible_max
/// A denial pauses the stops of its cluster; environments take turns. The memory keeps what ECS
/// refuses, for the planner to count.
/// One that is not wanted, as far as can be told, is not sent: ECS is asked what became of earlier
/// calls. A stop can be taken back while no call for it, of this process or an earlier one, can
/// have taken effect: when none was made, or ECS says settle_time after the last that the task is
/// to run.
///
/// Bounds: stop_calls_max calls at a time; one entry an open stop intent.
/// Threading: the executor's thread.
class Stopper {
 public:
  explicit Stopper(ActContext& context) : context_(context), scope_(context.executor) {}

  /// Starts the calls that are due. Call it in every round.
  void drive(const StopAdvice& advice);
  /// This process is about to open `intent`. Requires: none is open there; told() follows.
  void expect(const Intent& intent);
  /// The store has answered, whatever it said.
  void told(const IntentKey& key);
  /// True if a call for it may have taken effect, of this process or of an earlier one.
  bool may_have_sent(const Intent& intent) const;
  /// True if no call for it can have taken effect; from then on none is made.
  bool withdraw(const Intent& intent);
  /// When the next one is.
  std::optional<TimePoint> next_due() const;
  /// True when no call and no question is under way.
  bool is_quiet() const { return call_count_ == 0; }

 private:
  struct Entry {
    std::string launch_id;
    ClusterArn cluster;
    TimePoint next_at;  // When a call is due,
    TimePoint ask_at;   // or a question, while it is not wanted.
    bool wanted = true;
    TimePoint called_at;  // The last time that a call may have been made.
    int accepted_count = 0;
    int refused_count = 0;  // In a row.
    int ask_count = 0;
    bool calling = false;                    // Or asking.
    bool opening = false;                    // The records may not hold it yet.
    bool sent = true;                        // Perhaps, by an earlier process.
    bool withdrawn = false;                  // It is being closed.
    std::optional<TimePoint> missing_since;  // Since when ECS does not know the task.

    TimePoint due_at() const { return wanted ? next_at : ask_at; }
  };
  using Due = std::map<EnvironmentUid, std::vector<const Intent*>>;

  Entry new_entry(const Intent& intent) const;
  Due take_due(const StopAdvice& advice);
  void begin_call(const Intent& intent);
  bool is_paused(const ClusterArn& cluster) const;
  Async<void> call(Intent intent, bool was_sent);
  Async<void> ask(Intent intent);
  void end_call(const Intent& intent);
  Async<Status> call_ecs(const Intent& intent);
  Async<void> look(const Intent& intent);
  Async<void> close(const Intent& intent, std::optional<Emptied> emptied = std::nullopt);
  std::optional<Emptied> note_missing(const Intent& intent, const Entry& entry);
  std::optional<Emptied> note_end(const Intent& intent, const Entry* entry, EndedTask end);
  Entry* find_entry(const Intent& intent);

  ActContext& context_;
  std::map<IntentKey, Entry> entries_;
  std::map<ClusterArn, Pause> pauses_;  // Of those that denied the newest stop.
  EnvironmentUid turn_;                 // Was served last.
  std::size_t call_count_ = 0;
  Scope scope_;
};

}  // namespace blox::scheduler
