// StartTask, RunTask, StopTask, ListTasks, DescribeTasks.
#include <algorithm>
#include <optional>

#include "model/arn.h"
#include "simulator/describe.h"
#include "simulator/ecs_calls.h"
#include "simulator/paging.h"
#include "simulator/spoilt.h"

namespace blox::simulator {
namespace {

namespace json = boost::json;

// Source: botocore's model of ECS: lengths of startedBy, and its alphabet.
constexpr std::size_t kStartTaskStartedByMax = 36;
constexpr std::size_t kRunTaskStartedByMax = 128;
constexpr std::size_t kStartInstancesMax = 10;
constexpr std::size_t kDescribeMax = 100;

bool is_started_by(std::string_view text) {
  return std::ranges::all_of(text, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' || letter == '/';
  });
}

// Overrides of containers by their names, which the definition must have; ECS shows an entry for
// each container, with its name alone if nothing is overridden.
Outcome<json::array> read_overrides(JsonInput& input, const TaskDefinition& definition) {
  JsonInput overrides = input.within(input.object("overrides"), "overrides");
  json::array shown;
  std::vector<std::string> named;
  for (const json::object* entry : overrides.objects("containerOverrides", 100)) {
    JsonInput one = overrides.within(*entry, "containerOverrides");
    named.push_back(one.text("name"));
    overrides.take_error(one);
    shown.push_back(*entry);
  }
  input.take_error(overrides);
  if (input.failed()) return input.error();
  for (const std::string& name : named) {
    if (std::ranges::find(definition.containers, name, &ContainerShape::name) ==
        definition.containers.end()) {
      return refuse("InvalidParameterException", "Override for container named " + name +
                                                     " is not a container in the TaskDefinition.");
    }
  }
  for (const ContainerShape& container : definition.containers) {
    if (std::ranges::find(named, container.name) == named.end()) {
      shown.push_back(json::object{{"name", container.name}});
    }
  }
  return shown;
}

Outcome<LaunchRequest> read_launch(Simulator& simulator, JsonInput& input,
                                   std::size_t started_by_max) {
  LaunchRequest request;
  const std::string name = input.needed_text("taskDefinition");
  request.started_by = input.text("startedBy");
  request.group = input.text("group");
  request.overrides = input.object("overrides");
  request.tags = input.list("tags");
  if (request.started_by.size() > started_by_max || !is_started_by(request.started_by)) {
    input.reject("startedBy", json::value(request.started_by),
                 "up to " + std::to_string(started_by_max) + " letters, digits, '-', '_', '/'");
  }
  if (input.failed()) return input.error();
  const auto cluster = get_cluster(simulator, input);
  if (!cluster) return std::unexpected(cluster.error());
  request.cluster = *cluster;
  const auto definition = get_definition(simulator, name);
  if (!definition) return std::unexpected(definition.error());
  if (!(*definition)->active) {
    return refuse("InvalidParameterException", "TaskDefinition is inactive");
  }
  const auto& revisions = simulator.faults.revisions;
  const auto faults = revisions.find(name_of(**definition));
  if (faults != revisions.end() && faults->second.denied) {
    return refuse("AccessDeniedException",
                  "not authorized to perform: iam:PassRole on the role of " + (*definition)->arn);
  }
  request.definition = *definition;
  if (request.group.empty()) request.group = "family:" + (*definition)->family;
  auto overrides = read_overrides(input, **definition);
  if (!overrides) return std::unexpected(overrides.error());
  request.overrides["containerOverrides"] = std::move(*overrides);
  request.overrides.emplace("inferenceAcceleratorOverrides", json::array{});
  return request;
}

json::object show(LaunchAnswer answer) {
  json::array tasks;
  for (auto& task : answer.tasks) tasks.push_back(std::move(task.description));
  json::array failures;
  for (const auto& failure : answer.failures) {
    json::object shown = make_failure(failure.arn, failure.reason);
    if (failure.arn.empty()) shown.erase("arn");
    if (!failure.detail.empty()) shown["detail"] = failure.detail;
    failures.push_back(std::move(shown));
  }
  return {{"tasks", std::move(tasks)}, {"failures", std::move(failures)}};
}

// "ec2InstanceId in [i-1, i-2]", with or without quotes, or "ec2InstanceId == i-1".
Outcome<std::vector<std::string>> read_instance_expression(std::string_view text) {
  static constexpr std::string_view kSubject = "ec2InstanceId";
  const auto refused =
      refuse("InvalidParameterException",
             "placementConstraints: '" + std::string{text} +
                 "' is not an expression of the form ec2InstanceId in [ID, …], the only one that "
                 "the simulator knows");
  if (!text.starts_with(kSubject)) return refused;
  std::string rest;
  for (const char letter : text.substr(kSubject.size())) {
    if (letter != ' ' && letter != '\'' && letter != '"') rest.push_back(letter);
  }
  if (rest.starts_with("==")) {
    rest = rest.substr(2);
  } else if (rest.starts_with("in[") && rest.ends_with("]")) {
    rest = rest.substr(3, rest.size() - 4);
  } else {
    return refused;
  }
  std::vector<std::string> ids;
  for (std::size_t start = 0; start <= rest.size();) {
    const auto end = std::min(rest.find(',', start), rest.size());
    ids.push_back(rest.substr(start, end - start));
    if (ids.back().empty()) return refused;
    start = end + 1;
  }
  return ids;
}

}  // namespace

