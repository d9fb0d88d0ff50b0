// Events as ECS sends them, and what is refused of them.
#include "codec/ecs_event.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <tuple>

#include "codec/stored.h"

namespace blox::codec {
namespace {

std::string fixture(const std::string& name) {
  std::ifstream file{std::filesystem::path{BLOX_FIXTURES} / name};
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>{file}, {}};
}

TEST(EcsEvent, ReportsATask) {
  const auto event = decode_ecs_event(fixture("task_running.json"));
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(format_time(event->time), "2026-08-20T10:00:03.000Z");
  const auto& report = std::get<TaskReport>(event->what);
  EXPECT_EQ(report.arn.value,
            "arn:aws:ecs:eu-west-1:123456789012:task/prod/9f8e7d6c5b4a39281706f5e4d3c2b1a0");
  EXPECT_EQ(report.version, EcsVersion{3});
  EXPECT_TRUE(report.last_status.is_running());
  EXPECT_TRUE(report.container_instance);
  EXPECT_TRUE(report.describe_only.empty());
  EXPECT_TRUE(report.detail.starts_with('{') && report.detail.ends_with('}'));
  EXPECT_NE(report.detail.find("enableExecuteCommand"), std::string::npos) << "unknown fields stay";

  const auto task = decode_task_detail(report.detail);
  ASSERT_TRUE(task) << task.error().message;
  EXPECT_EQ(task->containers.at(0).network_bindings.at(0),
            (NetworkBinding{"0.0.0.0", 5140, 32771, "udp"}));
  EXPECT_EQ(task->container_overrides.at(0).command.at(2), "collector \"eu\"");
  EXPECT_EQ(task->container_overrides.at(0).environment.at(0),
            (std::pair<std::string, std::string>{"TIER", "prod"}));
  EXPECT_EQ(task->task_role_arn, "arn:aws:iam::123456789012:role/shipper");
  EXPECT_EQ(task->group, "blox:logs");
}

TEST(EcsEvent, ReportsTheEndOfATask) {
  const auto event = decode_ecs_event(fixture("task_stopped.json"));
  ASSERT_TRUE(event) << event.error().message;
  const auto task = decode_task_detail(std::get<TaskReport>(event->what).detail);
  ASSERT_TRUE(task);
  EXPECT_TRUE(task->last_status.is_final());
  EXPECT_EQ(task->containers.at(0).exit_code, 137);
  EXPECT_EQ(task->stop_code, "EssentialContainerExited");
}

TEST(EcsEvent, TakesTasksWithoutInstanceAndShortArnsOfAnyPartition) {
  const auto fargate = decode_ecs_event(fixture("task_fargate.json"));
  ASSERT_TRUE(fargate) << fargate.error().message;
  EXPECT_FALSE(std::get<TaskReport>(fargate->what).container_instance);
  const auto china = decode_ecs_event(fixture("task_short_arn_china.json"));
  ASSERT_TRUE(china) << china.error().message;
  EXPECT_EQ(cluster_name(std::get<TaskReport>(china->what).cluster), "edge");
}

TEST(EcsEvent, ReportsAnInstance) {
  const auto event = decode_ecs_event(fixture("instance_active.json"));
  ASSERT_TRUE(event) << event.error().message;
  const auto& report = std::get<InstanceReport>(event->what);
  EXPECT_EQ(report.version, EcsVersion{41});
  const auto instance = decode_instance_detail(report.detail);
  ASSERT_TRUE(instance);
  EXPECT_EQ(instance->registered_resources,
            (std::vector<Resource>{{"CPU", "INTEGER", "2048"},
                                   {"MEMORY", "LONG", "7680"},
                                   {"GPU_SHARE", "DOUBLE", "1.50"},
                                   {"PORTS", "STRINGSET", "22,2375,51678"}}));
  EXPECT_TRUE(instance->agent_connected);
  EXPECT_EQ(instance->attributes.at(1), (Attribute{"rack", ""}));
  EXPECT_EQ(instance->docker_version, "DockerVersion: 25.0.8");
}

TEST(EcsEvent, KeepsAllOtherTypesWhole) {
  for (const auto& [name, type] : {std::pair{"service_action.json", "ECS Service Action"},
                                   std::pair{"unknown_type.json", "ECS Tea Break"}}) {
    const std::string body = fixture(name);
    const auto event = decode_ecs_event(body);
    ASSERT_TRUE(event) << event.error().message;
    const auto& kept = std::get<StoredEvent>(event->what);
    EXPECT_EQ(kept.detail_type, type);
    EXPECT_EQ(kept.raw, body);
    EXPECT_EQ(kept.cluster, "arn:aws:ecs:eu-west-1:123456789012:cluster/prod") << name;
  }
}

// One text or number that no parser takes must not cost the event.
TEST(EcsEvent, TakesWhatIsAlmostJson) {
  const std::string good = fixture("task_running.json");
  using namespace std::string_literals;
  const std::pair<std::string, std::string> rows[] = {
      {R"("half \ud83d")", "half \xef\xbf\xbd"},
      {"\"raw \x01\"", "raw \x01"},
      {"\"bad \xff\"", "bad \xef\xbf\xbd"},
      {R"("odd \q")", "odd \xef\xbf\xbdq"},
      {"1e999", ""},
      {"NaN", ""},
      {"99999999999999999999999", ""},
  };
  for (const auto& [given, expected] : rows) {
    std::string body = good;
    body.replace(body.find(R"("version": 3)"), 0, R"("stoppedReason": )" + given + ",");
    const auto event = decode_ecs_event(body);
    ASSERT_TRUE(event) << given << ": " << event.error().message;
    EXPECT_TRUE(event->repaired) << given;
    const auto& report = std::get<TaskReport>(event->what);
    EXPECT_EQ(report.version, EcsVersion{3});
    const auto stored =
        decode_stored_task(encode_stored({report.detail, {}, std::nullopt, WallTime{}}));
    ASSERT_TRUE(stored) << given << ": what is stored is read back";
    EXPECT_EQ(std::get<StoredTask>(*stored).object.stopped_reason, expected) << given;
  }
  EXPECT_FALSE(decode_ecs_event(good)->repaired);
  // A number that cannot be understood is never replaced by one that might be right.
  for (const char* version : {"99999999999999999999999", "1e999", "NaN"}) {
    std::string body = good;
    body.replace(body.find(R"("version": 3)"), 12, R"("version": )" + std::string{version});
    const auto event = decode_ecs_event(body);
    ASSERT_FALSE(event) << version;
    EXPECT_NE(event.error().message.find("detail.version"), std::string::npos);
  }
}

// Each of these bytes becomes six: what is taken has the bound that a message has.
TEST(EcsEvent, RefusesWhatIsTooLargeOnceItIsRepaired) {
  for (const auto& [bytes, fits] :
       {std::pair{kEventBytesMax / 8, true}, {kEventBytesMax / 4, false}}) {
    std::string body = fixture("task_running.json");
    body.replace(body.find(R"("version": 3)"), 0,
                 R"("stoppedReason": ")" + std::string(bytes, '\x01') + "\",");
    EXPECT_EQ(decode_ecs_event(body).has_value(), fits);
  }
}

