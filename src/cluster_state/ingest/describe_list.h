// The objects that ECS has to be asked about, because a report proved nothing: taken in by merging,
// taken out by reconcile.
#pragma once

#include <cstddef>
#include <set>
#include <vector>

#include "base/signal.h"
#include "cluster_state/ingest/catalog.h"

namespace blox::cluster_state {

/// Each object at most once, at most `objects_max` in all. Of a cluster whose objects found no
/// room any more the whole has to be read. Threading: the executor's thread.
class DescribeList {
 public:
  DescribeList(Executor& executor, std::size_t objects_max)
      : changed_(executor), objects_max_(objects_max) {}

  void add(ClusterArn cluster, ObjectName object);
  /// Takes all, sorted by cluster, instances before tasks.
  std::set<std::pair<ClusterArn, ObjectName>> take_objects() { return std::exchange(objects_, {}); }
  /// Takes the clusters that have to be read whole.
  std::set<ClusterArn> take_overflowed() { return std::exchange(overflowed_, {}); }
  bool is_empty() const { return objects_.empty() && overflowed_.empty(); }
  /// Notified when something was added.
  Signal& changed() { return changed_; }

 private:
  Signal changed_;
  std::size_t objects_max_;
  std::set<std::pair<ClusterArn, ObjectName>> objects_;
  std::set<ClusterArn> overflowed_;
};

}  // namespace blox::cluster_state
