#include "simulation/state_judge.h"

#include <fmt/format.h>

#include <utility>
#include <variant>
#include <vector>

#include "simulation/seam_json.h"

namespace blox::simulation {
namespace {

// An event sent longer ago about an object that nobody holds is asked about, not applied.
constexpr auto kOldEvent = std::chrono::minutes{5};
// So far the date by which that is told may be off.
constexpr auto kDateError = std::chrono::seconds{3};

// Keys and values: docs/formats/cluster-state.md.
constexpr std::string_view kTasks = "cluster-state/tasks/";
constexpr std::string_view kInstances = "cluster-state/instances/";

bool is_task_key(std::string_view key) { return key.starts_with(kTasks); }
bool is_object_key(std::string_view key) { return is_task_key(key) || key.starts_with(kInstances); }
std::string task_key(const std::string& arn) { return std::string{kTasks} + arn; }
std::string instance_key(const std::string& arn) { return std::string{kInstances} + arn; }
std::string name_of(TaskStatusKind kind) { return std::string{format(TaskStatus{kind, {}})}; }

}  // namespace

void StateJudge::on_offered(const std::string& key, std::string_view value) {
  if (is_object_key(key)) return;
  Mark& mark = marks_[key];
  if (mark.value != value) mark = {std::string{value}, world_.executor().now()};
}

void StateJudge::on_durable(const std::string& key, std::string_view value,
                            store::Revision revision) {
  if (!is_object_key(key)) return on_offered(key, value);
  Durable& durable = durable_[key];
  if (revision <= durable.revision) return;
  const TimePoint now = world_.executor().now();
  const auto object = parse_seam(value);
  if (const auto* tombstone = find_object(object, "tombstone")) {
    durable = {true, durable.final,     "", number_of(*tombstone, "version"), revision,
               now,  durable.running_at};
    return;
  }
  const auto* detail = find_object(object, "detail");
  if (detail == nullptr) return break_with("the store holds what is no object under " + key);
  const std::string status = text_of(*detail, is_task_key(key) ? "lastStatus" : "status");
  if (status == "RUNNING" && !durable.running_at) durable.running_at = now;
  const bool final = is_task_key(key) && status == "STOPPED";
  durable = {
      false, final, status, number_of(*detail, "version"), revision, now, durable.running_at};
}

std::optional<TimePoint> StateJudge::marked_at(const std::string& cluster) const {
  const auto found = marks_.find(codec::cluster_key(ClusterArn{cluster}));
  return found == marks_.end() ? std::nullopt : std::optional{found->second.at};
}

std::optional<StateJudge::Known> StateJudge::find_task(const std::string& arn) const {
  return find(task_key(arn));
}

std::optional<StateJudge::Known> StateJudge::find_instance(const std::string& arn) const {
  return find(instance_key(arn));
}

std::optional<StateJudge::Known> StateJudge::find(const std::string& key) const {
  const auto found = durable_.find(key);
  if (found == durable_.end()) return std::nullopt;
  const Durable& durable = found->second;
  return Known{!durable.tombstone && !durable.final, durable.tombstone, durable.version.value_or(0),
               durable.at, durable.running_at};
}

void StateJudge::on_received(const aws::QueueMessage& message) {
  if (!message_ids_.insert(message.id).second) coverage_.add("redelivered messages");
  const auto event = parse_seam(message.body);
  const auto* detail = find_object(event, "detail");
  const auto sent_at = parse_time(text_of(event, "time"));
  if (detail == nullptr || !sent_at) return;
  Received received{"", false, number_of(*detail, "version"), *sent_at};
  const std::string type = text_of(event, "detail-type");
  if (type == "ECS Task State Change") {
    received.key = task_key(text_of(*detail, "taskArn"));
    received.final = text_of(*detail, "lastStatus") == "STOPPED";
  } else if (type == "ECS Container Instance State Change") {
    received.key = instance_key(text_of(*detail, "containerInstanceArn"));
  } else {
    return;
  }
  const auto durable = durable_.find(received.key);
  if (durable != durable_.end() && durable->second.tombstone) {
    coverage_.add("late events after a tombstone");
  }
  received_.insert_or_assign(message.receipt, std::move(received));
}

bool StateJudge::is_durable(const Received& received) const {
  const auto found = durable_.find(received.key);
  if (found == durable_.end()) {
    return !received.final &&
           world_.executor().wall_now() - received.sent_at >= kOldEvent - kDateError;
  }
  const Durable& durable = found->second;
  if (durable.tombstone || durable.final) return true;
  if (received.final) return false;
  return !received.version || !durable.version || *durable.version >= *received.version;
}

void StateJudge::on_removal(const std::vector<std::string>& receipts) {
  for (const auto& receipt : receipts) {
    const auto found = received_.find(receipt);
    if (found == received_.end() || is_durable(found->second)) continue;
    break_with("a message was deleted before what it brought was durable: " + found->second.key);
  }
}

StateJudge::Seen& StateJudge::note_version(const std::string& arn, client::EntityVersion version) {
  Seen& seen = seen_[arn];
  if (version < seen.entity_version) {
    break_with("a stream went back to an older version of " + arn);
  }
  seen.entity_version = version;
  return seen;
}

void StateJudge::on_line(const client::Change<Task>& change) {
  if (change.kind == client::ChangeKind::kBookmark) return;
  const Task& task = change.entry.object;
  Seen& seen = note_version(task.arn.value, change.entry.entity_version);
  if (change.kind == client::ChangeKind::kDeleted) {
    const auto* real = world_.find_task(task.arn.value);
    if (real != nullptr && real->present().is_live()) {
      break_with("a task was deleted that lives: " + task.arn.value);
    }
    return;
  }
  const TaskStatusKind status = task.last_status.kind;
  if (status < seen.status) {
    break_with(fmt::format("a task went back from {} to {}: {}", name_of(seen.status),
                           name_of(status), task.arn.value));
  }
  seen.status = status;
}

void StateJudge::on_line(const client::Change<ContainerInstance>& change) {
  if (change.kind == client::ChangeKind::kBookmark) return;
  const ContainerInstance& instance = change.entry.object;
  note_version(instance.arn.value, change.entry.entity_version);
  if (change.kind != client::ChangeKind::kDeleted) return;
  const auto* real = world_.find_instance(instance.arn.value);
  if (real != nullptr && real->present().status != InstanceStatusKind::kInactive) {
    break_with("an instance was deleted that is registered: " + instance.arn.value);
  }
}

std::string StateJudge::compare(const std::string& key, std::string_view shown,
                                std::string_view status, std::int64_t version) const {
  if (shown != status) {
    return fmt::format("{} is shown as '{}' and is {}", key, shown, status);
  }
  const auto durable = durable_.find(key);
  if (durable == durable_.end() || durable->second.tombstone) return key + " is not in the store";
  const auto& held = durable->second.version;
  if (!held || *held == version) return {};
  return fmt::format("{} is held in version {} and is in {}", key, *held, version);
}

std::string StateJudge::difference(const cluster_state::Snapshot& shown,
                                   const simulator::Cluster& cluster) const {
  using cluster_state::ObjectKind;
  std::map<std::string, std::string> statuses;
  for (const auto kind : {ObjectKind::kTask, ObjectKind::kInstance}) {
    auto cursor = shown.table(kind).by_arn.walk();
    while (const auto* entry = cursor.next()) statuses.emplace(entry->arn, entry->status);
  }
  const auto take = [&](const std::string& arn) {
    const auto found = statuses.extract(arn);
    return found.empty() ? std::string{} : found.mapped();
  };
  for (const auto& [id, task] : cluster.tasks) {
    const auto& state = task->present();
    const std::string status = take(task->arn);
    if (!state.is_live()) {
      if (status.empty() || status == "STOPPED") continue;
      return task->arn + " has stopped and is shown as " + status;
    }
    std::string wrong =
        compare(task_key(task->arn), status, name_of(state.last_status), state.version);
    if (!wrong.empty()) return wrong;
  }
  for (const auto& [id, instance] : cluster.instances) {
    const auto& state = instance->present();
    const std::string status = take(instance->arn);
    if (state.status == InstanceStatusKind::kInactive) {
      if (status.empty() || status == "INACTIVE") continue;
      return instance->arn + " is gone and is shown as " + status;
    }
    std::string wrong = compare(instance_key(instance->arn), status,
                                format(InstanceStatus{state.status, {}}), state.version);
    if (!wrong.empty()) return wrong;
  }
  for (const auto& [arn, status] : statuses) {
    if (status == "STOPPED" || status == "INACTIVE") continue;
    return arn + " is unknown to ECS and is shown as " + status;
  }
  return {};
}

}  // namespace blox::simulation