TEST(EcsEvent, KeepsAnEventOfAnotherTypeThatIsAlmostJson) {
  std::string body = fixture("unknown_type.json");
  body.replace(body.rfind('}'), 0, R"(,"more":"\ud83d")");
  const auto event = decode_ecs_event(body);
  ASSERT_TRUE(event) << event.error().message;
  const auto& kept = std::get<StoredEvent>(event->what);
  EXPECT_TRUE(decode_stored_event(encode_stored_event(kept))) << "what is stored is read back";
}

TEST(EcsEvent, NamesTheFieldItRefuses) {
  const std::string good = fixture("task_running.json");
  const std::string instance = fixture("instance_active.json");
  const std::tuple<std::string, const char*, const char*, const char*> rows[] = {
      {good, R"("detail-type")", R"("detail-kind")", "detail-type"},
      {good, R"("time": "2026)", R"("time": "x2026)", "time"},
      {good, R"("id")", R"("di")", "id "},
      {good, R"("source": "aws.ecs")", R"("source": "my.app")", "source is 'my.app'"},
      {good, R"("source": "aws.ecs")", R"("sauce": "aws.ecs")", "source is missing"},
      {instance, R"("source": "aws.ecs")", R"("source": "aws.ec2")", "source is 'aws.ec2'"},
      {good, R"("detail": {)", R"("detail": [{)", "not a JSON object"},
      {good, R"("detail":)", R"("details":)", "detail is"},
      {good, R"("version": 3)", R"("version": "3")", "detail.version"},
      {good, R"("version": 3)", R"("version": -3)", "detail.version"},
      {good, R"("version": 3)", R"("version": 3.5)", "detail.version"},
      {good,
       R"("taskArn": "arn:aws:ecs:eu-west-1:123456789012:task/prod/9f8e7d6c5b4a39281706f5e4d3c2b1a0",
    "taskDef)",
       R"("taskArn": "arn:aws:s3:::bucket",
    "taskDef)",
       "detail.taskArn"},
      {good, ":cluster/prod", ":clusters/prod", "detail.clusterArn"},
      {good, ":container-instance/", ":container/", "detail.containerInstanceArn"},
      {good, R"("lastStatus": "RUNNING",
    "memory")",
       R"("lastStatus": 7,
    "memory")",
       "detail.lastStatus"},
      {good, R"("cpu": "128")", R"("cpu": 128x)", "not a JSON object"},
      {instance, R"("status": "ACTIVE")", R"("status": "")", "detail.status"},
      {instance, R"("version": 41)", R"("version": null)", "detail.version"},
  };
  for (const auto& [body, from, to, named] : rows) {
    std::string bad = body;
    const std::size_t place = bad.find(from);
    ASSERT_NE(place, std::string::npos) << from;
    bad.replace(place, std::string_view{from}.size(), to);
    const auto event = decode_ecs_event(bad);
    ASSERT_FALSE(event) << to;
    EXPECT_EQ(event.error().kind, ErrorKind::kInvalid);
    EXPECT_NE(event.error().message.find(named), std::string::npos) << event.error().message;
  }
  for (const char* bad : {"", "null", "[]", "{}", "\"text\"", "{\"id\":\"\xff\"}"}) {
    EXPECT_FALSE(decode_ecs_event(bad)) << bad;
  }
  // Cut anywhere, it is refused and nothing else happens.
  for (std::size_t length = 0; length + 2 < good.size(); length += 7) {
    EXPECT_FALSE(decode_ecs_event(std::string_view{good}.substr(0, length)));
  }
}

