// Which cluster is read next, and how many at a time: a few, so that one that is large or slow does
// not hold up the others. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "model/arn.h"

namespace blox::cluster_state {

/// Who goes first. In this order.
enum class ReadRank : std::uint8_t {
  kAsked,    ///< Somebody waits for it, or it is new. It has places of its own.
  kStarted,  ///< Tried again: what was begun is ended before more is.
  kUnread,   ///< Never read, nor tried in vain.
  kOther,    ///< Read before, or tried in vain: among themselves in turn, so that none starves.
};

/// Each cluster waits at most once and is under way at most once; one that comes again while it is
/// under way waits for the end of that.
/// Threading: none. Bounds: one entry for each cluster that reconcile knows.
class ReadQueue {
 public:
  /// Has it read. One that waits already keeps the better rank of the two.
  void add(const ClusterArn& cluster, ReadRank rank);
  /// Takes the next that may begin now: of equal ranks that which came first. Shape: none while
  /// all places are taken, or nothing waits.
  std::optional<ClusterArn> begin();
  /// Requires: begin() gave it.
  void end(const ClusterArn& cluster);
  /// It need not be read any more. True if it has waited.
  bool remove(const ClusterArn& cluster);

  bool waits(const ClusterArn& cluster) const { return waiting_.contains(cluster); }
  bool is_under_way(const ClusterArn& cluster) const { return under_way_.contains(cluster); }

  /// At a time: any, and kAsked alone besides. Small ones are waits, not work.
  static constexpr std::size_t kPlaces = 4;
  static constexpr std::size_t kPlacesAsked = 2;

 private:
  struct Place {
    ReadRank rank;
    std::uint64_t number;
    auto operator<=>(const Place&) const = default;
  };
  std::map<ClusterArn, Place> waiting_;
  std::map<Place, ClusterArn> order_;  // The same by place.
  std::map<ClusterArn, ReadRank> under_way_;
  std::size_t not_asked_ = 0;  // Of those.
  std::uint64_t last_number_ = 0;
};

}  // namespace blox::cluster_state
