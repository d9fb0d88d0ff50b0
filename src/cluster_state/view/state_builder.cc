#include "cluster_state/view/state_builder.h"

#include <algorithm>
#include <utility>

#include "codec/stored.h"

namespace blox::cluster_state {
namespace {

Line make_line(ShownPtr entry) {
  const std::string_view bytes = entry->line();
  const std::string_view cluster = entry->cluster_arn;
  const auto version = entry->version;
  const WallTime told_at = entry->told_at;
  return {.version = version,
          .owner = std::move(entry),
          .bytes = bytes,
          .deleted = false,
          .cluster = cluster,
          .told_at = told_at};
}

Line make_deleted_line(codec::EntityVersion version, std::string encoded) {
  auto bytes = std::make_shared<const std::string>(std::move(encoded) + "\n");
  const std::string_view view{*bytes};
  return {.version = version,
          .owner = std::move(bytes),
          .bytes = view,
          .deleted = true,
          .cluster = {},
          .told_at = {}};
}

template <class Arn, class Decoded>
Result<std::optional<ObjectChange>> to_change(ObjectKind kind, std::string_view arn,
                                              const store::KeyValue& stored,
                                              const Decoded& decoded) {
  if (!decoded) return decoded.error_in(stored.key);
  const auto version = codec::make_entity_version(stored.mod_revision, stored.position);
  ObjectChange change{.kind = kind, .arn = std::string{arn}, .entry = nullptr, .line = {}};
  if (const auto* tombstone = std::get_if<codec::Tombstone>(&*decoded)) {
    change.line = make_deleted_line(
        version, codec::encode_deleted(version, Arn{change.arn}, tombstone->cluster));
  } else {
    change.entry = make_shown(version, std::get<0>(*decoded));
    if (change.entry->arn != arn) {
      return fail(ErrorKind::kInvalid, stored.key + ": the value is of " + change.entry->arn);
    }
    change.line = make_line(change.entry);
  }
  return change;
}

}  // namespace

Result<std::optional<ObjectChange>> read_change(const store::WatchEvent& event) {
  const std::string_view key = event.entry.key;
  if (event.deleted) return std::nullopt;
  if (key.starts_with(codec::kTasksPrefix)) {
    return to_change<TaskArn>(ObjectKind::kTask, key.substr(codec::kTasksPrefix.size()),
                              event.entry, codec::decode_stored_task(*event.entry.value));
  }
  if (key.starts_with(codec::kInstancesPrefix)) {
    return to_change<ContainerInstanceArn>(ObjectKind::kInstance,
                                           key.substr(codec::kInstancesPrefix.size()), event.entry,
                                           codec::decode_stored_instance(*event.entry.value));
  }
  return std::nullopt;
}

Result<std::optional<ObjectChange>> StateBuilder::apply(const store::WatchEvent& event) {
  if (event.entry.key.starts_with(codec::kClustersPrefix)) {
    if (auto applied = apply_sync_mark(event); !applied) {
      return applied.error_in(event.entry.key);
    }
    return std::nullopt;
  }
  auto change = read_change(event);
  if (!change || !*change) return change;
  Indexes& changed = indexes((*change)->kind);
  changed.last_version = std::max(changed.last_version, (*change)->line.version);
  replace((*change)->kind, (*change)->arn, (*change)->entry);
  return change;
}

// Null: the object is gone. An index in which it keeps its place only has its entry exchanged.
void StateBuilder::replace(ObjectKind kind, std::string_view arn, const ShownPtr& entry) {
  Indexes& in = indexes(kind);
  const ShownPtr old = in.by_arn.find("", arn);
  if (entry) count(entry->cluster_arn);
  if (old) discount(old->cluster_arn);
  const auto replace_in = [&](OrderedIndex& index, GroupOf group_of) {
    if (old && (!entry || group_of(*old) != group_of(*entry))) index.erase(group_of(*old), arn);
    if (entry) index.put(entry);
  };
  replace_in(in.by_cluster, group_by_cluster_name);
  if (kind == ObjectKind::kTask) {
    replace_in(in.by_started_by, group_by_started_by);
    replace_in(in.by_status, group_by_status);
  }
  replace_in(in.by_arn, no_group);
}

// One object more of it.
void StateBuilder::count(const std::string& cluster) {
  if (++clusters_[cluster] > 1) return;
  const ClusterArn arn{cluster};
  if (!synced_at_.contains(arn)) unmarked_changed_ |= unmarked_.insert(arn).second;
}

void StateBuilder::discount(const std::string& cluster) {
  const auto counted = clusters_.find(cluster);
  if (--counted->second > 0) return;
  clusters_.erase(counted);
  unmarked_changed_ |= unmarked_.erase(ClusterArn{cluster}) > 0;
}

std::optional<ClusterArn> StateBuilder::cluster_of(std::string_view key) const {
  ShownPtr entry;
  if (key.starts_with(codec::kTasksPrefix)) {
    entry = tasks_.by_arn.find("", key.substr(codec::kTasksPrefix.size()));
  } else if (key.starts_with(codec::kInstancesPrefix)) {
    entry = instances_.by_arn.find("", key.substr(codec::kInstancesPrefix.size()));
  }
  return entry ? std::optional{ClusterArn{entry->cluster_arn}} : std::nullopt;
}

Status StateBuilder::apply_sync_mark(const store::WatchEvent& event) {
  const ClusterArn cluster{event.entry.key.substr(codec::kClustersPrefix.size())};
  if (event.deleted) {
    synced_at_.erase(cluster);
    since_changed_ |= marked_since_.erase(cluster) > 0;
    holes_.erase(cluster);
    if (clusters_.contains(cluster.value)) unmarked_changed_ |= unmarked_.insert(cluster).second;
  } else {
    auto mark = codec::decode_sync_mark(*event.entry.value);
    if (!mark) return fail(mark.error().kind, mark.error().message);
    synced_at_.insert_or_assign(cluster, mark->synced_at);
    auto& since = marked_since_.try_emplace(cluster, -1).first->second;
    const auto created = codec::make_entity_version(event.entry.create_revision, 0);
    since_changed_ |= std::exchange(since, created) != created;
    unmarked_changed_ |= unmarked_.erase(cluster) > 0;
    holes_.erase(cluster);
    if (!mark->holes.is_empty()) holes_.emplace(cluster, std::move(mark->holes));
  }
  sync_changed_ = true;
  return done();
}

Snapshot StateBuilder::freeze() {
  const auto freeze_table = [](Indexes& from) {
    return Table{.by_arn = from.by_arn.freeze(),
                 .by_cluster = from.by_cluster.freeze(),
                 .by_started_by = from.by_started_by.freeze(),
                 .by_status = from.by_status.freeze()};
  };
  if (std::exchange(sync_changed_, false)) {
    frozen_synced_at_ = std::make_shared<const codec::SyncTimes>(synced_at_);
    frozen_holes_ = std::make_shared<const ClusterHoles>(holes_);
  }
  if (std::exchange(since_changed_, false)) {
    frozen_since_ = std::make_shared<const MarkedSince>(marked_since_);
  }
  if (std::exchange(unmarked_changed_, false)) {
    frozen_unmarked_ = std::make_shared<const std::set<ClusterArn>>(unmarked_);
  }
  Snapshot snapshot;
  snapshot.synced_at = frozen_synced_at_;
  snapshot.marked_since = frozen_since_;
  snapshot.holes = frozen_holes_;
  snapshot.unmarked = frozen_unmarked_;
  snapshot.tasks = freeze_table(tasks_);
  snapshot.instances = freeze_table(instances_);
  return snapshot;
}

codec::EntityVersion StateBuilder::last_version(ObjectKind kind) const {
  return kind == ObjectKind::kTask ? tasks_.last_version : instances_.last_version;
}

}  // namespace blox::cluster_state
