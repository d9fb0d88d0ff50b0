// The `detail` of a task or a container instance into the model. Strict on what names and orders
// an object, lenient on the rest: ECS may change what it adds, and one odd field must not hide a
// task.
#include <fmt/format.h>

#include <utility>

#include "codec/json_read.h"
#include "codec/network_bindings.h"
#include "codec/stored.h"

namespace blox::codec {
namespace {

using internal::find_integer;
using internal::find_text;
using internal::for_each;
using internal::reader;
using internal::text_or_empty;
using simdjson::dom::object;

Result<std::string_view> demand_text(object from, std::string_view name) {
  const auto text = find_text(from, name);
  if (!text || text->empty()) {
    return fail(ErrorKind::kInvalid,
                "detail." + std::string{name} + " is missing or not a text with letters");
  }
  return *text;
}

std::optional<EcsVersion> read_version(object from) {
  const auto version = find_integer(from, "version");
  return version ? std::optional{EcsVersion{*version}} : std::nullopt;
}

Container read_container(object from, std::int64_t& range_ports_left) {
  Container container;
  container.arn = text_or_empty(from, "containerArn");
  container.name = text_or_empty(from, "name");
  container.last_status = text_or_empty(from, "lastStatus");
  container.exit_code = find_integer(from, "exitCode");
  container.reason = text_or_empty(from, "reason");
  for_each<object>(from, "networkBindings", [&](object binding) {
    internal::read_binding(binding, range_ports_left, container.network_bindings);
  });
  return container;
}

ContainerOverride read_override(object from) {
  ContainerOverride made;
  made.name = text_or_empty(from, "name");
  for_each<std::string_view>(from, "command",
                             [&](std::string_view word) { made.command.emplace_back(word); });
  for_each<object>(from, "environment", [&](object variable) {
    made.environment.emplace_back(text_or_empty(variable, "name"),
                                  text_or_empty(variable, "value"));
  });
  return made;
}

Result<Task> read_task(object from) {
  const auto arn = demand_text(from, "taskArn");
  const auto cluster = demand_text(from, "clusterArn");
  const auto last_status = demand_text(from, "lastStatus");
  for (const auto* field : {&arn, &cluster, &last_status}) {
    if (!*field) return std::unexpected(field->error());
  }
  Task task;
  task.arn.value = *arn;
  task.cluster.value = *cluster;
  task.last_status = make_task_status(*last_status);
  task.desired_status = make_task_status(find_text(from, "desiredStatus").value_or(""));
  if (const auto instance = find_text(from, "containerInstanceArn"); instance.value_or("") != "") {
    task.container_instance = ContainerInstanceArn{std::string{*instance}};
  }
  task.task_definition.value = text_or_empty(from, "taskDefinitionArn");
  task.version = read_version(from);
  task.started_by = text_or_empty(from, "startedBy");
  task.group = text_or_empty(from, "group");
  std::int64_t range_ports_left = internal::kRangePortsMax;
  for_each<object>(from, "containers", [&](object container) {
    task.containers.push_back(read_container(container, range_ports_left));
  });
  object overrides;
  if (!from.at_key("overrides").get(overrides)) {
    task.task_role_arn = text_or_empty(overrides, "taskRoleArn");
    for_each<object>(overrides, "containerOverrides", [&](object container) {
      task.container_overrides.push_back(read_override(container));
    });
  }
  task.created_at = text_or_empty(from, "createdAt");
  task.started_at = text_or_empty(from, "startedAt");
  task.stopped_at = text_or_empty(from, "stoppedAt");
  task.stopped_reason = text_or_empty(from, "stoppedReason");
  task.stop_code = text_or_empty(from, "stopCode");
  return task;
}

// None: it has no number, or one that we cannot read.
std::optional<std::string> find_resource_value(object from, std::string_view type) {
  if (type == "INTEGER" || type == "LONG") {
    const auto number = find_integer(from, type == "LONG" ? "longValue" : "integerValue");
    return number ? std::optional{std::to_string(*number)} : std::nullopt;
  }
  if (type == "DOUBLE") {
    double number = 0;
    if (from.at_key("doubleValue").get(number)) return std::nullopt;
    return fmt::format("{:.2f}", number);
  }
  std::string joined;
  for_each<std::string_view>(from, "stringSetValue", [&](std::string_view member) {
    if (!joined.empty()) joined += ',';
    joined += member;
  });
  return joined;
}

// One without a value that we know is left out: any number in its place would be believed.
std::vector<Resource> read_resources(object from, std::string_view name) {
  std::vector<Resource> resources;
  for_each<object>(from, name, [&](object resource) {
    std::string type = text_or_empty(resource, "type");
    auto value = find_resource_value(resource, type);
    if (!value) return;
    resources.push_back({text_or_empty(resource, "name"), std::move(type), std::move(*value)});
  });
  return resources;
}

Result<ContainerInstance> read_instance(object from) {
  const auto arn = demand_text(from, "containerInstanceArn");
  const auto cluster = demand_text(from, "clusterArn");
  const auto status = demand_text(from, "status");
  for (const auto* field : {&arn, &cluster, &status}) {
    if (!*field) return std::unexpected(field->error());
  }
  ContainerInstance instance;
  instance.arn.value = *arn;
  instance.cluster.value = *cluster;
  instance.status = make_instance_status(*status);
  instance.version = read_version(from);
  if (from.at_key("agentConnected").get(instance.agent_connected)) instance.agent_connected = false;
  instance.agent_update_status = text_or_empty(from, "agentUpdateStatus");
  instance.ec2_instance_id = text_or_empty(from, "ec2InstanceId");
  for_each<object>(from, "attributes", [&](object attribute) {
    instance.attributes.push_back(
        {text_or_empty(attribute, "name"), text_or_empty(attribute, "value")});
  });
  instance.registered_resources = read_resources(from, "registeredResources");
  instance.remaining_resources = read_resources(from, "remainingResources");
  object version_info;
  if (!from.at_key("versionInfo").get(version_info)) {
    instance.agent_hash = text_or_empty(version_info, "agentHash");
    instance.agent_version = text_or_empty(version_info, "agentVersion");
    instance.docker_version = text_or_empty(version_info, "dockerVersion");
  }
  instance.registered_at = text_or_empty(from, "registeredAt");
  return instance;
}

// Events have `updatedAt`, answers of Describe have not. A Describe that only confirmed what an
// event had said, or was laid over it, may have been asked later: this errs towards the older time.
WallTime read_told_at(object detail, const StoredParts& parts) {
  const auto updated_at = find_text(detail, "updatedAt");
  if (!updated_at) return parts.described_at.value_or(WallTime{});
  return parse_time(*updated_at).value_or(WallTime{});
}

}  // namespace

Result<Task> decode_task_detail(std::string_view detail) {
  const auto root = reader().hold(detail).parse();
  if (!root) return root.error_in("decode task");
  auto task = read_task(*root);
  if (!task) return task.error_in("decode task");
  return task;
}

Result<ContainerInstance> decode_instance_detail(std::string_view detail) {
  const auto root = reader().hold(detail).parse();
  if (!root) return root.error_in("decode container instance");
  auto instance = read_instance(*root);
  if (!instance) return instance.error_in("decode container instance");
  return instance;
}

Result<std::variant<StoredHead, Tombstone>> decode_stored_head(std::string_view bytes) {
  auto split = split_stored(bytes);
  if (!split) return std::unexpected(split.error());
  if (auto* tombstone = std::get_if<Tombstone>(&*split)) return std::move(*tombstone);
  StoredHead head;
  head.parts = std::get<StoredParts>(*split);
  const auto detail = reader().hold(head.parts.detail).parse();
  if (!detail) return detail.error_in("decode stored object");
  const auto cluster = demand_text(*detail, "clusterArn");
  if (!cluster) return cluster.error_in("decode stored object");
  head.cluster.value = *cluster;
  head.version = read_version(*detail);
  // A task has a lastStatus and no status; an instance the other way about.
  head.status = find_text(*detail, "lastStatus").value_or("");
  if (head.status.empty()) head.status = text_or_empty(*detail, "status");
  head.container_instance = text_or_empty(*detail, "containerInstanceArn");
  return head;
}

Result<std::variant<StoredTask, Tombstone>> decode_stored_task(std::string_view bytes) {
  auto split = split_stored(bytes);
  if (!split) return std::unexpected(split.error());
  if (auto* tombstone = std::get_if<Tombstone>(&*split)) return std::move(*tombstone);
  const auto& parts = std::get<StoredParts>(*split);
  auto task = decode_task_detail(parts.detail);
  if (!task) return task.error_in("decode stored object");
  if (!parts.describe.empty()) {
    const auto describe = reader().hold(parts.describe).parse();
    if (!describe) return describe.error_in("decode stored object: describe");
    task->health_status = text_or_empty(*describe, "healthStatus");
  }
  return StoredTask{std::move(*task), parts, {}};
}

Result<std::variant<StoredInstance, Tombstone>> decode_stored_instance(std::string_view bytes) {
  auto split = split_stored(bytes);
  if (!split) return std::unexpected(split.error());
  if (auto* tombstone = std::get_if<Tombstone>(&*split)) return std::move(*tombstone);
  const auto& parts = std::get<StoredParts>(*split);
  const auto detail = reader().hold(parts.detail).parse();
  if (!detail) return detail.error_in("decode stored object: decode container instance");
  auto instance = read_instance(*detail);
  if (!instance) return instance.error_in("decode stored object: decode container instance");
  return StoredInstance{std::move(*instance), parts, read_told_at(*detail, parts)};
}

}  // namespace blox::codec
