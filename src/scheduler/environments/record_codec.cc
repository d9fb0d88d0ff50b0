#include "scheduler/environments/record_codec.h"

#include <boost/json.hpp>
#include <utility>

#include "base/text.h"
#include "codec/field_reader.h"
#include "scheduler/environments/validation.h"

namespace blox::scheduler {
namespace {

using boost::json::object;
using codec::FieldReader;

constexpr std::int64_t kFormat = 1;

void put_rollout(object& record, const RolloutOptions& rollout) {
  record["maxUnavailable"] = format_max_unavailable(rollout.max_unavailable);
  record["drainDeadline"] = format_duration(rollout.drain_deadline);
  record["minHealthy"] = format_duration(rollout.min_healthy);
}

object start_record() { return object{{"v", kFormat}}; }

template <class Named>
boost::json::array to_array(const std::vector<Named>& names) {
  boost::json::array array;
  for (const auto& name : names) array.emplace_back(name.value);
  return array;
}

template <class Named>
std::vector<Named> to_names(std::vector<std::string> texts) {
  std::vector<Named> names;
  names.reserve(texts.size());
  for (auto& text : texts) names.emplace_back(std::move(text));
  return names;
}

template <class Enum>
Enum read_word(FieldReader& fields, std::string_view name, std::initializer_list<Enum> known) {
  const std::string word = fields.text(name);
  for (const Enum each : known) {
    if (to_text(each) == word) return each;
  }
  fields.refuse(name, "not a known word: " + quote(word));
  return *known.begin();
}

template <class Value>
Value read_parsed(FieldReader& fields, std::string_view name,
                  Result<Value> (*parse)(std::string_view)) {
  const auto parsed = parse(fields.text(name));
  if (parsed) return *parsed;
  fields.refuse(name, "not usable: " + parsed.error().message);
  return Value{};
}

// Records of before minHealthy have its default.
RolloutOptions read_rollout(FieldReader& fields) {
  RolloutOptions read;
  read.max_unavailable = read_parsed(fields, "maxUnavailable", &parse_max_unavailable);
  read.drain_deadline = read_parsed(fields, "drainDeadline", &parse_duration);
  if (fields.find_text("minHealthy")) {
    read.min_healthy = read_parsed(fields, "minHealthy", &parse_duration);
  }
  return read;
}

// Parses the value, checks the number of its format and lets `read` fill the record.
template <class Record, class Read>
Result<Record> decode(const store::KeyValue& entry, const Read& read) {
  const auto refuse = [&](const std::string& why) {
    return fail(ErrorKind::kInternal, "decode the record '" + entry.key + "': " + why);
  };
  if (!entry.value) return refuse("it has no value");
  const auto parsed = codec::parse_json_object(*entry.value);
  if (!parsed) return refuse(parsed.error().message);
  FieldReader fields{*parsed};
  const std::int64_t format = fields.integer("v");
  if (const auto status = fields.status(); !status) return refuse(status.error().message);
  if (format != kFormat) {
    return refuse("v is " + std::to_string(format) + ", this program knows 1");
  }
  Record record = read(fields);
  if (const auto status = fields.status(); !status) return refuse(status.error().message);
  record.mod_revision = entry.mod_revision;
  return record;
}

}  // namespace

std::string environment_key(const EnvironmentUid& uid) {
  return std::string{kEnvironmentsPrefix} + uid.value;
}
std::string name_key(const EnvironmentName& name) { return std::string{kNamesPrefix} + name.value; }
std::string deployment_key(const EnvironmentUid& uid, const DeploymentId& id) {
  return std::string{kDeploymentsPrefix} + uid.value + "/" + id.value;
}
std::string intent_key(const EnvironmentUid& uid, const ContainerInstanceArn& instance) {
  return std::string{kIntentsPrefix} + uid.value + "/" + instance.value;
}
std::string outcome_key(const EnvironmentUid& uid, const TaskArn& task) {
  return std::string{kOutcomesPrefix} + uid.value + "/" + task.value;
}
std::string emptied_key(const EnvironmentUid& uid, const ContainerInstanceArn& instance) {
  return std::string{kEmptiedPrefix} + uid.value + "/" + instance.value;
}

std::string_view to_text(DeploymentStatus status) {
  switch (status) {
    case DeploymentStatus::kPending: return "pending";
    case DeploymentStatus::kRunning: return "running";
    case DeploymentStatus::kCompleted: return "completed";
    case DeploymentStatus::kFailed: return "failed";
    case DeploymentStatus::kSuperseded: return "superseded";
  }
  return "pending";
}

std::string_view to_text(IntentKind kind) { return kind == IntentKind::kStart ? "start" : "stop"; }

std::string encode_record(const Environment& environment) {
  object record = start_record();
  record["uid"] = environment.uid.value;
  record["name"] = environment.name.value;
  record["cluster"] = environment.cluster.value;
  record["taskDefinition"] = environment.task_definition.value;
  record["deploymentToken"] = environment.deployment_token;
  record["tokenUsed"] = environment.token_used;
  put_rollout(record, environment.rollout);
  if (environment.deployment) record["deployment"] = environment.deployment->value;
  if (environment.deleting) {
    record["deleting"] = true;
    record["terminateTasks"] = environment.terminate_tasks;
  }
  record["createdAt"] = format_time(environment.created_at);
  return boost::json::serialize(record);
}

std::string encode_record(const Deployment& deployment) {
  object record = start_record();
  record["id"] = deployment.id.value;
  record["environment"] = deployment.environment.value;
  record["environmentName"] = deployment.environment_name.value;
  record["taskDefinition"] = deployment.task_definition.value;
  record["status"] = to_text(deployment.status);
  record["failedInstances"] = to_array(deployment.failed_instances);
  if (deployment.left_some_out) record["leftSomeOut"] = true;
  if (!deployment.reason.empty()) record["reason"] = deployment.reason;
  if (deployment.rollout) put_rollout(record, *deployment.rollout);
  record["createdAt"] = format_time(deployment.created_at);
  if (deployment.started_at) record["startedAt"] = format_time(*deployment.started_at);
  if (deployment.ended_at) record["endedAt"] = format_time(*deployment.ended_at);
  return boost::json::serialize(record);
}

std::string encode_record(const Intent& intent) {
  object record = start_record();
  record["kind"] = to_text(intent.kind);
  record["environment"] = intent.environment.value;
  record["instance"] = intent.instance.value;
  record["cluster"] = intent.cluster.value;
  record["deployment"] = intent.deployment.value;
  record["taskDefinition"] = intent.task_definition.value;
  record["group"] = intent.group;
  record["launchId"] = intent.launch_id;
  record["attempt"] = intent.attempt;
  record["knownTasks"] = to_array(intent.known_tasks);
  if (intent.task_created_at) record["taskCreatedAt"] = format_time(*intent.task_created_at);
  record["reason"] = intent.reason;
  record["createdAt"] = format_time(intent.created_at);
  return boost::json::serialize(record);
}

std::string encode_record(const Outcome& outcome) {
  object record = start_record();
  record["environment"] = outcome.environment.value;
  record["instance"] = outcome.instance.value;
  record["cluster"] = outcome.cluster.value;
  record["deployment"] = outcome.deployment.value;
  record["taskDefinition"] = outcome.task_definition.value;
  record["task"] = outcome.task.value;
  record["startedAt"] = format_time(outcome.started_at);
  return boost::json::serialize(record);
}

std::string encode_record(const Emptied& emptied) {
  object record = start_record();
  record["environment"] = emptied.environment.value;
  record["instance"] = emptied.instance.value;
  record["notedAt"] = format_time(emptied.noted_at);
  if (!emptied.task.value.empty()) record["task"] = emptied.task.value;
  if (!emptied.also_over.empty()) record["alsoOver"] = to_array(emptied.also_over);
  if (emptied.task_created_at) record["taskCreatedAt"] = format_time(*emptied.task_created_at);
  return boost::json::serialize(record);
}

std::string encode_name(const EnvironmentUid& uid) {
  object record = start_record();
  record["environment"] = uid.value;
  return boost::json::serialize(record);
}

Result<Environment> decode_environment(const store::KeyValue& entry) {
  return decode<Environment>(entry, [](FieldReader& fields) {
    Environment read;
    read.uid = EnvironmentUid{fields.text("uid")};
    read.name = EnvironmentName{fields.text("name")};
    read.cluster = ClusterArn{fields.text("cluster")};
    read.task_definition = TaskDefinitionArn{fields.text("taskDefinition")};
    read.deployment_token = fields.text("deploymentToken");
    read.token_used = fields.flag("tokenUsed");
    read.rollout = read_rollout(fields);
    if (auto id = fields.find_text("deployment")) read.deployment = DeploymentId{std::move(*id)};
    read.deleting = fields.flag("deleting");
    read.terminate_tasks = fields.flag("terminateTasks");
    read.created_at = fields.time("createdAt");
    return read;
  });
}

Result<Deployment> decode_deployment(const store::KeyValue& entry) {
  using enum DeploymentStatus;
  return decode<Deployment>(entry, [](FieldReader& fields) {
    Deployment read;
    read.id = DeploymentId{fields.text("id")};
    read.environment = EnvironmentUid{fields.text("environment")};
    read.environment_name = EnvironmentName{fields.text("environmentName")};
    read.task_definition = TaskDefinitionArn{fields.text("taskDefinition")};
    read.status =
        read_word(fields, "status", {kPending, kRunning, kCompleted, kFailed, kSuperseded});
    read.failed_instances = to_names<ContainerInstanceArn>(fields.texts("failedInstances"));
    read.left_some_out = fields.flag("leftSomeOut");
    read.reason = fields.text_or_empty("reason");
    if (fields.find_text("maxUnavailable")) read.rollout = read_rollout(fields);
    read.created_at = fields.time("createdAt");
    read.started_at = fields.find_time("startedAt");
    read.ended_at = fields.find_time("endedAt");
    return read;
  });
}

Result<Intent> decode_intent(const store::KeyValue& entry) {
  return decode<Intent>(entry, [](FieldReader& fields) {
    Intent read;
    read.kind = read_word(fields, "kind", {IntentKind::kStart, IntentKind::kStop});
    read.environment = EnvironmentUid{fields.text("environment")};
    read.instance = ContainerInstanceArn{fields.text("instance")};
    read.cluster = ClusterArn{fields.text("cluster")};
    read.deployment = DeploymentId{fields.text("deployment")};
    read.task_definition = TaskDefinitionArn{fields.text("taskDefinition")};
    read.group = fields.text("group");
    read.launch_id = fields.text("launchId");
    const std::int64_t attempt = fields.integer("attempt");
    if (!std::in_range<int>(attempt)) fields.refuse("attempt", "too large");
    read.attempt = static_cast<int>(attempt);
    read.known_tasks = to_names<TaskArn>(fields.texts("knownTasks"));
    read.task_created_at = fields.find_time("taskCreatedAt");
    read.reason = fields.text("reason");
    read.created_at = fields.time("createdAt");
    return read;
  });
}

Result<Outcome> decode_outcome(const store::KeyValue& entry) {
  return decode<Outcome>(entry, [](FieldReader& fields) {
    Outcome read;
    read.environment = EnvironmentUid{fields.text("environment")};
    read.instance = ContainerInstanceArn{fields.text("instance")};
    read.cluster = ClusterArn{fields.text("cluster")};
    read.deployment = DeploymentId{fields.text("deployment")};
    read.task_definition = TaskDefinitionArn{fields.text("taskDefinition")};
    read.task = TaskArn{fields.text("task")};
    read.started_at = fields.time("startedAt");
    return read;
  });
}

Result<Emptied> decode_emptied(const store::KeyValue& entry) {
  return decode<Emptied>(entry, [](FieldReader& fields) {
    Emptied read;
    read.environment = EnvironmentUid{fields.text("environment")};
    read.instance = ContainerInstanceArn{fields.text("instance")};
    read.noted_at = fields.time("notedAt");
    read.task = TaskArn{fields.text_or_empty("task")};
    read.also_over = to_names<TaskArn>(fields.texts("alsoOver"));
    read.task_created_at = fields.find_time("taskCreatedAt");
    return read;
  });
}

}  // namespace blox::scheduler
