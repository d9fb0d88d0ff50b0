#include "cluster_state/view/snapshot.h"

namespace blox::cluster_state {

bool Table::passes(const Shown& entry, const ListFilter& filter) {
  return (!filter.cluster_name || entry.cluster_name == *filter.cluster_name) &&
         (!filter.cluster_arn || entry.cluster_arn == *filter.cluster_arn) &&
         (!filter.status || entry.status == *filter.status) &&
         (!filter.started_by || entry.started_by == *filter.started_by);
}

std::pair<const FrozenIndex*, std::string_view> Table::narrowest(const ListFilter& filter,
                                                                 bool has_all_indexes) const {
  std::pair<const FrozenIndex*, std::string_view> best{&by_arn, {}};
  std::size_t best_count = by_arn.size();
  const auto consider = [&](const FrozenIndex& index, const std::optional<std::string>& group) {
    if (!group) return;
    const std::size_t count = index.count(*group);
    if (count >= best_count) return;
    best = {&index, *group};
    best_count = count;
  };
  consider(by_cluster, filter.cluster_name);
  if (has_all_indexes) {
    consider(by_started_by, filter.started_by);
    consider(by_status, filter.status);
  }
  return best;
}

}  // namespace blox::cluster_state
