#include "cluster_state/reconcile/read_queue.h"

#include "base/check.h"

namespace blox::cluster_state {

void ReadQueue::add(const ClusterArn& cluster, ReadRank rank) {
  const auto found = waiting_.find(cluster);
  if (found != waiting_.end() && found->second.rank <= rank) return;
  remove(cluster);
  const Place place{rank, ++last_number_};
  waiting_.emplace(cluster, place);
  order_.emplace(place, cluster);
}

std::optional<ClusterArn> ReadQueue::begin() {
  if (under_way_.size() >= kPlaces + kPlacesAsked) return std::nullopt;
  for (const auto& [place, cluster] : order_) {
    const bool asked = place.rank == ReadRank::kAsked;
    if (!asked && not_asked_ >= kPlaces) return std::nullopt;
    if (is_under_way(cluster)) continue;
    under_way_.emplace(cluster, place.rank);
    if (!asked) ++not_asked_;
    ClusterArn next = cluster;
    remove(next);
    return next;
  }
  return std::nullopt;
}

void ReadQueue::end(const ClusterArn& cluster) {
  const auto found = under_way_.find(cluster);
  check(found != under_way_.end(), "a read that ends was begun");
  if (found->second != ReadRank::kAsked) --not_asked_;
  under_way_.erase(found);
}

bool ReadQueue::remove(const ClusterArn& cluster) {
  const auto found = waiting_.find(cluster);
  if (found == waiting_.end()) return false;
  order_.erase(found->second);
  waiting_.erase(found);
  return true;
}

}  // namespace blox::cluster_state
