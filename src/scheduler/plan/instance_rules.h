// InstanceRules: what holds of one instance of a world: whether it may be planned for, whether its
// task can be built on, whether it holds a place in the budget of stops, and why. The decisions
// that follow are daemon_plan.cc's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/plan/daemon_plan.h"
#include "scheduler/plan/world.h"

namespace blox::scheduler {

enum class Standing : std::uint8_t { kEligible, kDraining, kDisconnected, kSuperseded, kOther };

Standing standing_of(const ObservedInstance& instance);

/// "5 s", "12 min"; rounded up.
std::string in_words(Duration duration);
/// "1 start", "2 starts".
std::string count_of(int count, std::string_view thing);

/// Lives for one plan. Requires: world and limits outlive it.
class InstanceRules {
 public:
  using Instance = ObservedInstance;

  InstanceRules(const World& world, const PlanLimits& limits) : world_(world), limits_(limits) {}

  /// Runs, and is not told to stop, by us or by others.
  bool serves(const Instance& instance, const ObservedTask& task) const;
  int serving_count(const Instance& instance) const;
  /// Serves, healthy where there is a check, for so long that it can be built on.
  bool is_proven(const Instance& instance, const ObservedTask& task) const;
  bool is_current(const ObservedTask& task) const;
  /// Of several tasks the one that stays: the wanted revision, serving, healthy, oldest. Those on
  /// their way down come last. Requires: there is one.
  const ObservedTask& best_of(const Instance& instance) const;
  /// The one that hangs on its way up or down, or does not get healthy; null if none does.
  /// (One whose check says nothing does not, either.)
  const ObservedTask* find_stuck(const Instance& instance) const;
  std::string in_words_of_stuck(const ObservedTask& task) const;
  /// Its task of the wanted revision can be built on.
  bool runs_wanted(const Instance& instance) const;

  bool has_failed_starts(const Instance& instance) const {
    return instance.failures.count >= limits_.failed_after;
  }
  /// The deployment's record lists it as failed. A process that is new knows of no refused starts:
  /// it stays listed until it serves.
  bool is_listed(const Instance& instance) const;
  /// Not waited for by the deployment.
  bool has_failed(const Instance& instance) const { return !why_failed(instance).empty(); }
  /// What serves there is older than what died early, and is for as long as anything is waited for:
  /// nothing will make the death good.
  bool has_lasting_death(const Instance& instance) const;
  /// Why it is not, in words; or empty.
  std::string why_failed(const Instance& instance) const;
  /// Why no start can take place there until somebody does something, in words; or empty. What it
  /// runs stays, as nothing could take its place.
  std::string why_blocked(const Instance& instance) const;
  /// Likewise, but for what ends by itself.
  std::string why_held_up(const Instance& instance) const;
  /// What is wrong with the open intent, in words; or empty.
  std::string trouble_of(const OpenIntent& intent) const;

  /// The picture shows what the intent was to bring about; or it was a stop on an instance that
  /// will not answer, where it has held its place in the budget long enough. Should the instance
  /// come back, a new round decides about it. Requires: an intent is open.
  bool is_over(const Instance& instance) const;
  /// Nobody listens there.
  bool is_silent(const Instance& instance) const;
  /// Whether the open stop would be decided on today, but for the budget. What the picture does
  /// not tell of stays as it was decided. Requires: a stop is open.
  bool is_stop_wanted(const Instance& instance) const;

  /// What counts against the budget of stops: every eligible instance without service, but for
  /// those that cannot take the task and were not emptied by us (they would hold up all others for
  /// ever); and those that hold a place.
  bool is_unavailable(const Instance& instance) const;
  /// Without service by our doing, for all we know, until a task has served there for long enough;
  /// or its new task died early. A task that is on its way up may have begun to serve before our
  /// stop reached it, so stopping such a one counts here as well. For a while also those that fell
  /// silent since. Not one that tasks of others keep from being served: it says nothing of what is
  /// rolled out, and would hold up all others for as long as they stay; an early death does.
  bool holds_place(const Instance& instance) const;
  /// Why its place will not come free by itself, as far as can be told, in words; or empty, also
  /// where it holds none.
  std::string why_lost(const Instance& instance) const;

  /// Its task hangs, is outdated, and nothing is done about it yet. Requires: it holds a place.
  bool waits_in_own_place(const Instance& instance) const;
  /// Times at which something here comes to hold, or did.
  std::vector<TimePoint> dues_of(const Instance& instance) const;

  /// True for what began less than unreachable_release ago.
  bool is_recent(std::optional<TimePoint> since) const {
    return since && world_.now - *since < limits_.unreachable_release;
  }

 private:
  const std::optional<DesiredDeployment>& deployment() const { return world_.desired.deployment; }
  bool has_passed(std::optional<TimePoint> since, Duration wait) const {
    return !since || world_.now - *since >= wait;
  }
  bool has_proven(const Instance& instance) const;
  /// It is on its way, or does not get healthy, for longer than anybody waits.
  bool hangs(const ObservedTask& task) const;
  bool is_emptying(const Instance& instance) const;
  /// Its open intent: ECS refuses it time after time, or nobody hears of it for too long.
  bool has_hung(const Instance& instance) const;
  /// Without service for longer than anybody waits.
  bool is_overdue(const Instance& instance) const;
  std::string why_overdue(const Instance& instance) const;
  bool has_waited_since(TimePoint since) const;
  bool is_barred_by_others(const Instance& instance) const;

  const World& world_;
  const PlanLimits& limits_;
};

}  // namespace blox::scheduler
