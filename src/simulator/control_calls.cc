#include "simulator/control_calls.h"

#include <optional>

#include "model/arn.h"
#include "simulator/faults_json.h"

namespace blox::simulator {
namespace {

namespace json = boost::json;

constexpr std::int64_t kJoinMax = 10'000;

std::unexpected<ApiError> not_found(std::string message) {
  return std::unexpected<ApiError>(ApiError{"NotFoundException", std::move(message), 404});
}

std::unexpected<ApiError> wrong_method(std::string_view allowed) {
  return std::unexpected<ApiError>(ApiError{
      "MethodNotAllowedException", "Only " + std::string{allowed} + " is served here.", 405});
}

Outcome<json::object> add_instances(Simulator& simulator, JsonInput& input) {
  Machine machine;
  const std::string cluster = input.text("cluster", "default");
  const auto count = input.number("count", 1, 1, kJoinMax);
  machine.capacity.cpu = input.number("cpu", machine.capacity.cpu, 0, 1'000'000'000);
  machine.capacity.memory = input.number("memory", machine.capacity.memory, 0, 1'000'000'000);
  machine.ec2_instance_id = input.text("ec2InstanceId");
  machine.agent_version = input.text("agentVersion", machine.agent_version);
  JsonInput attributes = input.within(input.object("attributes"), "attributes");
  for (const auto& [name, value] : attributes.raw()) {
    const std::string_view key{name.data(), name.size()};
    machine.attributes[std::string{key}] = attributes.text(key);
  }
  input.take_error(attributes);
  if (!is_cluster_name(cluster)) {
    input.reject("cluster", json::value(cluster), "1 to 255 letters, digits, '-' and '_'");
  }
  if (input.failed()) return input.error();
  Cluster& joined = simulator.world.create_cluster(cluster);
  json::array arns;
  for (std::int64_t i = 0; i < count; ++i) {
    arns.emplace_back(simulator.agents.join(joined, machine).arn);
  }
  return json::object{{"clusterArn", joined.arn}, {"containerInstanceArns", std::move(arns)}};
}

Outcome<json::object> act_on_instance(Simulator& simulator, Instance& instance,
                                      std::string_view action) {
  Agents& agents = simulator.agents;
  Instance* shown = &instance;
  Outcome<void> outcome;
  if (action == "disconnect") {
    agents.disconnect(instance);
  } else if (action == "connect") {
    agents.connect(instance);
  } else if (action == "drain") {
    outcome = agents.set_status(instance, InstanceStatusKind::kDraining);
  } else if (action == "activate") {
    outcome = agents.set_status(instance, InstanceStatusKind::kActive);
  } else if (action == "rejoin") {
    shown = &agents.rejoin(instance);
  } else if (action == "deregister") {
    outcome = agents.deregister(instance, true);
  } else {
    return not_found("'" + std::string{action} +
                     "' is not one of disconnect, connect, drain, activate, rejoin, deregister.");
  }
  if (!outcome) return std::unexpected(outcome.error());
  const std::string_view status = format(InstanceStatus{shown->present().status, {}});
  return json::object{{"containerInstanceArn", shown->arn},
                      {"status", json::string_view{status.data(), status.size()}},
                      {"agentConnected", shown->present().agent_connected}};
}

Outcome<json::object> kill_task(Simulator& simulator, Task& task, JsonInput& input) {
  const auto exit_code = input.number("exitCode", 1, 0, 255);
  const std::string reason = input.text("reason", "Essential container in task exited");
  if (input.failed()) return input.error();
  simulator.lifecycle.die(task, exit_code, reason);
  return json::object{{"taskArn", task.arn}};
}

Outcome<json::object> act_on_queue(Simulator& simulator, std::string_view name,
                                   std::string_view action) {
  const auto queue = simulator.queues.find(name);
  if (queue == nullptr) return not_found("No queue '" + std::string{name} + "'.");
  if (action != "show") return not_found("'" + std::string{action} + "' is not show.");
  queue->show_hidden();
  return json::object{{"visible", queue->visible_count()}};
}

// Splits "ID/ACTION".
std::pair<std::string_view, std::string_view> split(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return {text, {}};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

Outcome<json::object> change_object(Simulator& simulator, std::string_view path, JsonInput& input) {
  const auto [kind, rest] = split(path);
  const auto [id, action] = split(rest);
  if (kind == "instances") {
    if (id.empty()) return add_instances(simulator, input);
    Instance* instance = simulator.world.find_instance(id);
    if (instance == nullptr) return not_found("No container instance '" + std::string{id} + "'.");
    return act_on_instance(simulator, *instance, action);
  }
  if (kind == "queues") return act_on_queue(simulator, id, action);
  Task* task = simulator.world.find_task(id);
  if (task == nullptr) return not_found("No task '" + std::string{id} + "'.");
  if (action != "kill") return not_found("'" + std::string{action} + "' is not kill.");
  return kill_task(simulator, *task, input);
}

}  // namespace

Outcome<json::object> execute_control(Simulator& simulator, std::string_view method,
                                      std::string_view path, std::string_view query,
                                      const json::object& body) {
  static constexpr std::string_view kPrefix = "/simulator/";
  static constexpr std::string_view kCluster = "cluster=";
  JsonInput input{body, "InvalidParameterException"};
  const std::string_view rest = path.starts_with(kPrefix) ? path.substr(kPrefix.size()) : path;
  if (rest == "faults") {
    if (method == "PUT") {
      const auto faults = read_faults(input, simulator.faults);
      if (!faults) return std::unexpected(faults.error());
      simulator.faults = *faults;
    } else if (method != "GET") {
      return wrong_method("GET and PUT");
    }
    return show_faults(simulator.faults);
  }
  if (rest == "judge" || rest == "state") {
    if (method != "GET") return wrong_method("GET");
    if (rest == "judge") return show_judge(simulator.judge);
    const bool named = query.starts_with(kCluster);
    return show_state(simulator, named ? query.substr(kCluster.size()) : std::string_view{});
  }
  const bool is_object = rest == "instances" || rest.starts_with("instances/") ||
                         rest.starts_with("tasks/") || rest.starts_with("queues/");
  if (!is_object && rest != "pause" && rest != "resume") {
    return not_found("Nothing is served under '" + std::string{path} + "'.");
  }
  if (method != "POST") return wrong_method("POST");
  if (is_object) return change_object(simulator, rest, input);
  if (rest == "pause") {
    simulator.timers.pause();
  } else {
    simulator.timers.resume();
  }
  return json::object{{"paused", simulator.timers.is_paused()}};
}

}  // namespace blox::simulator
