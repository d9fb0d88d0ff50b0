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
/// room any more the whole has to be read; so has a cluster that was never read. Threading: the
/// executor's thread.
class DescribeList {
 public:
  DescribeList(Executor& executor, std::size_t objects_max)
      : changed_(executor), objects_max_(objects_max) {}

  void add(ClusterArn cluster, ObjectName object);
  /// Notes that an object of a cluster came which has no sync mark: it is younger than the last
  /// full read, and the next may be long to come.
  void add_unread(const ClusterArn& cluster);
  /// Takes all, sorted by cluster, instances before tasks.
  std::set<std::pair<ClusterArn, ObjectName>> take_objects() { return std::exchange(objects_, {}); }
  /// Takes the clusters that have to be read whole.
  std::set<ClusterArn> take_overflowed() { return std::exchange(overflowed_, {}); }
  /// Takes the clusters that were never read.
  std::set<ClusterArn> take_unread() { return std::exchange(unread_, {}); }
  bool is_empty() const { return objects_.empty() && overflowed_.empty() && unread_.empty(); }
  /// Notified when something was added.
  Signal& changed() { return changed_; }

 private:
  Signal changed_;
  std::size_t objects_max_;
  std::set<std::pair<ClusterArn, ObjectName>> objects_;
  std::set<ClusterArn> overflowed_;
  std::set<ClusterArn> unread_;
};

}  // namespace blox::cluster_state
