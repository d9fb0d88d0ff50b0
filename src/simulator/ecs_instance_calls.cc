// Register-, Deregister-, List- and DescribeContainerInstance(s), UpdateContainerInstancesState.
#include <optional>

#include "simulator/describe.h"
#include "simulator/ecs_attributes.h"
#include "simulator/ecs_calls.h"
#include "simulator/paging.h"
#include "simulator/spoilt.h"

namespace blox::simulator {
namespace {

namespace json = boost::json;

constexpr std::size_t kDescribeMax = 100;
constexpr std::size_t kUpdateMax = 10;

Ports read_port_texts(JsonInput& resource) {
  Ports ports;
  for (const std::string& text : resource.texts("stringSetValue", 1000)) {
    // Its digits were an agent's; anything else takes no port.
    if (!text.empty() && text.size() <= 5 &&
        text.find_first_not_of("0123456789") == std::string::npos) {
      ports.insert(std::stoll(text));
    }
  }
  return ports;
}

void read_resources(JsonInput& input, Capacity& capacity) {
  for (const json::object* entry : input.objects("totalResources", 20)) {
    JsonInput resource = input.within(*entry, "totalResources");
    const std::string name = resource.text("name");
    const auto number = resource.number("integerValue", 0, 0, 1'000'000'000);
    if (name == "CPU") capacity.cpu = number;
    if (name == "MEMORY") capacity.memory = number;
    if (name == "PORTS") capacity.ports = read_port_texts(resource);
    if (name == "PORTS_UDP") capacity.udp_ports = read_port_texts(resource);
    input.take_error(resource);
  }
}

// The identity document is JSON in a string; boto3 users often send none.
std::string read_ec2_instance_id(JsonInput& input) {
  const std::string document = input.text("instanceIdentityDocument");
  const auto parsed = parse_body(document);
  if (!parsed) {
    input.reject("instanceIdentityDocument", json::value(document), "a JSON object in a string");
    return {};
  }
  JsonInput identity = input.within(*parsed, "instanceIdentityDocument");
  std::string id = identity.text("instanceId");
  input.take_error(identity);
  return id;
}

constexpr std::string_view kKind = "container-instance";

Outcome<Instance*> get_instance(Simulator& simulator, JsonInput& input, const Cluster& cluster) {
  const std::string name = input.needed_text("containerInstance");
  if (input.failed()) return input.error();
  if (auto checked = check_identifiers(cluster, kKind, {name}); !checked) {
    return std::unexpected(checked.error());
  }
  Instance* instance = simulator.world.find_instance(cluster, name);
  if (instance == nullptr) {
    return refuse("ClientException", "containerInstance: '" + name + "' was not found.");
  }
  return instance;
}

json::object show(const Instance& instance) {
  return {{"containerInstance", describe(instance, instance.present(), Form::kApi)}};
}

}  // namespace

Outcome<json::object> register_container_instance(Simulator& simulator, JsonInput& input) {
  Machine machine;
  const std::string known = input.text("containerInstanceArn");
  machine.ec2_instance_id = read_ec2_instance_id(input);
  if (input.failed()) return input.error();
  const auto cluster = get_cluster(simulator, input);
  if (!cluster) return std::unexpected(cluster.error());
  Instance* instance = nullptr;
  if (!known.empty()) {
    instance = simulator.world.find_instance(**cluster, known);
    if (instance == nullptr) {
      return refuse("ClientException", "containerInstanceArn: '" + known + "' was not found.");
    }
    if (instance->present().status == InstanceStatusKind::kInactive) {
      return refuse("ClientException", "Container instance " + instance->id + " is inactive.");
    }
    // What the agent does not tell stays as it was.
    machine.capacity = instance->registered;
    machine.agent_version = instance->present().agent_version;
    machine.agent_hash = instance->agent_hash;
    machine.docker_version = instance->docker_version;
  }
  read_resources(input, machine.capacity);
  machine.attributes = read_attributes(input);
  machine.tags = input.list("tags");
  JsonInput version = input.within(input.object("versionInfo"), "versionInfo");
  machine.agent_version = version.text("agentVersion", machine.agent_version);
  machine.agent_hash = version.text("agentHash", machine.agent_hash);
  machine.docker_version = version.text("dockerVersion", machine.docker_version);
  input.take_error(version);
  if (input.failed()) return input.error();
  if (instance == nullptr) return show(simulator.agents.join(**cluster, std::move(machine)));
  simulator.agents.renew(*instance, std::move(machine));
  return show(*instance);
}

Outcome<json::object> deregister_container_instance(Simulator& simulator, JsonInput& input) {
  const bool force = input.flag("force");
  const auto cluster = get_cluster(simulator, input);
  if (!cluster) return std::unexpected(cluster.error());
  const auto instance = get_instance(simulator, input, **cluster);
  if (!instance) return std::unexpected(instance.error());
  if (auto ended = simulator.agents.deregister(**instance, force); !ended) {
    return std::unexpected(ended.error());
  }
  return show(**instance);
}

Outcome<json::object> update_container_instances_state(Simulator& simulator, JsonInput& input) {
  const auto names = input.texts("containerInstances", kUpdateMax);
  const std::string status = input.needed_text("status");
  if (names.empty()) {
    input.reject("containerInstances", json::array{}, "a list of 1 to 10 container instances");
  }
  if (status != "ACTIVE" && status != "DRAINING") {
    input.reject("status", json::value(status), "ACTIVE or DRAINING");
  }
  if (input.failed()) return input.error();
  const auto cluster = get_cluster(simulator, input);
  if (!cluster) return std::unexpected(cluster.error());
  if (auto checked = check_identifiers(**cluster, kKind, names); !checked) {
    return std::unexpected(checked.error());
  }
  json::array updated;
  json::array failures;
  for (const std::string& name : names) {
    Instance* instance = simulator.world.find_instance(**cluster, name);
    if (instance == nullptr) {
      failures.push_back(make_missing(simulator.world, **cluster, kKind, name));
      continue;
    }
    const auto kind =
        status == "ACTIVE" ? InstanceStatusKind::kActive : InstanceStatusKind::kDraining;
    if (simulator.agents.set_status(*instance, kind)) {
      updated.push_back(describe(*instance, instance->present(), Form::kApi));
    } else {
      failures.push_back(make_failure(instance->arn, "INACTIVE"));
    }
  }
  return json::object{{"containerInstances", std::move(updated)},
                      {"failures", std::move(failures)}};
}

Outcome<json::object> list_container_instances(Simulator& simulator, JsonInput& input) {
  const std::string filter = input.text("filter");
  const std::string status = input.one_of(
      "status", {"", "ACTIVE", "DRAINING", "REGISTERING", "DEREGISTERING", "REGISTRATION_FAILED"});
  const PageRequest page = read_page(input, "containerInstanceArns");
  if (!filter.empty()) {
    input.reject("filter", json::value(filter),
                 "empty: the simulator does not have the cluster query language");
  }
  if (input.failed()) return input.error();
  const auto cluster = get_cluster(simulator, input);
  if (!cluster) return std::unexpected(cluster.error());
  const InstanceStatus wanted = make_instance_status(status);
  const TimePoint moment = draw_view_time(simulator);
  return make_page(page, (*cluster)->instances,
                   [&](const std::string&, const Instance* instance) -> std::optional<json::value> {
                     const InstanceState* state = instance->states.as_of(moment);
                     if (state == nullptr) return std::nullopt;
                     const bool shown = status.empty()
                                            ? state->status != InstanceStatusKind::kInactive
                                            : state->status == wanted.kind;
                     return shown ? std::optional<json::value>{instance->arn} : std::nullopt;
                   });
}

Outcome<json::object> describe_container_instances(Simulator& simulator, JsonInput& input) {
  const auto names = input.texts("containerInstances", kDescribeMax);
  const bool with_tags = includes(input, "TAGS");
  if (names.empty()) {
    input.reject("containerInstances", json::array{}, "a list of 1 to 100 container instances");
  }
  if (input.failed()) return input.error();
  const auto cluster = get_cluster(simulator, input);
  if (!cluster) return std::unexpected(cluster.error());
  if (auto checked = check_identifiers(**cluster, kKind, names); !checked) {
    return std::unexpected(checked.error());
  }
  const TimePoint moment = draw_view_time(simulator);
  json::array instances;
  json::array failures;
  for (const std::string& name : names) {
    const Instance* instance = simulator.world.find_instance(**cluster, name);
    const InstanceState* state = instance == nullptr ? nullptr : instance->states.as_of(moment);
    if (state == nullptr) {
      failures.push_back(make_missing(simulator.world, **cluster, kKind, name));
      continue;
    }
    const Spoilt spoilt = spoilt_of(simulator.faults, instance->arn);
    if (spoilt != Spoilt::kNot) ++simulator.fault_counts.undescribed;
    if (spoilt == Spoilt::kLeftOut) {
      failures.push_back(make_failure(instance->arn, "INTERNAL"));
      continue;
    }
    json::object shown = describe(*instance, *state, Form::kApi);
    if (spoilt == Spoilt::kUnreadable) shown["status"] = 7;
    if (!with_tags) shown["tags"] = json::array{};
    instances.push_back(std::move(shown));
  }
  return json::object{{"containerInstances", std::move(instances)},
                      {"failures", std::move(failures)}};
}

}  // namespace blox::simulator
