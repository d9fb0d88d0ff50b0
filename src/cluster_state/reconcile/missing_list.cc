#include "cluster_state/reconcile/missing_list.h"

#include <algorithm>

namespace blox::cluster_state {

std::optional<TimePoint> MissingList::note(const ClusterArn& cluster, const ObjectName& object,
                                           TimePoint asked_at) {
  const auto [place, is_new] = entries_.try_emplace(object, Entry{cluster, asked_at});
  if (is_new || asked_at - place->second.first_missing < apart_) return std::nullopt;
  return place->second.first_missing;
}

std::map<ClusterArn, std::vector<ObjectName>> MissingList::due(TimePoint now) const {
  std::map<ClusterArn, std::vector<ObjectName>> due;
  for (const auto& [object, entry] : entries_) {
    if (now - entry.first_missing >= apart_) due[entry.cluster].push_back(object);
  }
  return due;
}

std::optional<TimePoint> MissingList::next_due(
    const std::function<bool(const ClusterArn&)>& counts) const {
  std::optional<TimePoint> next;
  for (const auto& [object, entry] : entries_) {
    if (!counts(entry.cluster)) continue;
    const TimePoint due = entry.first_missing + apart_;
    next = next ? std::min(*next, due) : due;
  }
  return next;
}

}  // namespace blox::cluster_state