Outcome<json::object> start_task(Simulator& simulator, JsonInput& input) {
  const auto instances = input.texts("containerInstances", kStartInstancesMax);
  if (instances.empty()) {
    input.reject("containerInstances", json::array{}, "a list of 1 to 10 container instances");
  }
  const auto request = read_launch(simulator, input, kStartTaskStartedByMax);
  if (!request) return std::unexpected(request.error());
  if (auto checked = check_identifiers(*request->cluster, "container-instance", instances);
      !checked) {
    return std::unexpected(checked.error());
  }
  for (const std::string& name : instances) {
    if (std::ranges::count(simulator.faults.refused_instances, short_id(name)) == 0) continue;
    return refuse("InvalidParameterException",
                  "The container instance " + name + " cannot be used with StartTask.");
  }
  return show(simulator.launches.start(*request, instances));
}

Outcome<json::object> run_task(Simulator& simulator, JsonInput& input) {
  Launches::Placement placement;
  placement.count = static_cast<std::size_t>(input.number("count", 1, 1, 10));
  placement.client_token = input.text("clientToken");
  if (placement.client_token.size() > 64) {
    input.reject("clientToken", json::value(placement.client_token), "up to 64 characters");
  }
  placement.fingerprint = json::serialize(input.raw());
  for (const json::object* constraint : input.objects("placementConstraints", 10)) {
    JsonInput one = input.within(*constraint, "placementConstraints");
    const std::string type = one.one_of("type", {"distinctInstance", "memberOf"});
    const std::string expression = one.text("expression");
    input.take_error(one);
    if (type == "distinctInstance") {
      placement.distinct_instances = true;
      continue;
    }
    auto ids = read_instance_expression(expression);
    if (!ids) return std::unexpected(ids.error());
    placement.ec2_instance_ids = std::move(*ids);
  }
  const auto request = read_launch(simulator, input, kRunTaskStartedByMax);
  if (!request) return std::unexpected(request.error());
  auto answer = simulator.launches.run(*request, placement);
  if (!answer) return std::unexpected(answer.error());
  return show(std::move(*answer));
}

Outcome<json::object> stop_task(Simulator& simulator, JsonInput& input) {
  const std::string name = input.needed_text("task");
  const std::string reason = input.text("reason");
  if (input.failed()) return input.error();
  const auto cluster = get_cluster(simulator, input);
  if (!cluster) return std::unexpected(cluster.error());
  if (auto checked = check_identifiers(**cluster, "task", {name}); !checked) {
    return std::unexpected(checked.error());
  }
  Task* task = simulator.world.find_task(**cluster, name);
  if (task == nullptr) {
    return refuse("InvalidParameterException",
                  "The referenced task was not found: '" + name + "'.");
  }
  simulator.launches.stop(*task, reason);
  return json::object{{"task", describe(*task, task->present(), Form::kApi)}};
}

