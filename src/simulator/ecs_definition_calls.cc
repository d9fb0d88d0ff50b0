// RegisterTaskDefinition, DeregisterTaskDefinition, DescribeTaskDefinition and their lists.
#include <charconv>
#include <optional>

#include "model/arn.h"
#include "simulator/describe.h"
#include "simulator/ecs_calls.h"
#include "simulator/paging.h"

namespace blox::simulator {
namespace {

namespace json = boost::json;

// Source: service quotas of ECS: 10 containers a definition, 64 KB in all.
constexpr std::size_t kContainersMax = 10;
constexpr std::size_t kDefinitionBytesMax = 64 << 10;
constexpr std::int64_t kUnitsMax = 1'000'000'000;

json::object show(const TaskDefinition& definition) {
  json::object shown = definition.description;
  shown["status"] = definition.active ? "ACTIVE" : "INACTIVE";
  if (definition.deregistered_at) {
    shown["deregisteredAt"] = to_epoch(*definition.deregistered_at);
  }
  return shown;
}

void read_ports(JsonInput& input, bool host_network, ContainerShape& shape, Capacity& needs) {
  for (const json::object* mapping : input.objects("portMappings", 100)) {
    JsonInput port = input.within(*mapping, "portMappings");
    const auto container_port = port.number("containerPort", 0, 0, 65535);
    const auto host_port = port.number("hostPort", host_network ? container_port : 0, 0, 65535);
    const std::string protocol = port.one_of("protocol", {"tcp", "udp"});
    input.take_error(port);
    if (host_port == 0) continue;  // Drawn by the agent: takes nothing that could be lacking.
    (protocol == "udp" ? needs.udp_ports : needs.ports).insert(host_port);
    shape.network_bindings.push_back(json::object{{"bindIP", "0.0.0.0"},
                                                  {"containerPort", container_port},
                                                  {"hostPort", host_port},
                                                  {"protocol", protocol}});
  }
}

// Source: API/HealthCheck.
void read_health_check(JsonInput& input, ContainerShape& shape) {
  constexpr std::int64_t kInterval = 30;
  if (!input.has("healthCheck")) return;
  JsonInput check = input.within(input.object("healthCheck"), "healthCheck");
  if (check.texts("command", 100).empty()) {
    check.reject("command", json::array{}, "a list that begins with CMD or CMD-SHELL");
  }
  shape.check_interval = std::chrono::seconds{check.number("interval", kInterval, 5, 300)};
  input.take_error(check);
}

// Reads what tasks need of the containers, and fills in what ECS shows when left out.
json::array read_containers(JsonInput& input, bool host_network, TaskDefinition& definition) {
  const bool has_task_memory = input.has("memory");
  json::array shown;
  const auto containers = input.objects("containerDefinitions", kContainersMax);
  if (containers.empty()) {
    input.reject("containerDefinitions", json::array{}, "a list of 1 to 10 containers");
  }
  for (std::size_t i = 0; i < containers.size(); ++i) {
    JsonInput container =
        input.within(*containers[i], "containerDefinitions[" + std::to_string(i) + "]");
    ContainerShape shape;
    shape.name = container.needed_text("name");
    shape.image = container.needed_text("image");
    shape.cpu = container.number("cpu", 0, 0, kUnitsMax);
    const auto limit = container.number("memory", 0, 0, kUnitsMax);
    shape.memory = container.number("memoryReservation", limit, 0, kUnitsMax);
    if (shape.memory == 0 && !has_task_memory) {
      container.reject("memory", shape.memory,
                       "above 0: at least one of 'memory' or 'memoryReservation' must be "
                       "specified");
    }
    shape.essential = container.flag("essential", true);
    read_health_check(container, shape);
    read_ports(container, host_network, shape, definition.needs);
    input.take_error(container);
    definition.needs.cpu += shape.cpu;
    definition.needs.memory += shape.memory;
    json::object full = *containers[i];
    full["cpu"] = shape.cpu;
    for (const char* name : {"portMappings", "environment", "mountPoints", "volumesFrom"}) {
      full.emplace(name, json::array{});
    }
    full.emplace("essential", true);
    shown.push_back(std::move(full));
    definition.containers.push_back(std::move(shape));
  }
  return shown;
}

bool is_family(std::string_view text) { return is_cluster_name(text); }

}  // namespace

Outcome<json::object> register_task_definition(Simulator& simulator, JsonInput& request) {
  JsonInput input{request.raw(), "ClientException"};  // As ECS calls what is wrong with them.
  auto definition = std::make_shared<TaskDefinition>();
  definition->family = input.needed_text("family");
  const std::string network = input.one_of("networkMode", {"bridge", "host", "none", "awsvpc"});
  json::array containers = read_containers(input, network == "host", *definition);
  // On the level of the task they replace the sum of the containers.
  definition->needs.cpu = input.loose_number("cpu", definition->needs.cpu, 0, kUnitsMax);
  definition->needs.memory = input.loose_number("memory", definition->needs.memory, 0, kUnitsMax);
  definition->tags = input.list("tags");
  if (!is_family(definition->family)) {
    input.reject("family", json::value(definition->family),
                 "1 to 255 letters, digits, '-' and '_'");
  }
  if (input.failed()) return input.error();
  json::object description = input.raw();
  description.erase("tags");
  if (json::serialize(description).size() > kDefinitionBytesMax) {
    return refuse("ClientException", "The task definition is larger than 64 KB.");
  }
  auto& revisions = simulator.world.families()[definition->family];
  definition->revision = static_cast<std::int64_t>(revisions.size()) + 1;
  definition->arn = simulator.world.make_arn(
      "task-definition", definition->family + ":" + std::to_string(definition->revision));
  description["taskDefinitionArn"] = definition->arn;
  description["revision"] = definition->revision;
  description["containerDefinitions"] = std::move(containers);
  description["registeredAt"] = to_epoch(simulator.world.executor().wall_now());
  for (const char* name : {"volumes", "placementConstraints", "requiresAttributes"}) {
    description.emplace(name, json::array{});
  }
  description["compatibilities"] = json::array{"EC2"};
  definition->description = std::move(description);
  revisions.push_back(definition);
  return json::object{{"taskDefinition", show(*definition)}, {"tags", definition->tags}};
}

Outcome<std::shared_ptr<TaskDefinition>> get_definition(Simulator& simulator,
                                                        std::string_view name) {
  const auto missing = refuse("ClientException", "TaskDefinition not found.");
  const std::string_view id = name.starts_with("arn:") ? short_id(name) : name;
  const auto colon = id.rfind(':');
  const auto family = simulator.world.families().find(std::string{id.substr(0, colon)});
  if (family == simulator.world.families().end()) return missing;
  const auto& revisions = family->second;
  if (colon == std::string_view::npos) {
    for (auto one = revisions.rbegin(); one != revisions.rend(); ++one) {
      if ((*one)->active) return *one;
    }
    return missing;
  }
  const std::string_view digits = id.substr(colon + 1);
  std::size_t revision = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), revision);
  if (error != std::errc{} || end != digits.data() + digits.size() || revision == 0 ||
      revision > revisions.size()) {
    return missing;
  }
  const auto& found = revisions[revision - 1];
  if (name.starts_with("arn:") && name != found->arn) return missing;
  return found;
}

