// Requests to ECS and its answers, by table; above all that a Describe answer becomes the report
// that an event would have become.
#include "codec/ecs_calls.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

namespace blox::codec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const ClusterArn kCluster{"arn:aws:ecs:eu-west-1:123456789012:cluster/prod"};

TEST(EcsCalls, KeepsNoMoreOfAReasonThanIsRead) {
  const std::string much(100'000, 'x');
  const auto answer = decode_describe_tasks(R"({"tasks":[],"failures":[{"arn":"u","reason":")" +
                                            much + R"(","detail":")" + much + R"("}]})");
  ASSERT_TRUE(answer);
  EXPECT_LE(answer->failures.at(0).reason.size(), 1'010U);
  EXPECT_LE(answer->failures.at(0).detail.size(), 1'010U);
}

TEST(EcsCalls, EncodesRequests) {
  const std::pair<std::string, const char*> rows[] = {
      {encode_list_clusters(""), "{}"},
      {encode_list_clusters("n"), R"({"nextToken":"n"})"},
      {encode_describe_clusters("prod"), R"({"clusters":["prod"]})"},
      {encode_list_container_instances(ClusterArn{"c"}, "n"), R"({"cluster":"c","nextToken":"n"})"},
      {encode_describe_container_instances(ClusterArn{"c"}, {ContainerInstanceArn{"i"}}),
       R"({"cluster":"c","containerInstances":["i"],"include":["TAGS","CONTAINER_INSTANCE_HEALTH"]})"},
      {encode_list_tasks({ClusterArn{"c"}, "d", std::nullopt, "", false, ""}),
       R"({"cluster":"c","desiredStatus":"RUNNING","startedBy":"d"})"},
      {encode_list_tasks({ClusterArn{"c"}, "", ContainerInstanceArn{"i"}, "logs", true, "n"}),
       R"({"cluster":"c","desiredStatus":"STOPPED","containerInstance":"i","family":"logs","nextToken":"n"})"},
      {encode_describe_tasks(ClusterArn{"c"}, {TaskArn{"t"}, TaskArn{"u"}}),
       R"({"cluster":"c","tasks":["t","u"],"include":["TAGS"]})"},
      {encode_describe_task_definition("logs:7"), R"({"taskDefinition":"logs:7"})"},
      {encode_start_task(
           {ClusterArn{"c"}, TaskDefinitionArn{"d"}, {ContainerInstanceArn{"i"}}, "s", "g"}),
       R"({"cluster":"c","taskDefinition":"d","containerInstances":["i"],"startedBy":"s","group":"g"})"},
      {encode_stop_task(ClusterArn{"c"}, TaskArn{"t"}, "a \"reason\""),
       R"({"cluster":"c","task":"t","reason":"a \"reason\""})"},
  };
  for (const auto& [encoded, expected] : rows) EXPECT_EQ(encoded, expected);
}

TEST(EcsCalls, DecodesLists) {
  const auto page = decode_list(R"({"taskArns":["a","b"],"nextToken":"n"})", "taskArns");
  EXPECT_THAT(page.value().arns, ElementsAre("a", "b"));
  EXPECT_EQ(page->next_token, "n");
  EXPECT_EQ(decode_list(R"({"taskArns":[]})", "taskArns").value().next_token, "");
  for (const char* bad : {"", "[]", "{}", R"({"taskArns":[1]})", R"({"taskArns":{}})", "{\"a\""}) {
    const auto decoded = decode_list(bad, "taskArns");
    ASSERT_FALSE(decoded) << bad;
    EXPECT_EQ(decoded.error().kind, ErrorKind::kInvalid) << bad;
  }
}

