// OwnMarks: the sync marks that this process has written, with when their reads began by its own
// clock. One that the store holds besides is of an earlier opening of the store, perhaps of a copy.
#pragma once

#include <array>
#include <map>
#include <optional>

#include "base/time.h"
#include "model/arn.h"

namespace blox::cluster_state {

/// Bounds: two marks a cluster, as a snapshot may be one behind. Threading: none.
class OwnMarks {
 public:
  void note(const ClusterArn& cluster, WallTime started, TimePoint began) {
    auto& marks = marks_[cluster];
    marks[1] = marks[0];
    marks[0] = Mark{started, began};
  }
  void erase(const ClusterArn& cluster) { marks_.erase(cluster); }
  /// When the last read of the cluster that has written a mark began.
  std::optional<TimePoint> find_last(const ClusterArn& cluster) const {
    const auto found = marks_.find(cluster);
    return found == marks_.end() ? std::nullopt : std::optional{found->second[0]->began};
  }
  /// When the read behind the mark of that time began; none: it is not of this process.
  std::optional<TimePoint> find(const ClusterArn& cluster, WallTime started) const {
    const auto found = marks_.find(cluster);
    if (found == marks_.end()) return std::nullopt;
    for (const auto& mark : found->second) {
      if (mark && mark->started == started) return mark->began;
    }
    return std::nullopt;
  }

 private:
  struct Mark {
    WallTime started;
    TimePoint began;
  };
  std::map<ClusterArn, std::array<std::optional<Mark>, 2>> marks_;
};

}  // namespace blox::cluster_state
