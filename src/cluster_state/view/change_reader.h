// ChangeReader: one reader's way through the changes of one kind. It pulls: a slow one holds no
// lines, falls behind what is kept in memory, and then reads the store's history.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/async.h"
#include "base/result.h"
#include "cluster_state/view/cluster_view.h"

namespace blox::cluster_state {

/// Requires: the view outlives it. Threading: the executor's thread; one call at a time.
class ChangeReader {
 public:
  /// Begins with the first change above `after`.
  /// Errors: kUnavailable (nothing is loaded yet), kCompacted (changes above `after` are gone),
  /// kInvalid (`after` is in the future).
  static Result<ChangeReader> open(ClusterView& view, ObjectKind kind, codec::EntityVersion after);
  /// Begins with the first change that is not in the view's latest snapshot. Requires: there is
  /// one.
  static ChangeReader open_now(ClusterView& view, ObjectKind kind);

  /// Waits for changes; gives 1 to 256 lines in order. None when `deadline` came first, or when
  /// the sync times changed.
  /// Errors: kCompacted (changes were lost to this reader; it has ended), kInternal.
  Async<Result<std::vector<Line>>> next(std::optional<TimePoint> deadline);

  /// All changes up to it were given.
  codec::EntityVersion position() const { return position_; }

 private:
  ChangeReader(ClusterView& view, ObjectKind kind, codec::EntityVersion after);
  std::vector<Line> take_recent();
  bool take_sync_times();
  Async<Result<std::vector<Line>>> read_history();
  std::string_view prefix() const;

  ClusterView* view_;
  ObjectKind kind_;
  codec::EntityVersion position_;
  std::uint64_t generation_;
  std::shared_ptr<const codec::SyncTimes> synced_at_;
  std::unique_ptr<store::Watch> history_;  // While it catches up.
};

}  // namespace blox::cluster_state
