// Records through bytes and back, and what the decoders say of bytes that are not theirs.
#include "scheduler/environments/record_codec.h"

#include <gtest/gtest.h>

namespace blox::scheduler {
namespace {

constexpr WallTime kTime{std::chrono::milliseconds{1'800'000'000'123}};

store::KeyValue entry_of(std::string key, std::string value) {
  store::KeyValue entry;
  entry.key = std::move(key);
  entry.value = std::make_shared<const std::string>(std::move(value));
  entry.mod_revision = 7;
  return entry;
}

Environment full_environment() {
  Environment environment;
  environment.uid = EnvironmentUid{"u1"};
  environment.name = EnvironmentName{"logs"};
  environment.cluster = ClusterArn{"arn:aws:ecs:eu-west-1:123456789012:cluster/prod"};
  environment.task_definition =
      TaskDefinitionArn{"arn:aws:ecs:eu-west-1:123456789012:task-definition/logs:3"};
  environment.deployment_token = "token";
  environment.token_used = true;
  environment.rollout = {MaxUnavailable{10, true}, std::chrono::minutes{20},
                         std::chrono::seconds{45}};
  environment.deployment = DeploymentId{"d1"};
  environment.deleting = true;
  environment.terminate_tasks = true;
  environment.created_at = kTime;
  return environment;
}

Deployment full_deployment() {
  Deployment deployment;
  deployment.id = DeploymentId{"d1"};
  deployment.environment = EnvironmentUid{"u1"};
  deployment.environment_name = EnvironmentName{"logs"};
  deployment.task_definition = TaskDefinitionArn{"td:3"};
  deployment.status = DeploymentStatus::kSuperseded;
  deployment.failed_instances = {ContainerInstanceArn{"i1"}, ContainerInstanceArn{"i2"}};
  deployment.left_some_out = true;
  deployment.reason = "its tasks die early";
  deployment.rollout =
      RolloutOptions{MaxUnavailable{3, false}, std::chrono::minutes{1}, std::chrono::seconds{30}};
  deployment.created_at = kTime;
  deployment.started_at = kTime + std::chrono::seconds{1};
  deployment.ended_at = kTime + std::chrono::seconds{2};
  return deployment;
}

Intent full_intent() {
  Intent intent;
  intent.kind = IntentKind::kStop;
  intent.environment = EnvironmentUid{"u1"};
  intent.instance = ContainerInstanceArn{"i1"};
  intent.cluster = ClusterArn{"c"};
  intent.deployment = DeploymentId{"d1"};
  intent.task_definition = TaskDefinitionArn{"td:3"};
  intent.group = "blox:logs";
  intent.launch_id = "launch";
  intent.attempt = 3;
  intent.known_tasks = {TaskArn{"t1"}};
  intent.task_created_at = kTime;
  intent.reason = "outdated \"quoted\" ü";
  intent.created_at = kTime;
  return intent;
}

Outcome full_outcome() {
  Outcome outcome;
  outcome.environment = EnvironmentUid{"u1"};
  outcome.instance = ContainerInstanceArn{"i1"};
  outcome.cluster = ClusterArn{"c"};
  outcome.deployment = DeploymentId{"d1"};
  outcome.task_definition = TaskDefinitionArn{"td:3"};
  outcome.task = TaskArn{"t9"};
  outcome.started_at = kTime;
  return outcome;
}

Emptied full_emptied() {
  return {EnvironmentUid{"u1"},
          ContainerInstanceArn{"i1"},
          kTime,
          TaskArn{"t9"},
          {TaskArn{"t8"}},
          kTime};
}

// Equal bytes again after decoding, so that no field is lost on the way.
template <class Record>
void expect_round_trip(const Record& record, Result<Record> (*decode)(const store::KeyValue&)) {
  const std::string bytes = encode_record(record);
  const auto decoded = decode(entry_of("key", bytes));
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(encode_record(*decoded), bytes);
  EXPECT_EQ(decoded->mod_revision, 7);
}

TEST(RecordCodec, KeepsEveryField) {
  expect_round_trip(full_environment(), &decode_environment);
  expect_round_trip(full_deployment(), &decode_deployment);
  expect_round_trip(full_intent(), &decode_intent);
  expect_round_trip(full_outcome(), &decode_outcome);
  expect_round_trip(full_emptied(), &decode_emptied);
  expect_round_trip(Environment{}, &decode_environment);
  expect_round_trip(Deployment{}, &decode_deployment);
  expect_round_trip(Intent{}, &decode_intent);
  expect_round_trip(Outcome{}, &decode_outcome);
  expect_round_trip(Emptied{}, &decode_emptied);
}

// The bytes themselves: what stands in a store today has to be read for ever.
TEST(RecordCodec, WritesTheDocumentedBytes) {
  EXPECT_EQ(encode_record(full_environment()),
            R"({"v":1,"uid":"u1","name":"logs",)"
            R"("cluster":"arn:aws:ecs:eu-west-1:123456789012:cluster/prod",)"
            R"("taskDefinition":"arn:aws:ecs:eu-west-1:123456789012:task-definition/logs:3",)"
            R"("deploymentToken":"token","tokenUsed":true,"maxUnavailable":"10%",)"
            R"("drainDeadline":"20m","minHealthy":"45s","deployment":"d1","deleting":true,)"
            R"("terminateTasks":true,)"
            R"("createdAt":"2027-01-15T08:00:00.123Z"})");
  EXPECT_EQ(encode_record(full_deployment()),
            R"({"v":1,"id":"d1","environment":"u1","environmentName":"logs",)"
            R"("taskDefinition":"td:3","status":"superseded","failedInstances":["i1","i2"],)"
            R"("leftSomeOut":true,)"
            R"("reason":"its tasks die early","maxUnavailable":"3","drainDeadline":"1m",)"
            R"("minHealthy":"30s",)"
            R"("createdAt":"2027-01-15T08:00:00.123Z","startedAt":"2027-01-15T08:00:01.123Z",)"
            R"("endedAt":"2027-01-15T08:00:02.123Z"})");
  EXPECT_EQ(encode_record(full_intent()),
            R"({"v":1,"kind":"stop","environment":"u1","instance":"i1","cluster":"c",)"
            R"("deployment":"d1","taskDefinition":"td:3","group":"blox:logs",)"
            R"("launchId":"launch","attempt":3,"knownTasks":["t1"],)"
            R"("taskCreatedAt":"2027-01-15T08:00:00.123Z",)"
            R"("reason":"outdated \"quoted\" ü","createdAt":"2027-01-15T08:00:00.123Z"})");
  EXPECT_EQ(encode_record(full_outcome()),
            R"({"v":1,"environment":"u1","instance":"i1","cluster":"c","deployment":"d1",)"
            R"("taskDefinition":"td:3","task":"t9","startedAt":"2027-01-15T08:00:00.123Z"})");
  EXPECT_EQ(encode_record(full_emptied()),
            R"({"v":1,"environment":"u1","instance":"i1","notedAt":"2027-01-15T08:00:00.123Z",)"
            R"("task":"t9","alsoOver":["t8"],"taskCreatedAt":"2027-01-15T08:00:00.123Z"})");
}

// Written before a deployment had numbers of its own.
TEST(RecordCodec, ReadsRecordsOfBefore) {
  const auto environment = decode_environment(
      entry_of("key", R"({"v":1,"uid":"u1","name":"logs","cluster":"c","taskDefinition":"td:3",)"
                      R"("deploymentToken":"token","tokenUsed":true,"maxUnavailable":"10%",)"
                      R"("drainDeadline":"20m","createdAt":"2027-01-15T08:00:00.123Z"})"));
  ASSERT_TRUE(environment) << environment.error().message;
  EXPECT_EQ(environment->rollout.min_healthy, std::chrono::seconds{10});
  const auto deployment = decode_deployment(
      entry_of("key", R"({"v":1,"id":"d1","environment":"u1","environmentName":"logs",)"
                      R"("taskDefinition":"td:3","status":"running","failedInstances":[],)"
                      R"("createdAt":"2027-01-15T08:00:00.123Z"})"));
  ASSERT_TRUE(deployment) << deployment.error().message;
  EXPECT_FALSE(deployment->rollout);
  EXPECT_TRUE(deployment->reason.empty());
}

TEST(RecordCodec, SkipsFieldsOfALaterDay) {
  std::string bytes = encode_record(full_outcome());
  bytes.insert(1, R"("later":{"deep":[1,2]},)");
  EXPECT_TRUE(decode_outcome(entry_of("key", bytes)));
}

TEST(RecordCodec, NamesKeyAndFieldOfWhatItCannotRead) {
  const std::tuple<std::string, std::string, std::string> rows[] = {
      {"\"v\":1", "\"v\":2", "v is 2, this program knows 1"},
      {"\"v\":1,", "", "v is missing"},
      {"\"kind\":\"stop\"", "\"kind\":\"pause\"", "kind is not a known word: 'pause'"},
      {"\"attempt\":3", "\"attempt\":\"3\"", "attempt is not an integer of 64 bits"},
      {"\"attempt\":3", "\"attempt\":3000000000", "attempt is too large"},
      {"\"group\":\"blox:logs\",", "", "group is missing"},
      {"[\"t1\"]", "[1]", "knownTasks is not an array of strings"},
      {"2027-01-15T08:00:00.123Z", "soon", "taskCreatedAt is no time of RFC 3339: 'soon'"},
      {"\"createdAt\":\"2027-01-15T08:00:00.123Z\"", "\"createdAt\":\"soon\"",
       "createdAt is no time of RFC 3339: 'soon'"},
      {"{\"v\"", "[\"v\"", "not JSON: "},
  };
  for (const auto& [from, to, why] : rows) {
    std::string bytes = encode_record(full_intent());
    bytes.replace(bytes.find(from), from.size(), to);
    const auto decoded = decode_intent(entry_of("scheduler/intents/u1/i1", bytes));
    ASSERT_FALSE(decoded) << why;
    EXPECT_EQ(decoded.error().kind, ErrorKind::kInternal);
    EXPECT_TRUE(
        decoded.error().message.starts_with("decode the record 'scheduler/intents/u1/i1': " + why))
        << decoded.error().message;
  }
}

}  // namespace
}  // namespace blox::scheduler
