#include "codec/scheduler_objects.h"

#include <algorithm>
#include <charconv>

#include "codec/field_reader.h"

namespace blox::codec {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

void set_text(object& into, std::string_view name, const std::string& text) {
  if (!text.empty()) into[name] = text;
}
void set_time(object& into, std::string_view name, const std::optional<WallTime>& time) {
  if (time) into[name] = format_time(*time);
}

// A count is an integer, a percent a string.
value max_unavailable_value(const std::string& text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool is_count = error == std::errc{} && end == text.data() + text.size();
  return is_count ? value(count) : value(text);
}

object to_json(const EnvironmentObject& environment) {
  object json;
  json["name"] = environment.name;
  set_text(json, "deploymentToken", environment.deployment_token);
  json["instanceGroup"] = object{{"cluster", environment.cluster}};
  set_text(json, "taskDefinition", environment.task_definition);
  json["health"] = environment.health;
  set_text(json, "healthReason", environment.health_reason);
  if (!environment.max_unavailable.empty()) {
    json["maxUnavailable"] = max_unavailable_value(environment.max_unavailable);
  }
  set_text(json, "drainDeadline", environment.drain_deadline);
  set_text(json, "minHealthy", environment.min_healthy);
  set_text(json, "deploymentId", environment.deployment_id);
  set_time(json, "createdAt", environment.created_at);
  return json;
}

object to_json(const DeploymentObject& deployment) {
  object json;
  json["id"] = deployment.id;
  json["status"] = deployment.status;
  json["taskDefinition"] = deployment.task_definition;
  json["environmentName"] = deployment.environment_name;
  array failed;
  for (const auto& arn : deployment.failed_instances) failed.emplace_back(arn);
  json["failedInstances"] = std::move(failed);
  set_text(json, "reason", deployment.reason);
  set_time(json, "createdAt", deployment.created_at);
  set_time(json, "startedAt", deployment.started_at);
  set_time(json, "endedAt", deployment.ended_at);
  return json;
}

object to_json(const InstanceStatusObject& instance) {
  object json;
  json["containerInstanceARN"] = instance.container_instance_arn;
  json["state"] = instance.state;
  json["reason"] = instance.reason;
  set_text(json, "taskARN", instance.task_arn);
  return json;
}

object to_json(const AdoptionObject& adoption) {
  object json;
  json["taskARN"] = adoption.task_arn;
  json["containerInstanceARN"] = adoption.container_instance_arn;
  json["taskDefinition"] = adoption.task_definition;
  set_text(json, "startedBy", adoption.started_by);
  json["adopted"] = adoption.reason.empty();
  set_text(json, "reason", adoption.reason);
  return json;
}

template <class Object>
object items_to_json(const std::vector<Object>& items) {
  array json;
  for (const auto& item : items) json.emplace_back(to_json(item));
  return object{{"items", std::move(json)}};
}

template <class Object>
std::string page_to_text(const ObjectPage<Object>& page) {
  object json = items_to_json(page.items);
  set_text(json, "nextToken", page.next_token);
  return boost::json::serialize(json);
}

// A count in JSON may be an integer, or as text a percent.
std::string read_max_unavailable(const object& from) {
  const auto* found = from.if_contains("maxUnavailable");
  if (!found) return {};
  if (const auto* count = found->if_int64()) return std::to_string(*count);
  const auto* text = found->if_string();
  return text ? std::string{text->data(), text->size()} : std::string{};
}

Result<EnvironmentObject> read_environment(const object& json) {
  FieldReader fields{json};
  EnvironmentObject read;
  read.name = fields.text("name");
  read.deployment_token = fields.text_or_empty("deploymentToken");
  FieldReader group{fields.object("instanceGroup")};
  read.cluster = group.text("cluster");
  read.task_definition = fields.text_or_empty("taskDefinition");
  read.health = fields.text("health");
  read.health_reason = fields.text_or_empty("healthReason");
  read.max_unavailable = read_max_unavailable(json);
  read.drain_deadline = fields.text_or_empty("drainDeadline");
  read.min_healthy = fields.text_or_empty("minHealthy");
  read.deployment_id = fields.text_or_empty("deploymentId");
  read.created_at = fields.find_time("createdAt");
  if (const auto status = fields.status(); !status) return status.error_in("decode environment");
  if (const auto status = group.status(); !status) {
    return status.error_in("decode environment: instanceGroup");
  }
  return read;
}

Result<DeploymentObject> read_deployment(const object& json) {
  FieldReader fields{json};
  DeploymentObject read;
  read.id = fields.text("id");
  read.status = fields.text("status");
  read.task_definition = fields.text("taskDefinition");
  read.environment_name = fields.text("environmentName");
  read.failed_instances = fields.texts("failedInstances");
  read.reason = fields.text_or_empty("reason");
  read.created_at = fields.find_time("createdAt");
  read.started_at = fields.find_time("startedAt");
  read.ended_at = fields.find_time("endedAt");
  if (const auto status = fields.status(); !status) return status.error_in("decode deployment");
  return read;
}

Result<InstanceStatusObject> read_instance_status(const object& json) {
  FieldReader fields{json};
  InstanceStatusObject read;
  read.container_instance_arn = fields.text("containerInstanceARN");
  read.state = fields.text("state");
  read.reason = fields.text("reason");
  read.task_arn = fields.text_or_empty("taskARN");
  if (const auto status = fields.status(); !status) return std::unexpected(status.error());
  return read;
}

Result<AdoptionObject> read_adoption(const object& json) {
  FieldReader fields{json};
  AdoptionObject read;
  read.task_arn = fields.text("taskARN");
  read.container_instance_arn = fields.text("containerInstanceARN");
  read.task_definition = fields.text("taskDefinition");
  read.started_by = fields.text_or_empty("startedBy");
  read.reason = fields.text_or_empty("reason");
  if (const auto status = fields.status(); !status) return std::unexpected(status.error());
  return read;
}

// Items by `read_item`, and by `read_rest` what the list has besides.
template <class List, class Object>
Result<List> read_list(std::string_view json, Result<Object> (*read_item)(const object&),
                       void (*read_rest)(FieldReader&, List&)) {
  const auto parsed = parse_json_object(json);
  if (!parsed) return parsed.error_in("decode list");
  FieldReader fields{*parsed};
  List list;
  for (const auto* item : fields.objects("items")) {
    auto decoded = read_item(*item);
    if (!decoded) return decoded.error_in("decode list");
    list.items.push_back(std::move(*decoded));
  }
  read_rest(fields, list);
  if (const auto status = fields.status(); !status) return status.error_in("decode list");
  return list;
}

template <class Object>
Result<ObjectPage<Object>> read_page(std::string_view json, Result<Object> (*read)(const object&)) {
  return read_list<ObjectPage<Object>>(json, read, [](FieldReader& fields, auto& page) {
    page.next_token = fields.text_or_empty("nextToken");
  });
}

}  // namespace