std::string of_any_type(std::string_view id, std::string_view type, std::string_view time,
                        std::string_view detail) {
  std::string body{R"({"source":"aws.ecs","id":")"};
  body.append(id).append(R"(","detail-type":")").append(type).append(R"(","time":")");
  return body.append(time).append(R"(","detail":)").append(detail).append("}");
}

// Whatever comes as an event fits into one commit, and its key with it.
TEST(EcsEvent, BoundsWhatItKeeps) {
  constexpr std::string_view kTime = "2026-08-20T10:00:03Z";
  const std::string long_text(5'000, 'x');
  const std::tuple<std::string, const char*> refused[] = {
      {of_any_type(long_text, "T", kTime, "{}"), "id has 5000 bytes"},
      {of_any_type("1", long_text, kTime, "{}"), "detail-type has 5000 bytes"},
      {of_any_type("1", "T", "2026-08-20T10:00:03." + std::string(5'000, '1') + "Z", "{}"),
       "time has 5021 bytes"},
      {of_any_type("1", "T", kTime, R"({"a":")" + std::string(kEventBytesMax, 'x') + R"("})"),
       "the message has"},
  };
  for (const auto& [body, why] : refused) {
    const auto event = decode_ecs_event(body);
    ASSERT_FALSE(event) << why;
    EXPECT_EQ(event.error().kind, ErrorKind::kInvalid);
    EXPECT_NE(event.error().message.find(why), std::string::npos) << event.error().message;
  }
  const auto event = decode_ecs_event(
      of_any_type("1", "T", kTime, R"({"clusterArn":")" + std::string(400'000, 'x') + R"("})"));
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(std::get<StoredEvent>(event->what).cluster, "") << "that is no cluster's ARN";
}

}  // namespace
}  // namespace blox::codec
