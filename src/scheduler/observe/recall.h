// Recall: adds to what the picture shows of an instance what only the past can tell: since when
// things are so, which starts failed, whom our stops emptied.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "client/cluster_mirror.h"
#include "scheduler/environments/repository.h"
#include "scheduler/observe/ended.h"
#include "scheduler/plan/launch_memory.h"
#include "scheduler/plan/world.h"

namespace blox::scheduler {

struct ObserveOptions {
  /// A task that ended sooner by itself counts as a failed start.
  Duration proven_after = std::chrono::seconds{60};
  /// And one that ended sooner by itself as an early death.
  Duration early_death_within = std::chrono::minutes{10};
  /// A denial that nobody has met for so long is forgotten: longer than any wait between tries.
  Duration denial_kept = std::chrono::minutes{10};
  /// After so long ECS's lists tell of everything.
  Duration ecs_visible_max = std::chrono::minutes{5};
  /// Then the records, which had been copied back, became what is decided from: whom stops of ours
  /// emptied since the copy was made nobody knows, and of all else a read tells that began later.
  std::optional<TimePoint> copy_taken_over_at;
};

/// One environment on one instance, while its world is made.
struct InstanceRow {
  ObservedInstance instance;
  const ContainerInstance* source = nullptr;  ///< Null: only tasks or intents speak of it.
  client::EntityVersion version = 0;
  std::vector<Ended> ended;
};

/// What is remembered of one environment on one instance, while it has the instance. In memory
/// alone; whom our stops emptied stands in the records as well.
struct Past {
  struct Phase {
    TaskArn task;
    TaskPhase phase = TaskPhase::kStarting;
    TimePoint since;
    std::optional<TimePoint> unhealthy_since = {};
    bool seen = false;    ///< The picture shows it.
    bool is_new = false;  ///< And did not in the round before.
    std::optional<TimePoint> doubted_since = {};
  };
  std::vector<Phase> phases;  ///< Of its live tasks.
  std::optional<TimePoint> draining_since;
  std::optional<TimePoint> disconnected_since;
  std::optional<TimePoint> unserved_since;
  std::optional<TimePoint> held_up_since;
  std::string launch;                   ///< Of its open intent, which this process …
  std::optional<TimePoint> open_since;  ///< … has known since then.
  bool emptied_by_us = false;
  bool may_be_emptied = false;  ///< By what a copy of the records does not know.
  /// While our stop empties it or has done so: when ECS created the newest of its tasks that is
  /// known to be over. None: nobody knows.
  std::optional<WallTime> newest_over;
  WallTime newest_end;  ///< Up to then deaths were counted.
  bool ends_known = false;
  std::optional<EarlyDeath> early_death;
  std::string early_death_of;  ///< The deployment.
  std::optional<TimePoint> outlived_since;
  WallTime early_death_created;  ///< Its task, by ECS.
  TaskArn newest_death;          ///< Of a failed start; its first sight starts the wait.
  TimePoint newest_death_at;
  std::string standing;  ///< Status, connection and size; a change clears the failures.
  client::EntityVersion standing_version = -1;  ///< Of the instance when it was looked at.
  WallTime failures_forgiven;                   ///< Deaths up to then do not count.
  std::uint64_t round = 0;                      ///< That saw it last.
};

/// Lives for one round. Requires: all arguments outlive it.
class Recall {
 public:
  Recall(LaunchMemory& memory, const ObserveOptions& options, const Records& records, TimePoint now,
         WallTime wall_now)
      : memory_(memory), options_(options), records_(records), now_(now), wall_now_(wall_now) {}

  /// Fills in the row, and remembers the present for the next round. Requires: the row's tasks are
  /// sorted.
  void recall(const RefusalKey& key, Past& past, InstanceRow& row, const DesiredState& desired);

 private:
  void note_phases(Past& past, ObservedInstance& instance) const;
  void note_intent(const RefusalKey& key, Past& past, ObservedInstance& instance) const;
  void count_deaths(Past& past, InstanceRow& row) const;
  void set_since(std::optional<TimePoint>& since, bool holds) const;
  void doubt(const RefusalKey& key, Past& past, InstanceRow& row) const;
  std::optional<WallTime> find_emptied_from(const RefusalKey& key) const;
  bool is_emptied(const RefusalKey& key, Past& past, const InstanceRow& row,
                  Duration min_healthy) const;
  bool is_supposed_emptied(const Past& past, const ObservedInstance& instance) const;
  void recall_failures(const RefusalKey& key, Past& past, InstanceRow& row,
                       const std::string& deployment);
  void recall_early_death(Past& past, InstanceRow& row, const DesiredState& desired) const;
  void add_deaths(Past& past, const InstanceRow& row, const std::string& deployment,
                  StartFailures& failures) const;
  void add_refusals(const RefusalKey& key, const InstanceRow& row, const std::string& deployment,
                    StartFailures& failures) const;
  void add_denials(const std::string& deployment, StartFailures& failures) const;

  LaunchMemory& memory_;
  const ObserveOptions& options_;
  const Records& records_;
  TimePoint now_;
  WallTime wall_now_;
};

}  // namespace blox::scheduler