TEST(EcsCalls, ATaskBecomesTheReportOfItsEvent) {
  const auto answer = decode_describe_tasks(R"({"tasks":[{
      "taskArn":"t","clusterArn":"c","containerInstanceArn":"i","version":7,
      "lastStatus":"RUNNING","desiredStatus":"RUNNING","createdAt":1.755683998101E9,
      "startedAt":1755684003,"connectivityAt":1755684002.5,"newField":{"deepAt":1755684003.25},
      "healthStatus":"HEALTHY","tags":[{"key":"k","value":"v"}],
      "containers":[{"name":"main","healthStatus":"UNHEALTHY","exitCode":0,
                     "managedAgents":[{"lastStartedAt":1755684003}]},
                    {"name":"side","lastStatus":"PENDING"}]}],
      "failures":[{"arn":"u","reason":"MISSING"}]})");
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->reports.size(), 1u);
  const TaskReport& report = answer->reports[0];
  EXPECT_EQ(report.arn, TaskArn{"t"});
  EXPECT_EQ(report.cluster, ClusterArn{"c"});
  EXPECT_EQ(report.version, EcsVersion{7});
  EXPECT_TRUE(report.last_status.is_running());
  EXPECT_EQ(report.container_instance, ContainerInstanceArn{"i"});
  EXPECT_EQ(boost::json::parse(report.detail), boost::json::parse(R"({
      "taskArn":"t","clusterArn":"c","containerInstanceArn":"i","version":7,
      "lastStatus":"RUNNING","desiredStatus":"RUNNING","createdAt":"2025-08-20T09:59:58.101Z",
      "startedAt":"2025-08-20T10:00:03.000Z","connectivityAt":"2025-08-20T10:00:02.500Z",
      "newField":{"deepAt":"2025-08-20T10:00:03.250Z"},
      "containers":[{"name":"main","exitCode":0,
                     "managedAgents":[{"lastStartedAt":"2025-08-20T10:00:03.000Z"}]},
                    {"name":"side","lastStatus":"PENDING"}]})"));
  EXPECT_EQ(boost::json::parse(report.describe_only), boost::json::parse(R"({
      "healthStatus":"HEALTHY","tags":[{"key":"k","value":"v"}],
      "containerHealthStatus":{"main":"UNHEALTHY"}})"));
  EXPECT_EQ(answer->failures.at(0).arn, "u");
  EXPECT_EQ(answer->failures.at(0).reason, "MISSING");
}

TEST(EcsCalls, ATaskMayLackVersionInstanceAndHealth) {
  const auto answer = decode_describe_tasks(
      R"({"tasks":[{"taskArn":"t","clusterArn":"c","lastStatus":"NEW_WORD","startedAt":"x"}]})");
  const TaskReport& report = answer.value().reports.at(0);
  EXPECT_FALSE(report.version);
  EXPECT_FALSE(report.container_instance);
  EXPECT_EQ(format(report.last_status), "NEW_WORD");
  EXPECT_EQ(report.describe_only, "{}");
  EXPECT_THAT(report.detail, HasSubstr(R"("startedAt":"x")"));
}

TEST(EcsCalls, AnInstanceBecomesTheReportOfItsEvent) {
  const auto answer = decode_describe_container_instances(
      R"({"containerInstances":[{"containerInstanceArn":"i","status":"DRAINING","version":12,
          "registeredAt":1755683998.5,"agentConnected":true,"tags":[],
          "healthStatus":{"overallStatus":"OK","details":[{"lastUpdated":1755683998}]},
          "remainingResources":[{"name":"CPU","type":"INTEGER","integerValue":1024}]}]})",
      kCluster);
  ASSERT_TRUE(answer) << answer.error().message;
  const InstanceReport& report = answer->reports.at(0);
  EXPECT_EQ(report.arn, ContainerInstanceArn{"i"});
  EXPECT_EQ(report.cluster, kCluster);
  EXPECT_EQ(report.version, EcsVersion{12});
  EXPECT_TRUE(report.status.is_draining());
  EXPECT_EQ(boost::json::parse(report.detail), boost::json::parse(R"({
      "containerInstanceArn":"i","status":"DRAINING","version":12,"agentConnected":true,
      "registeredAt":"2025-08-20T09:59:58.500Z",
      "remainingResources":[{"name":"CPU","type":"INTEGER","integerValue":1024}],
      "clusterArn":"arn:aws:ecs:eu-west-1:123456789012:cluster/prod"})"));
  EXPECT_EQ(boost::json::parse(report.describe_only), boost::json::parse(R"({"tags":[],
      "healthStatus":{"overallStatus":"OK",
                      "details":[{"lastUpdated":"2025-08-20T09:59:58.000Z"}]}})"));
}

TEST(EcsCalls, NamesWhatIsWrongWithATaskAndTakesTheOthers) {
  const std::pair<std::string, const char*> rows[] = {
      {R"({})", "field 'taskArn'"},
      {R"({"taskArn":"t"})", "field 'clusterArn'"},
      {R"({"taskArn":"t","clusterArn":"c"})", "field 'lastStatus'"},
      {R"({"taskArn":"t","clusterArn":"c","lastStatus":"R","version":"x"})",
       "field 'version' is \"x\""},
      {R"({"taskArn":"t","clusterArn":"c","lastStatus":"R","version":3.5})",
       "field 'version' is 3"},
  };
  for (const auto& [task, message] : rows) {
    const auto answer = decode_describe_tasks(
        R"({"tasks":[)" + task + R"(,{"taskArn":"u","clusterArn":"c","lastStatus":"R"}]})");
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->reports.size(), 1U) << task;
    ASSERT_EQ(answer->failures.size(), 1U) << task;
    EXPECT_EQ(answer->failures[0].reason, kUndecodable);
    EXPECT_EQ(answer->failures[0].arn, task == "{}" ? "" : "t");
    EXPECT_TRUE(answer->failures[0].detail.starts_with(message)) << answer->failures[0].detail;
  }
  const auto instances = decode_describe_container_instances(
      R"({"containerInstances":[{"containerInstanceArn":"i"}],"failures":[{"arn":"j"}]})",
      kCluster);
  ASSERT_TRUE(instances) << instances.error().message;
  ASSERT_EQ(instances->failures.size(), 2U);
  EXPECT_EQ(instances->failures[0].arn, "i");
  EXPECT_EQ(instances->failures[1].reason, "");
}

