// Snapshot: the cluster state at one revision, as queries see it. Immutable, so readers never wait.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "cluster_state/view/ordered_index.h"
#include "store/store.h"

namespace blox::cluster_state {

/// The objects of one kind with their indexes. Those of instances by started_by and status are
/// empty.
struct Table {
  FrozenIndex by_arn{no_group};
  FrozenIndex by_cluster{group_by_cluster_name};
  FrozenIndex by_started_by{group_by_started_by};
  FrozenIndex by_status{group_by_status};
};

using MarkedSince = std::map<ClusterArn, codec::EntityVersion>;

struct Snapshot {
  std::string store_id;
  store::Revision revision = 0;
  /// Counts the lists that the view was built from: a stream does not outlive its generation.
  std::uint64_t generation = 0;
  std::shared_ptr<const codec::SyncTimes> synced_at = std::make_shared<const codec::SyncTimes>();
  /// From which version on each of these has had a mark, without a break: its first read ended
  /// then.
  std::shared_ptr<const MarkedSince> marked_since = std::make_shared<const MarkedSince>();
  /// What those reads left out. Another one only where `synced_at` is another one.
  std::shared_ptr<const ClusterHoles> holes = std::make_shared<const ClusterHoles>();
  /// Clusters of which it shows objects and has no sync mark: perhaps not all of them.
  std::shared_ptr<const std::set<ClusterArn>> unmarked =
      std::make_shared<const std::set<ClusterArn>>();
  Table tasks;
  Table instances;

  const Table& table(ObjectKind kind) const {
    return kind == ObjectKind::kTask ? tasks : instances;
  }
  codec::EntityVersion version() const { return codec::last_entity_version(revision); }
  codec::Bookmark bookmark() const {
    return {.store_id = store_id,
            .entity_version = version(),
            .synced_at = *synced_at,
            .holes = *holes};
  }
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace blox::cluster_state