std::string encode_object(const EnvironmentObject& environment) {
  return boost::json::serialize(to_json(environment));
}
std::string encode_object(const DeploymentObject& deployment) {
  return boost::json::serialize(to_json(deployment));
}
std::string encode_page(const ObjectPage<EnvironmentObject>& page) { return page_to_text(page); }
std::string encode_page(const ObjectPage<DeploymentObject>& page) { return page_to_text(page); }

std::string encode_list(const InstanceStatusList& list) {
  object json = items_to_json(list.items);
  set_time(json, "decidedAt", list.decided_at);
  return boost::json::serialize(json);
}

std::string encode_list(const AdoptionList& list) {
  object json = items_to_json(list.items);
  json["dryRun"] = list.dry_run;
  return boost::json::serialize(json);
}

Result<AdoptionList> decode_adoption_list(std::string_view json) {
  return read_list<AdoptionList>(json, &read_adoption, [](FieldReader& fields, auto& list) {
    list.dry_run = fields.flag("dryRun");
  });
}

Result<EnvironmentObject> decode_environment_object(std::string_view json) {
  const auto parsed = parse_json_object(json);
  if (!parsed) return parsed.error_in("decode environment");
  return read_environment(*parsed);
}

Result<DeploymentObject> decode_deployment_object(std::string_view json) {
  const auto parsed = parse_json_object(json);
  if (!parsed) return parsed.error_in("decode deployment");
  return read_deployment(*parsed);
}

Result<ObjectPage<EnvironmentObject>> decode_environment_page(std::string_view json) {
  return read_page(json, &read_environment);
}
Result<ObjectPage<DeploymentObject>> decode_deployment_page(std::string_view json) {
  return read_page(json, &read_deployment);
}

Result<InstanceStatusList> decode_instance_status_list(std::string_view json) {
  return read_list<InstanceStatusList>(
      json, &read_instance_status,
      [](FieldReader& fields, auto& list) { list.decided_at = fields.find_time("decidedAt"); });
}

std::string encode_request(const EnvironmentRequest& request) {
  object json;
  set_text(json, "name", request.name);
  if (!request.cluster.empty()) json["instanceGroup"] = object{{"cluster", request.cluster}};
  if (request.task_definition) json["taskDefinition"] = *request.task_definition;
  if (request.max_unavailable) {
    json["maxUnavailable"] = max_unavailable_value(*request.max_unavailable);
  }
  if (request.drain_deadline) json["drainDeadline"] = *request.drain_deadline;
  if (request.min_healthy) json["minHealthy"] = *request.min_healthy;
  return boost::json::serialize(json);
}

}  // namespace blox::codec