TEST(EcsCalls, QuotesNoMoreOfAVersionThanALine) {
  const auto answer = decode_describe_tasks(
      R"({"tasks":[{"taskArn":"t","clusterArn":"c","lastStatus":"R","version":")" +
      std::string(5'000, '\x7f') + "\"}]}");
  ASSERT_TRUE(answer) << answer.error().message;
  const std::string& detail = answer->failures.at(0).detail;
  EXPECT_LT(detail.size(), 500U);
  EXPECT_EQ(detail.find('\x7f'), detail.npos) << detail;
}

TEST(EcsCalls, WhatIsNoTimeOfFourDigitsStaysANumber) {
  const auto answer =
      decode_describe_tasks(R"({"tasks":[{"taskArn":"t","clusterArn":"c","lastStatus":"R",)"
                            R"("createdAt":253402300799.9994,"startedAt":253402300799.9996}]})");
  ASSERT_TRUE(answer) << answer.error().message;
  const auto detail = boost::json::parse(answer->reports.at(0).detail);
  EXPECT_EQ(detail.at("createdAt").as_string(), "9999-12-31T23:59:59.999Z");
  EXPECT_TRUE(detail.at("startedAt").is_double());
}

TEST(EcsCalls, NamesWhatIsWrongWithAnAnswer) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"tasks":[)", "the answer is not JSON"},
      {R"({"tasks":{}})", "field 'tasks' is no list"},
  };
  for (const auto& [body, message] : rows) {
    const auto decoded = decode_describe_tasks(body);
    ASSERT_FALSE(decoded) << body;
    EXPECT_TRUE(decoded.error().message.starts_with(message)) << decoded.error().message;
  }
}

TEST(EcsCalls, DecodesTheOtherAnswers) {
  const auto clusters = decode_describe_clusters(
      R"({"clusters":[{"clusterArn":"c","status":"ACTIVE"}],"failures":[]})");
  EXPECT_EQ(clusters.value().clusters.at(0).arn, ClusterArn{"c"});
  EXPECT_EQ(clusters->clusters.at(0).status, "ACTIVE");

  const auto definition = decode_describe_task_definition(
      R"({"taskDefinition":{"taskDefinitionArn":"d:7","status":"ACTIVE"},"tags":[]})");
  EXPECT_EQ(definition.value().arn, TaskDefinitionArn{"d:7"});
  EXPECT_TRUE(definition->active);
  EXPECT_TRUE(definition->checked_containers.empty());
  EXPECT_FALSE(decode_describe_task_definition("{}"));
  const auto checked = decode_describe_task_definition(
      R"({"taskDefinition":{"taskDefinitionArn":"d:7","containerDefinitions":[
          {"name":"main","essential":true,"healthCheck":{"command":["CMD","true"]}},
          {"name":"also","healthCheck":{"command":["CMD-SHELL","x"],"interval":5}},
          {"name":"side","essential":false,"healthCheck":{"command":["CMD","true"]}},
          {"name":"off","essential":true,"healthCheck":{"command":["NONE"]}},
          {"name":"null","essential":true,"healthCheck":null},
          {"name":"bare","essential":true}]}})");
  EXPECT_EQ(checked.value().checked_containers, (std::vector<std::string>{"main", "also"}));

  const auto started = decode_start_task(
      R"({"tasks":[{"taskArn":"t","containerInstanceArn":"i"}],
          "failures":[{"arn":"j","reason":"AGENT","detail":"off"}]})");
  EXPECT_EQ(started.value().started.at(0).task, TaskArn{"t"});
  EXPECT_EQ(started->started.at(0).instance, ContainerInstanceArn{"i"});
  EXPECT_EQ(started->failures.at(0).detail, "off");
  EXPECT_FALSE(decode_start_task(R"({"tasks":{}})"));
}

}  // namespace
}  // namespace blox::codec
