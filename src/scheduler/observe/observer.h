// Observer: lays the scheduler's open intents and unresolved outcomes over the cluster state and
// makes of both one World an environment. The only place that knows both sides.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/time.h"
#include "client/cluster_mirror.h"
#include "scheduler/environments/repository.h"
#include "scheduler/observe/recall.h"
#include "scheduler/plan/launch_memory.h"
#include "scheduler/plan/world.h"

namespace blox::scheduler {

/// The cluster state at one moment. Requires: what it refers to stays unchanged while it is used.
struct ClusterView {
  const client::ClusterMirror::Tasks& tasks;
  const client::ClusterMirror::Instances& instances;
  bool loaded = false;
  std::map<ClusterArn, TimePoint> synced_at;
  std::set<ClusterArn> unconfirmed;
  std::set<ClusterArn> lacks_tasks;  ///< Their last whole read left out tasks.
  std::optional<TimePoint> last_contact;
  /// When ECS said what is shown of an instance, of those of which that is known.
  std::map<ContainerInstanceArn, TimePoint> told_at;
  std::uint64_t number = 0;  ///< Another one after each time that all of it was read anew.
};

ClusterView view_of(const client::ClusterMirror& mirror);

/// Remembers of the past only since when things are as they are ("drains since"), and that only in
/// memory; whom our stops emptied stands in the records as well.
/// Threading: the executor's thread. Requires: memory outlives it.
class Observer {
 public:
  explicit Observer(LaunchMemory& memory, ObserveOptions options = {})
      : memory_(memory), options_(options) {}

  /// One World for each environment of `records`, those being deleted among them. `now` and
  /// `wall_now` are the round's.
  std::map<EnvironmentUid, World> observe(const Records& records, const ClusterView& view,
                                          TimePoint now, WallTime wall_now);

 private:
  class Build;

  LaunchMemory& memory_;
  ObserveOptions options_;
  std::map<RefusalKey, Past> past_;
  std::map<DeploymentId, TimePoint> in_force_since_;  // Known to be, by this process.
  std::uint64_t round_ = 0;
  std::uint64_t picture_number_ = 0;  // Of the newest whole one; none before the first.
  TimePoint picture_began_;           // When that was new.
};

}  // namespace blox::scheduler
