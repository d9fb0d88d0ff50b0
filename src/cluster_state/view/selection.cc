#include "cluster_state/view/selection.h"

#include <utility>

namespace blox::cluster_state {
namespace {

// How many of its fields have to be looked at.
int criterion_count(const ListFilter& filter) {
  return filter.cluster_name.has_value() + filter.cluster_arn.has_value() +
         filter.status.has_value() + filter.started_by.has_value();
}

}  // namespace

Selection::Selection(SnapshotPtr snapshot, ObjectKind kind, ListFilter filter,
                     ClusterSetPtr without)
    : snapshot_(std::move(snapshot)),
      filter_(std::move(filter)),
      without_(std::move(without)),
      cursor_(snapshot_->table(kind).by_arn.walk()) {
  const Table& table = snapshot_->table(kind);
  const Group group = narrowest(table, kind, filter_);
  const bool narrows = group.index != &table.by_arn;
  if (narrows) cursor_ = group.index->walk(group.name);
  all_pass_ = !without_ && criterion_count(filter_) == (narrows ? 1 : 0);
  if (all_pass_) {
    extent_ = group.extent;
    return;
  }
  std::size_t walked = 0;
  for (auto cursor = cursor_; const Shown* entry = cursor.next(); ++walked) {
    if (!passes(*entry)) continue;
    ++extent_.count;
    extent_.bytes += entry->bytes.size();
  }
  all_pass_ = extent_.count == walked;  // Then none is asked twice.
}

const Shown* Selection::next() {
  const Shown* entry = cursor_.next();
  while (entry != nullptr && !all_pass_ && !passes(*entry)) entry = cursor_.next();
  return entry;
}

// Of groups as large as all the rest too: then each entry passes that field.
Selection::Group Selection::narrowest(const Table& table, ObjectKind kind,
                                      const ListFilter& filter) {
  Group best{.index = &table.by_arn, .name = {}, .extent = table.by_arn.extent()};
  const auto consider = [&](const FrozenIndex& index, const std::optional<std::string>& name) {
    if (!name) return;
    const Extent extent = index.extent(*name);
    if (extent.count <= best.extent.count) best = {&index, *name, extent};
  };
  consider(table.by_cluster, filter.cluster_name);
  if (kind == ObjectKind::kTask) {
    consider(table.by_started_by, filter.started_by);
    consider(table.by_status, filter.status);
  }
  return best;
}

bool Selection::passes(const Shown& entry) const {
  return (!filter_.cluster_name || entry.cluster_name == *filter_.cluster_name) &&
         (!filter_.cluster_arn || entry.cluster_arn == *filter_.cluster_arn) &&
         (!filter_.status || entry.status == *filter_.status) &&
         (!filter_.started_by || entry.started_by == *filter_.started_by) &&
         (!without_ || !without_->contains(entry.cluster_arn));
}

}  // namespace blox::cluster_state
