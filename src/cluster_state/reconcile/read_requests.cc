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

bool ReadRequests::is_under_way(const ClusterArn& cluster) const {
  return finding_ || of_all_.contains(cluster) || named_.contains(cluster);
}

bool ReadRequests::add_for_people(ClusterArn cluster) {
  if (is_under_way(cluster) || own_.covers(cluster) || people_.covers(cluster)) return false;
  add_to(people_, std::move(cluster));
  return true;
}

bool ReadRequests::add_all_for_people() {
  if (all_are_under_way() || own_.all || people_.all) return false;
  people_.all = true;
  return true;
}

std::optional<TimePoint> ReadRequests::due(TimePoint now) const {
  if (!own_.is_empty()) return now;
  if (people_.is_empty() || people_are_served()) return std::nullopt;
  return std::max(now, people_after_);
}

ReadScope ReadRequests::begin(TimePoint now, bool full) {
  const bool people_due = !people_.is_empty() && !people_are_served() && now >= people_after_;
  ReadScope scope = std::exchange(own_, {});
  scope.anew = scope.all;
  scope.all = scope.all || full || (people_due && people_.all);
  if (people_due || (scope.all && !people_.is_empty())) {
    if (!people_are_served()) begun_at_ = now;
    finding_for_people_ = finding_for_people_ || people_.all;
    for_people_.insert(people_.clusters.begin(), people_.clusters.end());
    scope.clusters.merge(std::exchange(people_, {}).clusters);
  }
  finding_ = finding_ || scope.all;
  named_.insert(scope.clusters.begin(), scope.clusters.end());
  return scope;
}

void ReadRequests::found(const std::set<ClusterArn>& clusters, TimePoint now) {
  finding_ = false;
  of_all_.insert(clusters.begin(), clusters.end());
  if (!std::exchange(finding_for_people_, false)) return;
  for_people_.insert(clusters.begin(), clusters.end());
  note_served(now);
}

void ReadRequests::end(const ClusterArn& cluster, TimePoint now) {
  of_all_.erase(cluster);
  named_.erase(cluster);
  if (for_people_.erase(cluster) > 0) note_served(now);
}

void ReadRequests::note_served(TimePoint now) {
  if (!people_are_served()) people_after_ = now + std::max(pause_, now - begun_at_);
}

bool ReadRequests::forget(const ClusterArn& cluster) {
  const std::size_t own = own_.clusters.erase(cluster);
  return own + people_.clusters.erase(cluster) > 0;
}

}  // namespace blox::cluster_state