Outcome<json::object> list_tasks(Simulator& simulator, JsonInput& input) {
  const std::string started_by = input.text("startedBy");
  const std::string family = input.text("family");
  const std::string instance_name = input.text("containerInstance");
  const std::string service = input.text("serviceName");
  const std::string daemon = input.text("daemonName");
  const std::string launch_type =
      input.one_of("launchType", {"", "EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"});
  const std::string desired = input.one_of("desiredStatus", {"RUNNING", "STOPPED", "PENDING"});
  const PageRequest page = read_page(input, "taskArns");
  if (input.failed()) return input.error();
  const auto cluster = get_cluster(simulator, input);
  if (!cluster) return std::unexpected(cluster.error());
  // The desired status does not count as a filter: callers of ECS give both.
  if (!started_by.empty() && !(family + instance_name + service + daemon + launch_type).empty()) {
    return refuse("InvalidParameterException", "cannot specify startedBy with other arguments");
  }
  if (!service.empty()) return refuse("ServiceNotFoundException", "Service not found.");
  const std::map<std::string, Task*>* candidates = &(*cluster)->tasks;
  if (!started_by.empty()) candidates = &simulator.world.tasks_started_by(started_by);
  if (!instance_name.empty()) {
    if (auto checked = check_identifiers(**cluster, "container-instance", {instance_name});
        !checked) {
      return std::unexpected(checked.error());
    }
    const Instance* instance = simulator.world.find_instance(**cluster, instance_name);
    if (instance == nullptr) {
      return refuse("InvalidParameterException",
                    "containerInstance: '" + instance_name + "' was not found.");
    }
    candidates = &instance->tasks;
  }
  // Nothing here belongs to a daemon of ECS or to another launch type; desiredStatus PENDING is
  // never met. Source: API reference, ListTasks.
  const bool none =
      desired == "PENDING" || !daemon.empty() || (!launch_type.empty() && launch_type != "EC2");
  const TaskStatusKind wanted =
      desired == "STOPPED" ? TaskStatusKind::kStopped : TaskStatusKind::kRunning;
  const TimePoint moment = draw_view_time(simulator);
  return make_page(page, *candidates,
                   [&](const std::string&, const Task* task) -> std::optional<json::value> {
                     const TaskState* state = none ? nullptr : task->states.as_of(moment);
                     const bool shown = state != nullptr && state->desired_status == wanted &&
                                        task->instance->cluster == *cluster &&
                                        (family.empty() || task->definition->family == family);
                     return shown ? std::optional<json::value>{task->arn} : std::nullopt;
                   });
}

Outcome<json::object> describe_tasks(Simulator& simulator, JsonInput& input) {
  const auto names = input.texts("tasks", kDescribeMax);
  const bool with_tags = includes(input, "TAGS");
  if (names.empty()) input.reject("tasks", json::array{}, "a list of 1 to 100 tasks");
  if (input.failed()) return input.error();
  const auto cluster = get_cluster(simulator, input);
  if (!cluster) return std::unexpected(cluster.error());
  if (auto checked = check_identifiers(**cluster, "task", names); !checked) {
    return std::unexpected(checked.error());
  }
  const TimePoint moment = draw_view_time(simulator);
  json::array tasks;
  json::array failures;
  for (const std::string& name : names) {
    const Task* task = simulator.world.find_task(**cluster, name);
    const TaskState* state = task == nullptr ? nullptr : task->states.as_of(moment);
    if (state == nullptr) {
      failures.push_back(make_missing(simulator.world, **cluster, "task", name));
      continue;
    }
    const Spoilt spoilt = spoilt_of(simulator.faults, task->arn);
    if (spoilt != Spoilt::kNot) ++simulator.fault_counts.undescribed;
    if (spoilt == Spoilt::kLeftOut) {
      failures.push_back(make_failure(task->arn, "INTERNAL"));
      continue;
    }
    json::object shown = describe(*task, *state, Form::kApi);
    if (spoilt == Spoilt::kUnreadable) shown["lastStatus"] = 7;
    if (!with_tags) shown["tags"] = json::array{};
    tasks.push_back(std::move(shown));
  }
  return json::object{{"tasks", std::move(tasks)}, {"failures", std::move(failures)}};
}

}  // namespace blox::simulator
