// Selection: the objects of a snapshot that a list asks for, counted before they are walked, and
// walked piece by piece.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "cluster_state/view/snapshot.h"

namespace blox::cluster_state {

/// What a list is narrowed by; what is not set narrows nothing.
struct ListFilter {
  std::optional<std::string> cluster_name;
  std::optional<std::string> cluster_arn;  ///< Set `cluster_name` as well: the index goes by that.
  std::optional<std::string> status;       ///< ECS's spelling.
  std::optional<std::string> started_by;

  bool operator==(const ListFilter&) const = default;
};

/// ARNs of clusters.
using ClusterSet = std::set<std::string, std::less<>>;
using ClusterSetPtr = std::shared_ptr<const ClusterSet>;

/// The objects of one kind that pass a filter, in order of the ARNs. It walks the smallest group
/// that one of the filter's fields names, and holds its snapshot and a place in it, nothing more.
/// Threading: any thread, one at a time.
class Selection {
 public:
  /// `without`: clusters whose objects do not pass; null: none, which costs nothing.
  Selection(SnapshotPtr snapshot, ObjectKind kind, ListFilter filter,
            ClusterSetPtr without = nullptr);

  /// Of all that pass. Costs nothing when nothing narrows, next to nothing when the filter names
  /// one group of an index and there is no `without`, else a walk over the smallest group.
  const Extent& extent() const { return extent_; }
  /// The next that passes; null after the last. The snapshot keeps it.
  const Shown* next();
  const SnapshotPtr& snapshot() const { return snapshot_; }

 private:
  struct Group {
    const FrozenIndex* index;
    std::string_view name;  // Of `filter_`; meaningless in the index without groups.
    Extent extent;
  };
  static Group narrowest(const Table& table, ObjectKind kind, const ListFilter& filter);
  bool passes(const Shown& entry) const;

  SnapshotPtr snapshot_;
  ListFilter filter_;
  ClusterSetPtr without_;
  bool all_pass_ = false;  // Each in the walk.
  FrozenIndex::Cursor cursor_;
  Extent extent_;
};

}  // namespace blox::cluster_state