Outcome<json::object> deregister_task_definition(Simulator& simulator, JsonInput& input) {
  const std::string name = input.needed_text("taskDefinition");
  if (input.failed()) return input.error();
  const std::string_view id = name.starts_with("arn:") ? short_id(name) : name;
  if (id.find(':') == std::string_view::npos) {
    return refuse("ClientException", "Revision is missing.");
  }
  auto definition = get_definition(simulator, name);
  if (!definition) return std::unexpected(definition.error());
  if ((*definition)->active) {
    (*definition)->active = false;
    (*definition)->deregistered_at = simulator.world.executor().wall_now();
  }
  return json::object{{"taskDefinition", show(**definition)}};
}

Outcome<json::object> describe_task_definition(Simulator& simulator, JsonInput& input) {
  const std::string name = input.needed_text("taskDefinition");
  const bool with_tags = includes(input, "TAGS");
  if (input.failed()) return input.error();
  const auto definition = get_definition(simulator, name);
  // The words of ECS: callers tell by them that it is missing.
  if (!definition) return refuse("ClientException", "Unable to describe task definition.");
  return json::object{{"taskDefinition", show(**definition)},
                      {"tags", with_tags ? (*definition)->tags : json::array{}}};
}

Outcome<json::object> list_task_definitions(Simulator& simulator, JsonInput& input) {
  const std::string prefix = input.text("familyPrefix");
  const bool active = input.one_of("status", {"ACTIVE", "INACTIVE"}) == "ACTIVE";
  const bool descending = input.one_of("sort", {"ASC", "DESC"}) == "DESC";
  const PageRequest page = read_page(input, "taskDefinitionArns");
  if (input.failed()) return input.error();
  // The sort key gives families in their order and revisions by number; a letter that no family
  // has lets "a" stand before "a-b". DESC turns both around.
  using Order = bool (*)(const std::string&, const std::string&);
  const Order up = [](const std::string& left, const std::string& right) { return left < right; };
  const Order down = [](const std::string& left, const std::string& right) { return left > right; };
  std::map<std::string, const TaskDefinition*, Order> sorted{descending ? down : up};
  for (const auto& [family, revisions] : simulator.world.families()) {
    if (!prefix.empty() && family != prefix) continue;
    for (const auto& definition : revisions) {
      std::string digits = std::to_string(definition->revision);
      digits.insert(0, 12 - digits.size(), '0');
      sorted.emplace(family + "\t" + digits, definition.get());
    }
  }
  return make_page(page, sorted, [active](const std::string&, const TaskDefinition* definition) {
    return definition->active == active ? std::optional<json::value>{definition->arn}
                                        : std::nullopt;
  });
}

Outcome<json::object> list_task_definition_families(Simulator& simulator, JsonInput& input) {
  const std::string prefix = input.text("familyPrefix");
  const std::string status = input.one_of("status", {"ALL", "ACTIVE", "INACTIVE"});
  const PageRequest page = read_page(input, "families");
  if (input.failed()) return input.error();
  return make_page(
      page, simulator.world.families(), [&](const std::string& family, const auto& revisions) {
        bool has_active = false;
        for (const auto& one : revisions) has_active = has_active || one->active;
        const bool wanted = status == "ALL" || has_active == (status == "ACTIVE");
        return wanted && family.starts_with(prefix) ? std::optional<json::value>{family}
                                                    : std::nullopt;
      });
}

}  // namespace blox::simulator
