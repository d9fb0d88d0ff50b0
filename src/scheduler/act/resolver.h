// Resolver: finds out what became of starts whose outcome nobody knows: an answer was lost, or the
// process ended between the intent and its end. It looks; it never calls again.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/scope.h"
#include "scheduler/act/act_context.h"
#include "scheduler/act/launcher.h"

namespace blox::scheduler {

/// An open start that no call works on ─ lists at 2, 4, 8 … s ─┬ a new task there: closed at once
///                                                             └ none by settle_time: closed
/// New is what ECS created since the intent was written: a clock that is ahead of ECS's costs the
/// wait, and no task, as those that live there become outcomes either way.
/// Bounds: lookup_calls_max look-ups at a time, one a deployment; one entry an open start.
/// Threading: the executor's thread.
class Resolver {
 public:
  Resolver(ActContext& context, const Launcher& launcher)
      : context_(context), launcher_(launcher), scope_(context.executor) {}

  /// Starts the look-ups that are due. Call it in every round.
  void drive();
  std::optional<TimePoint> next_due() const;
  /// How many starts it is looking for.
  std::size_t size() const { return entries_.size(); }

 private:
  using Group = std::pair<ClusterArn, DeploymentId>;
  struct Entry {
    std::string launch_id;
    TimePoint first_seen;
    TimePoint next_at;
    int look_count = 0;
    TimePoint listed_at{};  // When ECS was asked last for the tasks of its instance.
  };
  struct Sighting {
    TaskArn task;
    ContainerInstanceArn instance;
    WallTime created_at;
    bool ended = false;
    std::optional<EndedTask> end;  // By a Describe.
  };
  struct Sightings {
    std::vector<Sighting> tasks;
    std::set<TaskArn> unplaced;             // ECS did not say where they are,
    std::set<ContainerInstanceArn> spared;  // but not on these instances.
    bool tells_all_of(const ContainerInstanceArn& instance) const {
      return unplaced.empty() || spared.contains(instance);
    }
  };

  bool is_unknown(const IntentKey& key, const Intent& intent) const;
  Async<void> look(Group group);
  Async<Result<Sightings>> find_tasks(Group group);
  Async<void> find_spared(Group group, TimePoint asked_at, Sightings& sightings);
  std::vector<IntentClosing> conclude(const Group& group, TimePoint asked_at,
                                      const Result<Sightings>& sightings);

  ActContext& context_;
  const Launcher& launcher_;
  std::map<IntentKey, Entry> entries_;
  std::set<Group> looking_;
  Scope scope_;
};

}  // namespace blox::scheduler
