#include "cluster_state/ingest/catalog.h"

#include "codec/stored.h"

namespace blox::cluster_state {
namespace {

const std::string& arn_of(const ObjectName& object) {
  return std::visit([](const auto& arn) -> const std::string& { return arn.value; }, object);
}

bool is_live_entry(const Entry& entry) {
  return entry.known.kind == Known::Kind::kLive && !entry.ended;
}

template <class Arn>
std::vector<Arn> list_live(const Catalog::Entries& entries, auto matches) {
  std::vector<Arn> live;
  for (const auto& [arn, entry] : entries) {
    if (is_live_entry(entry) && matches(entry)) live.push_back(Arn{arn});
  }
  return live;
}

bool is_in(const Entry& entry, const ClusterArn& cluster) {
  return entry.cluster != nullptr && *entry.cluster == cluster;
}

}  // namespace

std::string key_of(const ObjectName& object) {
  if (const auto* task = std::get_if<TaskArn>(&object)) return codec::task_key(*task);
  return codec::instance_key(std::get<ContainerInstanceArn>(object));
}

Status Catalog::load(const store::KeyValue& item) {
  const auto under = [&](std::string_view prefix) { return item.key.starts_with(prefix); };
  if (under(codec::kTasksPrefix) || under(codec::kInstancesPrefix)) return load_object(item);
  if (!under(codec::kClustersPrefix)) return done();
  const auto synced_at = codec::decode_sync_mark(*item.value);
  if (!synced_at) return synced_at.error_in(item.key);
  ClusterEntry& mark = marks_[ClusterArn{item.key.substr(codec::kClustersPrefix.size())}];
  mark.slot.set_mod_revision(item.mod_revision);
  mark.synced_at = *synced_at;
  return done();
}

Status Catalog::load_object(const store::KeyValue& item) {
  const bool is_task = item.key.starts_with(codec::kTasksPrefix);
  const auto prefix = is_task ? codec::kTasksPrefix : codec::kInstancesPrefix;
  auto head = codec::decode_stored_head(*item.value);
  if (!head) return head.error_in(item.key);
  Entry& entry = (is_task ? tasks_ : instances_)[item.key.substr(prefix.size())];
  entry.slot.set_mod_revision(item.mod_revision);
  if (const auto* tombstone = std::get_if<codec::Tombstone>(&*head)) {
    entry.known = {Known::Kind::kTombstone, is_task && tombstone->reason == kReasonRetention,
                   tombstone->version, std::nullopt, tombstone->at};
    entry.cluster = intern(tombstone->cluster);
    return done();
  }
  const auto& stored = std::get<codec::StoredHead>(*head);
  entry.ended = is_task ? make_task_status(stored.status).is_final()
                        : make_instance_status(stored.status).is_final();
  entry.known = {Known::Kind::kLive, is_task && entry.ended, stored.version,
                 stored.parts.described_at, stored.parts.seen_at};
  entry.cluster = intern(stored.cluster);
  entry.describe = stored.parts.describe;
  entry.instance = is_task ? stored.container_instance : std::string{};
  entry.detail_hash = std::hash<std::string_view>{}(stored.parts.detail);
  return done();
}

void Catalog::clear() {
  tasks_.clear();
  instances_.clear();
  marks_.clear();
  cluster_names_.clear();
}

Entry* Catalog::find(const ObjectName& object) {
  Entries& entries = entries_of(object);
  const auto found = entries.find(arn_of(object));
  return found == entries.end() ? nullptr : &found->second;
}

Entry& Catalog::get_or_make(const ObjectName& object) { return entries_of(object)[arn_of(object)]; }

void Catalog::erase(const ObjectName& object) {
  Entries& entries = entries_of(object);
  const auto found = entries.find(arn_of(object));
  if (found != entries.end()) entries.erase(found);
}

bool Catalog::is_live(const ObjectName& object) const {
  const Entries& entries = entries_of(object);
  const auto found = entries.find(arn_of(object));
  return found != entries.end() && is_live_entry(found->second);
}

std::vector<ContainerInstanceArn> Catalog::live_instances(const ClusterArn& cluster) const {
  return list_live<ContainerInstanceArn>(instances_,
                                         [&](const Entry& entry) { return is_in(entry, cluster); });
}

std::vector<TaskArn> Catalog::live_tasks(const ClusterArn& cluster) const {
  return list_live<TaskArn>(tasks_, [&](const Entry& entry) { return is_in(entry, cluster); });
}

std::vector<TaskArn> Catalog::live_tasks_on(const ContainerInstanceArn& instance) const {
  return list_live<TaskArn>(tasks_,
                            [&](const Entry& entry) { return entry.instance == instance.value; });
}

std::vector<ClusterArn> Catalog::clusters() const {
  std::set<ClusterArn> names;
  for (const auto& [cluster, mark] : marks_) {
    if (mark.synced_at) names.insert(cluster);
  }
  for (const Entries* entries : {&tasks_, &instances_}) {
    for (const auto& [arn, entry] : *entries) {
      if (entry.known.kind == Known::Kind::kLive) names.insert(*entry.cluster);
    }
  }
  return {names.begin(), names.end()};
}

std::optional<WallTime> Catalog::synced_at(const ClusterArn& cluster) const {
  const auto found = marks_.find(cluster);
  return found == marks_.end() ? std::nullopt : found->second.synced_at;
}

}  // namespace blox::cluster_state
