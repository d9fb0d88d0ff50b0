// Snapshot: the cluster state at one revision, as queries see it. Immutable, so readers never wait.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cluster_state/view/ordered_index.h"
#include "store/store.h"

namespace blox::cluster_state {

/// What a list is narrowed by; what is not set narrows nothing.
struct ListFilter {
  std::optional<std::string> cluster_name;
  std::optional<std::string> cluster_arn;  ///< Set `cluster_name` as well: the index goes by that.
  std::optional<std::string> status;       ///< ECS's spelling.
  std::optional<std::string> started_by;

  bool operator==(const ListFilter&) const = default;
};

/// The objects of one kind with their indexes. Instances have no index by started_by or status.
struct Table {
  FrozenIndex by_arn{no_group};
  FrozenIndex by_cluster{group_by_cluster_name};
  FrozenIndex by_started_by{group_by_started_by};
  FrozenIndex by_status{group_by_status};

  /// Calls `use` with each entry that passes the filter, in order of the ARNs. Walks the smallest
  /// group that one of the filters names.
  template <class Use>
  void for_each(const ListFilter& filter, bool has_all_indexes, Use use) const {
    const auto use_if_passing = [&](const ShownPtr& entry) {
      if (passes(*entry, filter)) use(entry);
    };
    const auto [index, group] = narrowest(filter, has_all_indexes);
    if (index == &by_arn) return by_arn.for_each(use_if_passing);
    index->for_each_in(group, use_if_passing);
  }

 private:
  static bool passes(const Shown& entry, const ListFilter& filter);
  std::pair<const FrozenIndex*, std::string_view> narrowest(const ListFilter& filter,
                                                            bool has_all_indexes) const;
};

struct Snapshot {
  std::string store_id;
  store::Revision revision = 0;
  /// Counts the lists that the view was built from: a stream does not outlive its generation.
  std::uint64_t generation = 0;
  std::shared_ptr<const codec::SyncTimes> synced_at = std::make_shared<const codec::SyncTimes>();
  Table tasks;
  Table instances;

  const Table& table(ObjectKind kind) const {
    return kind == ObjectKind::kTask ? tasks : instances;
  }
  template <class Use>
  void for_each(ObjectKind kind, const ListFilter& filter, Use use) const {
    table(kind).for_each(filter, kind == ObjectKind::kTask, use);
  }
  codec::EntityVersion version() const { return codec::last_entity_version(revision); }
  codec::Bookmark bookmark() const {
    return {.store_id = store_id, .entity_version = version(), .synced_at = *synced_at};
  }
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace blox::cluster_state
