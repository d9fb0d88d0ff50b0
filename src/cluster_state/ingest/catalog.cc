#include "cluster_state/ingest/catalog.h"

#include <utility>

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
std::vector<Arn> list_live(const Catalog::Entries& entries,
                           const std::set<std::string_view>& members) {
  std::vector<Arn> live;
  for (const std::string_view arn : members) {
    if (is_live_entry(entries.find(arn)->second)) live.push_back(Arn{std::string{arn}});
  }
  return live;
}

}  // namespace

std::string key_of(const ObjectName& object) {
  if (const auto* task = std::get_if<TaskArn>(&object)) return codec::task_key(*task);
  return codec::instance_key(std::get<ContainerInstanceArn>(object));
}

std::optional<ObjectName> find_object(std::string_view key) {
  const auto rest = [&](std::string_view prefix) { return std::string{key.substr(prefix.size())}; };
  if (key.starts_with(codec::kTasksPrefix)) return TaskArn{rest(codec::kTasksPrefix)};
  if (!key.starts_with(codec::kInstancesPrefix)) return std::nullopt;
  return ContainerInstanceArn{rest(codec::kInstancesPrefix)};
}

Status Catalog::load(const store::KeyValue& item, TimePoint now) {
  const auto under = [&](std::string_view prefix) { return item.key.starts_with(prefix); };
  if (under(codec::kTasksPrefix) || under(codec::kInstancesPrefix)) return load_object(item, now);
  if (!under(codec::kClustersPrefix)) return done();
  ClusterEntry& mark = marks_[ClusterArn{item.key.substr(codec::kClustersPrefix.size())}];
  mark.slot.set_mod_revision(item.mod_revision);
  auto stored = codec::decode_sync_mark(*item.value);
  if (!stored) return stored.error_in(item.key);
  mark.synced_at = stored->synced_at;
  mark.holes = std::move(stored->holes);
  return done();
}

Status Catalog::load_object(const store::KeyValue& item, TimePoint now) {
  const bool is_task = item.key.starts_with(codec::kTasksPrefix);
  const auto prefix = is_task ? codec::kTasksPrefix : codec::kInstancesPrefix;
  std::string arn = item.key.substr(prefix.size());
  Entry& entry = (is_task ? tasks_ : instances_)[arn];
  entry.slot.set_mod_revision(item.mod_revision);
  // What is asked at this very moment is younger.
  const TimePoint before = now - Duration{1};
  auto head = codec::decode_stored_head(*item.value);
  if (!head) return head.error_in(item.key);
  if (const auto* tombstone = std::get_if<codec::Tombstone>(&*head)) {
    entry.known = {Known::Kind::kTombstone,
                   is_task && tombstone->reason == kReasonRetention,
                   tombstone->version,
                   std::nullopt,
                   tombstone->at,
                   std::nullopt,
                   before};
    entry.cluster = intern(tombstone->cluster);
    return done();
  }
  const auto& stored = std::get<codec::StoredHead>(*head);
  entry.ended = is_task ? make_task_status(stored.status).is_final()
                        : make_instance_status(stored.status).is_final();
  entry.known = {
      Known::Kind::kLive,   is_task && entry.ended, stored.version, stored.parts.described_at,
      stored.parts.seen_at, std::nullopt,           before};
  if (stored.parts.described_at) entry.known.asked = before;
  entry.describe = stored.parts.describe;
  entry.confirmed_at = now;
  entry.detail_hash = std::hash<std::string_view>{}(stored.parts.detail);
  if (is_task) {
    place(TaskArn{std::move(arn)}, stored.cluster, stored.container_instance);
  } else {
    place(ContainerInstanceArn{std::move(arn)}, stored.cluster, {});
  }
  return done();
}

void Catalog::clear() {
  ++generation_;
  members_.clear();
  tasks_on_.clear();
  tasks_.clear();
  instances_.clear();
  marks_.clear();
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
  if (found == entries.end()) return;
  displace(std::holds_alternative<TaskArn>(object), found->first, found->second);
  entries.erase(found);
}

void Catalog::place(const ObjectName& object, const ClusterArn& cluster,
                    std::string_view instance) {
  const bool is_task = std::holds_alternative<TaskArn>(object);
  const auto found = entries_of(object).find(arn_of(object));
  auto& [arn, entry] = *found;
  const ClusterArn* const interned = intern(cluster);
  if (entry.placed && entry.cluster == interned && entry.instance == instance) return;
  displace(is_task, arn, entry);
  entry.placed = true;
  entry.cluster = interned;
  entry.instance = instance;
  Members& members = members_.at(cluster);
  (is_task ? members.tasks : members.instances).insert(arn);
  if (!instance.empty()) tasks_on_[entry.instance].insert(arn);
}

void Catalog::displace(const ObjectName& object) {
  const auto found = entries_of(object).find(arn_of(object));
  displace(std::holds_alternative<TaskArn>(object), found->first, found->second);
}

void Catalog::displace(bool is_task, std::string_view arn, Entry& entry) {
  if (!std::exchange(entry.placed, false)) return;
  Members& members = members_.at(*entry.cluster);
  (is_task ? members.tasks : members.instances).erase(arn);
  if (const auto on = tasks_on_.find(entry.instance); on != tasks_on_.end()) {
    on->second.erase(arn);
    if (on->second.empty()) tasks_on_.erase(on);
  }
  entry.instance.clear();
}

bool Catalog::is_live(const ObjectName& object) const {
  const Entries& entries = entries_of(object);
  const auto found = entries.find(arn_of(object));
  return found != entries.end() && is_live_entry(found->second);
}

std::vector<ContainerInstanceArn> Catalog::live_instances(const ClusterArn& cluster) const {
  const auto members = members_.find(cluster);
  if (members == members_.end()) return {};
  return list_live<ContainerInstanceArn>(instances_, members->second.instances);
}

std::vector<TaskArn> Catalog::live_tasks(const ClusterArn& cluster) const {
  const auto members = members_.find(cluster);
  if (members == members_.end()) return {};
  return list_live<TaskArn>(tasks_, members->second.tasks);
}

std::vector<TaskArn> Catalog::live_tasks_on(const ContainerInstanceArn& instance) const {
  const auto on = tasks_on_.find(instance.value);
  if (on == tasks_on_.end()) return {};
  return list_live<TaskArn>(tasks_, on->second);
}

std::vector<ClusterArn> Catalog::clusters() const {
  std::set<ClusterArn> names;
  for (const auto& [cluster, mark] : marks_) {
    if (mark.synced_at) names.insert(cluster);
  }
  for (const auto& [cluster, members] : members_) {
    if (!members.is_empty()) names.insert(cluster);
  }
  return {names.begin(), names.end()};
}

bool Catalog::has_objects(const ClusterArn& cluster) const {
  const auto members = members_.find(cluster);
  return members != members_.end() && !members->second.is_empty();
}

std::optional<WallTime> Catalog::synced_at(const ClusterArn& cluster) const {
  const auto found = marks_.find(cluster);
  return found == marks_.end() ? std::nullopt : found->second.synced_at;
}

const Holes* Catalog::find_holes(const ClusterArn& cluster) const {
  const auto found = marks_.find(cluster);
  return found == marks_.end() || found->second.holes.is_empty() ? nullptr : &found->second.holes;
}

bool Catalog::is_known(const ObjectName& object) const {
  const Entries& entries = entries_of(object);
  const auto found = entries.find(arn_of(object));
  if (found == entries.end()) return false;
  const Known& known = found->second.known;
  return known.kind == Known::Kind::kLive || known.final;
}

}  // namespace blox::cluster_state
