#include "cluster_state/reconcile/read_requests.h"

#include <algorithm>
#include <utility>

namespace blox::cluster_state {

void ReadRequests::add_to(ReadScope& scope, ClusterArn cluster) {
  if (scope.clusters.size() < kNamedMax) {
    scope.clusters.insert(std::move(cluster));
  } else if (!scope.covers(cluster)) {
    scope.all = true;
  }
}

bool ReadRequests::add_for_people(ClusterArn cluster) {
  for (const ReadScope* scope : {&under_way_, &own_, &people_}) {
    if (scope->covers(cluster)) return false;
  }
  add_to(people_, std::move(cluster));
  return true;
}

bool ReadRequests::add_all_for_people() {
  if (under_way_.all || own_.all || people_.all) return false;
  people_.all = true;
  return true;
}

std::optional<TimePoint> ReadRequests::due(TimePoint now) const {
  if (!own_.is_empty()) return now;
  if (people_.is_empty()) return std::nullopt;
  return std::max(now, people_after_);
}

ReadScope ReadRequests::begin(TimePoint now, bool full) {
  const bool people_due = !people_.is_empty() && now >= people_after_;
  under_way_ = std::exchange(own_, {});
  under_way_.all = under_way_.all || full || (people_due && people_.all);
  for_people_ = people_due || (under_way_.all && !people_.is_empty());
  if (for_people_) under_way_.clusters.merge(std::exchange(people_, {}).clusters);
  begun_at_ = now;
  return under_way_;
}

void ReadRequests::add_under_way(const std::set<ClusterArn>& clusters) {
  under_way_.clusters.insert(clusters.begin(), clusters.end());
}

void ReadRequests::end(TimePoint now) {
  under_way_ = {};
  if (for_people_) people_after_ = now + std::max(pause_, now - begun_at_);
}

void ReadRequests::forget(const ClusterArn& cluster) {
  own_.clusters.erase(cluster);
  people_.clusters.erase(cluster);
}

}  // namespace blox::cluster_state
