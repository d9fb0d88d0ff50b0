#include "cluster_state/reconcile/missing_list.h"

#include <algorithm>

namespace blox::cluster_state {

std::optional<TimePoint> MissingList::note(const ClusterArn& cluster, const ObjectName& object,
                                           AskedTimes times) {
  const auto [place, is_new] = entries_.try_emplace(object, Entry{cluster, times});
  const AskedTimes& first = place->second.first;
  if (is_new || times.asked_at - first.answered_at < apart_) return std::nullopt;
  return first.asked_at;
}

std::map<ClusterArn, std::vector<ObjectName>> MissingList::due(TimePoint now) const {
  std::map<ClusterArn, std::vector<ObjectName>> due;
  for (const auto& [object, entry] : entries_) {
    if (now - entry.first.answered_at >= apart_) due[entry.cluster].push_back(object);
  }
  return due;
}

std::optional<TimePoint> MissingList::next_due(
    const std::function<bool(const ClusterArn&)>& counts) const {
  std::optional<TimePoint> next;
  for (const auto& [object, entry] : entries_) {
    if (!counts(entry.cluster)) continue;
    const TimePoint due = entry.first.answered_at + apart_;
    next = next ? std::min(*next, due) : due;
  }
  return next;
}

}  // namespace blox::cluster_state
