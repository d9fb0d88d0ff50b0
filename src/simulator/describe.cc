#include "simulator/describe.h"

#include <string>

namespace blox::simulator {
namespace {

namespace json = boost::json;

json::value time_value(WallTime time, Form form) {
  if (form == Form::kApi) return to_epoch(time);
  return json::value(format_time(time));
}

void put_time(json::object& object, json::string_view name, const std::optional<WallTime>& time,
              Form form) {
  if (time) object[name] = time_value(*time, form);
}

json::string text_of(TaskStatusKind status) {
  const std::string_view text = format(TaskStatus{status, {}});
  return json::string(text.data(), text.size());
}

json::object number_resource(json::string_view name, std::int64_t number) {
  return {{"name", name},
          {"type", "INTEGER"},
          {"doubleValue", 0.0},
          {"longValue", 0},
          {"integerValue", number}};
}

json::object port_resource(json::string_view name, const Ports& ports, const Ports& used) {
  Ports taken = ports;
  taken.insert(used.begin(), used.end());
  json::array texts;
  for (const auto port : taken) texts.emplace_back(std::to_string(port));
  return {{"name", name},   {"type", "STRINGSET"}, {"doubleValue", 0.0},
          {"longValue", 0}, {"integerValue", 0},   {"stringSetValue", std::move(texts)}};
}

json::array resources(const Capacity& registered, const Capacity& used) {
  return {number_resource("CPU", registered.cpu - used.cpu),
          number_resource("MEMORY", registered.memory - used.memory),
          port_resource("PORTS", registered.ports, used.ports),
          port_resource("PORTS_UDP", registered.udp_ports, used.udp_ports)};
}

Health health_of(const Task& task, const TaskState& state, const ContainerShape& shape) {
  return shape.check_interval && state.is_running() ? task.health : Health::kUnknown;
}

// By the essential containers alone; one without a check is UNKNOWN. Source: DG/healthcheck.html.
Health health_of(const Task& task, const TaskState& state) {
  bool all_known = true;
  for (const ContainerShape& shape : task.definition->containers) {
    if (!shape.essential) continue;
    const Health health = health_of(task, state, shape);
    if (health == Health::kUnhealthy) return health;
    all_known = all_known && health == Health::kHealthy;
  }
  return all_known ? Health::kHealthy : Health::kUnknown;
}

json::string text_of(Health health) {
  return health == Health::kHealthy     ? "HEALTHY"
         : health == Health::kUnhealthy ? "UNHEALTHY"
                                        : "UNKNOWN";
}

json::array describe_containers(const Task& task, const TaskState& state, Form form) {
  json::array containers;
  const auto& shapes = task.definition->containers;
  // ECS gives containers the words PENDING, RUNNING and STOPPED alone.
  const json::string status = state.last_status < TaskStatusKind::kRunning ? "PENDING"
                              : state.is_live()                            ? "RUNNING"
                                                                           : "STOPPED";
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const ContainerShape& shape = shapes[i];
    const Cluster& cluster = *task.instance->cluster;
    const std::string arn = task.arn.substr(0, task.arn.find(":task/")) + ":container/" +
                            cluster.name + "/" + task.id + "/" + task.container_ids[i];
    json::object container{{"containerArn", arn},
                           {"taskArn", task.arn},
                           {"name", shape.name},
                           {"image", shape.image},
                           {"lastStatus", status},
                           {"networkInterfaces", json::array{}},
                           {"cpu", std::to_string(shape.cpu)},
                           {"memory", std::to_string(shape.memory)}};
    container["networkBindings"] = state.started_at ? shape.network_bindings : json::array{};
    if (state.started_at) container["runtimeId"] = task.id + "-" + std::to_string(i);
    if (state.exit_code) container["exitCode"] = *state.exit_code;
    if (form == Form::kApi) container["healthStatus"] = text_of(health_of(task, state, shape));
    containers.push_back(std::move(container));
  }
  return containers;
}

}  // namespace

double to_epoch(WallTime time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1000.0;
}

json::array describe_attributes(const Attributes& attributes) {
  json::array list;
  for (const auto& [name, value] : attributes) {
    json::object attribute{{"name", name}};
    if (!value.empty()) attribute["value"] = value;
    list.push_back(std::move(attribute));
  }
  return list;
}

json::object describe(const Task& task, const TaskState& state, Form form) {
  const TaskDefinition& definition = *task.definition;
  json::object object{
      {"taskArn", task.arn},
      {"clusterArn", task.instance->cluster->arn},
      {"containerInstanceArn", task.instance->arn},
      {"taskDefinitionArn", definition.arn},
      {"group", task.group},
      {"launchType", "EC2"},
      {"lastStatus", text_of(state.last_status)},
      {"desiredStatus", text_of(state.desired_status)},
      {"version", state.version},
      {"cpu", std::to_string(definition.needs.cpu)},
      {"memory", std::to_string(definition.needs.memory)},
      {"attributes", json::array{}},
      {"attachments", json::array{}},
      {"connectivity", "CONNECTED"},
      {"createdAt", time_value(task.created_at, form)},
      {"overrides", task.overrides},
      {"containers", describe_containers(task, state, form)},
  };
  if (!task.started_by.empty()) object["startedBy"] = task.started_by;
  const auto zone = task.instance->present().attributes.find("ecs.availability-zone");
  if (zone != task.instance->present().attributes.end()) {
    object["availabilityZone"] = zone->second;
  }
  put_time(object, "connectivityAt", task.created_at, form);
  put_time(object, "pullStartedAt", state.pull_started_at, form);
  put_time(object, "pullStoppedAt", state.pull_stopped_at, form);
  put_time(object, "startedAt", state.started_at, form);
  put_time(object, "stoppingAt", state.stopping_at, form);
  put_time(object, "executionStoppedAt", state.stopped_at, form);
  put_time(object, "stoppedAt", state.stopped_at, form);
  if (!state.stop_code.empty()) object["stopCode"] = state.stop_code;
  if (!state.stopped_reason.empty()) object["stoppedReason"] = state.stopped_reason;
  if (form == Form::kEvent) {
    put_time(object, "updatedAt", state.updated_at, form);
  } else {
    object["healthStatus"] = text_of(health_of(task, state));
    object["tags"] = task.tags;
  }
  return object;
}

json::object describe(const Instance& instance, const InstanceState& state, Form form) {
  const std::string_view status = format(InstanceStatus{state.status, {}});
  json::object object{
      {"containerInstanceArn", instance.arn},
      {"ec2InstanceId", instance.ec2_instance_id},
      {"status", json::string_view{status.data(), status.size()}},
      {"version", state.version},
      {"agentConnected", state.agent_connected},
      {"runningTasksCount", state.running_count},
      {"pendingTasksCount", state.pending_count},
      {"registeredResources", resources(instance.registered, {})},
      {"remainingResources", resources(instance.registered, state.used)},
      {"attributes", describe_attributes(state.attributes)},
      {"attachments", json::array{}},
      {"registeredAt", time_value(instance.registered_at, form)},
      {"versionInfo",
       {{"agentHash", instance.agent_hash},
        {"agentVersion", state.agent_version},
        {"dockerVersion", instance.docker_version}}},
  };
  if (form == Form::kEvent) {
    object["clusterArn"] = instance.cluster->arn;
    object["updatedAt"] = time_value(state.updated_at, form);
  } else {
    object["tags"] = instance.tags;
  }
  return object;
}

}  // namespace blox::simulator
