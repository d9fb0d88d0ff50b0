#include "codec/ecs_calls.h"

#include "codec/ecs_calls_json.h"

namespace blox::codec {
namespace {

namespace json = boost::json;

template <class Id>
json::array to_array(const std::vector<Id>& ids) {
  json::array array;
  array.reserve(ids.size());
  for (const Id& id : ids) array.emplace_back(id.value);
  return array;
}

void set_unless_empty(json::object& object, std::string_view field, const std::string& text) {
  if (!text.empty()) object[field] = text;
}

}  // namespace

std::string encode_list_clusters(const std::string& next_token) {
  json::object request;
  set_unless_empty(request, "nextToken", next_token);
  return json::serialize(request);
}

std::string encode_describe_clusters(const std::string& cluster) {
  return json::serialize(json::object{{"clusters", json::array{cluster}}});
}

std::string encode_list_container_instances(const ClusterArn& cluster,
                                            const std::string& next_token) {
  json::object request{{"cluster", cluster.value}};
  set_unless_empty(request, "nextToken", next_token);
  return json::serialize(request);
}

std::string encode_describe_container_instances(
    const ClusterArn& cluster, const std::vector<ContainerInstanceArn>& instances) {
  return json::serialize(json::object{{"cluster", cluster.value},
                                      {"containerInstances", to_array(instances)},
                                      {"include", {"TAGS", "CONTAINER_INSTANCE_HEALTH"}}});
}

std::string encode_list_tasks(const ListTasksCall& call) {
  json::object request{{"cluster", call.cluster.value},
                       {"desiredStatus", call.stopped ? "STOPPED" : "RUNNING"}};
  set_unless_empty(request, "startedBy", call.started_by);
  if (call.container_instance) request["containerInstance"] = call.container_instance->value;
  set_unless_empty(request, "family", call.family);
  set_unless_empty(request, "nextToken", call.next_token);
  return json::serialize(request);
}

std::string encode_describe_tasks(const ClusterArn& cluster, const std::vector<TaskArn>& tasks) {
  return json::serialize(json::object{
      {"cluster", cluster.value}, {"tasks", to_array(tasks)}, {"include", json::array{"TAGS"}}});
}

std::string encode_describe_task_definition(const std::string& name) {
  return json::serialize(json::object{{"taskDefinition", name}});
}

std::string encode_start_task(const StartTaskCall& call) {
  json::object request{{"cluster", call.cluster.value},
                       {"taskDefinition", call.task_definition.value},
                       {"containerInstances", to_array(call.instances)}};
  set_unless_empty(request, "startedBy", call.started_by);
  set_unless_empty(request, "group", call.group);
  return json::serialize(request);
}

std::string encode_stop_task(const ClusterArn& cluster, const TaskArn& task,
                             const std::string& reason) {
  json::object request{{"cluster", cluster.value}, {"task", task.value}};
  set_unless_empty(request, "reason", reason);
  return json::serialize(request);
}

Result<EcsListPage> decode_list(std::string_view body, std::string_view field) {
  auto answer = aws_json::parse_answer(body);
  if (!answer) return std::unexpected(answer.error());
  const json::value* arns = answer->if_contains(field);
  if (arns == nullptr || !arns->is_array()) {
    return fail(ErrorKind::kInvalid, "field '" + std::string{field} + "' is missing or no list");
  }
  EcsListPage page;
  page.arns.reserve(arns->get_array().size());
  for (const json::value& arn : arns->get_array()) {
    if (!arn.is_string()) {
      return fail(ErrorKind::kInvalid, "field '" + std::string{field} + "' holds what is no text");
    }
    page.arns.push_back(aws_json::copy(arn.get_string()));
  }
  page.next_token = aws_json::find_text(*answer, "nextToken");
  return page;
}

Result<DescribeClustersAnswer> decode_describe_clusters(std::string_view body) {
  auto answer = aws_json::parse_answer(body);
  if (!answer) return std::unexpected(answer.error());
  DescribeClustersAnswer decoded;
  const Status clusters =
      aws_json::for_each_object(*answer, "clusters", [&](const json::object& cluster) -> Status {
        auto arn = aws_json::get_text(cluster, "clusterArn");
        if (!arn) return std::unexpected(arn.error());
        decoded.clusters.push_back(
            {ClusterArn{std::move(*arn)}, aws_json::find_text(cluster, "status")});
        return done();
      });
  if (!clusters) return std::unexpected(clusters.error());
  if (const Status failures = aws_json::decode_failures(*answer, decoded.failures); !failures) {
    return std::unexpected(failures.error());
  }
  return decoded;
}

namespace {

// An image's own check is none to ECS, and one of the command NONE switches that off, too. Source:
// API/HealthCheck; Docker Engine API, "Healthcheck".
bool has_health_check(const json::object& container) {
  const json::value* check = container.if_contains("healthCheck");
  if (check == nullptr || !check->is_object()) return false;
  const json::value* command = check->get_object().if_contains("command");
  if (command == nullptr || !command->is_array() || command->get_array().empty()) return true;
  return command->get_array().front() != "NONE";
}

bool is_essential(const json::object& container) {
  const json::value* essential = container.if_contains("essential");
  return essential == nullptr || !essential->is_bool() || essential->get_bool();
}

// What cannot be read is no health check: it must not cost the rest of the answer.
std::vector<std::string> find_checked_containers(const json::object& definition) {
  std::vector<std::string> checked;
  const json::value* containers = definition.if_contains("containerDefinitions");
  if (containers == nullptr || !containers->is_array()) return checked;
  for (const json::value& entry : containers->get_array()) {
    if (!entry.is_object()) continue;
    const json::object& container = entry.get_object();
    if (is_essential(container) && has_health_check(container)) {
      checked.push_back(aws_json::find_text(container, "name"));
    }
  }
  return checked;
}

}  // namespace

Result<DescribeTaskDefinitionAnswer> decode_describe_task_definition(std::string_view body) {
  auto answer = aws_json::parse_answer(body);
  if (!answer) return std::unexpected(answer.error());
  const json::value* definition = answer->if_contains("taskDefinition");
  if (definition == nullptr || !definition->is_object()) {
    return fail(ErrorKind::kInvalid, "field 'taskDefinition' is missing or no object");
  }
  auto arn = aws_json::get_text(definition->get_object(), "taskDefinitionArn");
  if (!arn) return arn.error_in("taskDefinition");
  const std::string status = aws_json::find_text(definition->get_object(), "status");
  DescribeTaskDefinitionAnswer decoded{TaskDefinitionArn{std::move(*arn)}, status == "ACTIVE", {}};
  decoded.checked_containers = find_checked_containers(definition->get_object());
  return decoded;
}

Result<StartTaskAnswer> decode_start_task(std::string_view body) {
  auto answer = aws_json::parse_answer(body);
  if (!answer) return std::unexpected(answer.error());
  StartTaskAnswer decoded;
  const Status tasks = aws_json::for_each_decodable(
      *answer, "tasks", decoded.failures, [&](const json::object& task) {
        std::string arn = aws_json::find_text(task, "taskArn");
        std::string instance = aws_json::find_text(task, "containerInstanceArn");
        if (arn.empty() || instance.empty()) {
          decoded.failures.push_back({std::move(arn), std::string{kUndecodable},
                                      "a task without its ARN or its instance"});
          return;
        }
        decoded.started.push_back(
            {TaskArn{std::move(arn)}, ContainerInstanceArn{std::move(instance)}});
      });
  if (!tasks) return std::unexpected(tasks.error());
  if (const Status failures = aws_json::decode_failures(*answer, decoded.failures); !failures) {
    return std::unexpected(failures.error());
  }
  return decoded;
}

}  // namespace blox::codec
