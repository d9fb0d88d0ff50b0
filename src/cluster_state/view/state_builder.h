// StateBuilder: stored values in, snapshots and stream lines out. No I/O, no clock: ClusterView
// feeds it from a watch.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/result.h"
#include "cluster_state/view/recent_lines.h"
#include "cluster_state/view/snapshot.h"

namespace blox::cluster_state {

/// A line of the change of one object's key, and the entry it shows, null when that is gone.
struct ObjectChange {
  ObjectKind kind = ObjectKind::kTask;
  std::string arn;
  ShownPtr entry;
  Line line;
};

/// What a committed value means to readers: nothing for keys of other things, and for the physical
/// removal of a key, which comes long after the tombstone that stands for the delete.
/// Errors: kInvalid (not a value of the stored format), naming the key.
Result<std::optional<ObjectChange>> read_change(const store::WatchEvent& event);

/// Builds snapshots by applying changes in their order.
class StateBuilder {
 public:
  /// Applies one committed change. Gives the line, and of which kind, when readers are to see it.
  /// Errors: kInvalid (the value cannot be decoded; nothing is changed).
  Result<std::optional<ObjectChange>> apply(const store::WatchEvent& event);
  /// Takes what the snapshot shares. Cheap where nothing has changed.
  Snapshot freeze();

  /// The version of the last change of that kind that was applied; -1 before the first.
  codec::EntityVersion last_version(ObjectKind kind) const;
  /// The cluster of the object under a key of the store, as it is shown; none when it is not.
  std::optional<ClusterArn> cluster_of(std::string_view key) const;

 private:
  struct Indexes {
    OrderedIndex by_arn{no_group};
    OrderedIndex by_cluster{group_by_cluster_name};
    OrderedIndex by_started_by{group_by_started_by};
    OrderedIndex by_status{group_by_status};
    codec::EntityVersion last_version = -1;
  };
  Indexes& indexes(ObjectKind kind) { return kind == ObjectKind::kTask ? tasks_ : instances_; }
  void replace(ObjectKind kind, std::string_view arn, const ShownPtr& entry);
  void count(const std::string& cluster);
  void discount(const std::string& cluster);
  Status apply_sync_mark(const store::WatchEvent& event);

  Indexes tasks_;
  Indexes instances_;
  std::map<std::string, std::size_t> clusters_;  // Those that have objects, with how many.
  codec::SyncTimes synced_at_;
  ClusterHoles holes_;
  std::set<ClusterArn> unmarked_;
  MarkedSince marked_since_;
  bool sync_changed_ = false;      // Since it was frozen.
  bool since_changed_ = false;     // Likewise.
  bool unmarked_changed_ = false;  // Likewise.
  std::shared_ptr<const codec::SyncTimes> frozen_synced_at_ =
      std::make_shared<const codec::SyncTimes>();
  std::shared_ptr<const MarkedSince> frozen_since_ = std::make_shared<const MarkedSince>();
  std::shared_ptr<const ClusterHoles> frozen_holes_ = std::make_shared<const ClusterHoles>();
  std::shared_ptr<const std::set<ClusterArn>> frozen_unmarked_ =
      std::make_shared<const std::set<ClusterArn>>();
};

}  // namespace blox::cluster_state
