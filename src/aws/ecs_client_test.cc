// EcsClient over a scripted transport: pages, chunks, failures, and StartTask exactly once.
#include "aws/ecs_client.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <optional>

#include "aws/testing_transport.h"
#include "base/run_to_end_for_tests.h"
#include "base/scope.h"
#include "base/sim_loop.h"

namespace blox::aws {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

const ClusterArn kCluster{"arn:aws:ecs:eu-west-1:123456789012:cluster/prod"};
const ContainerInstanceArn kA{"arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/a"};
const ContainerInstanceArn kB{"arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/b"};

TaskArn task(int number) {
  return TaskArn{fmt::format("arn:aws:ecs:eu-west-1:123456789012:task/prod/{:05}", number)};
}

class EcsClientTest : public testing::Test {
 protected:
  template <class T>
  T run(Async<T> work) {
    return run_to_end(loop_, std::move(work));
  }
  boost::json::value sent(std::size_t number) {
    return boost::json::parse(transport_.requests.at(number).body);
  }
  StartRequest start_on(std::vector<ContainerInstanceArn> instances) {
    return {kCluster, TaskDefinitionArn{"logs:7"}, std::move(instances), "deployment", "blox:logs"};
  }

  SimLoop loop_{5};
  Random random_{5};
  Metrics metrics_;
  ScriptedTransport transport_{loop_};
  StaticCredentials credentials_{{"AKID", "secret", ""}};
  EcsBudgets budgets_{loop_};
  EcsClient client_{{loop_, random_, transport_, credentials_, metrics_},
                    "http://127.0.0.1:4567",
                    "eu-west-1",
                    budgets_};
};

TEST_F(EcsClientTest, ReadsAllPages) {
  transport_.answer(200, R"({"taskArns":["t1","t2"],"nextToken":"p2"})");
  transport_.answer(500, "");
  transport_.answer(200, R"({"taskArns":[],"nextToken":"p3"})");
  transport_.answer(200, R"({"taskArns":["t3"],"nextToken":null})");
  TaskFilter filter;
  filter.started_by = "d1";
  const auto tasks = run(client_.list_tasks(kCluster, filter));
  EXPECT_THAT(tasks.value(), ElementsAre(TaskArn{"t1"}, TaskArn{"t2"}, TaskArn{"t3"}));
  EXPECT_EQ(sent(0), boost::json::parse(
                         R"({"cluster":"arn:aws:ecs:eu-west-1:123456789012:cluster/prod",
                             "desiredStatus":"RUNNING","startedBy":"d1"})"));
  EXPECT_EQ(sent(2).at("nextToken"), "p2");
  EXPECT_EQ(sent(3).at("nextToken"), "p3");
}

TEST_F(EcsClientTest, ReadsAPageByItsToken) {
  transport_.answer(200, R"({"taskArns":["t1"],"nextToken":"p2"})");
  transport_.answer(200, R"({"taskArns":["t2"]})");
  transport_.answer(200, R"({"containerInstanceArns":["i1"],"nextToken":"p3"})");
  transport_.answer(200, R"({"clusterArns":["c1"],"nextToken":"p4"})");
  TaskFilter stopped;
  stopped.stopped = true;
  auto tasks = run(client_.list_tasks_page(kCluster, stopped, "")).value();
  EXPECT_THAT(tasks.arns, ElementsAre(TaskArn{"t1"}));
  EXPECT_EQ(tasks.next_token, "p2");
  tasks = run(client_.list_tasks_page(kCluster, stopped, "p2")).value();
  EXPECT_THAT(tasks.arns, ElementsAre(TaskArn{"t2"}));
  EXPECT_EQ(tasks.next_token, "");
  EXPECT_EQ(sent(1).at("nextToken"), "p2");
  EXPECT_EQ(sent(1).at("desiredStatus"), "STOPPED");
  EXPECT_EQ(run(client_.list_container_instances_page(kCluster, "")).value().next_token, "p3");
  EXPECT_EQ(run(client_.list_clusters_page("p0")).value().next_token, "p4");
  EXPECT_EQ(sent(3).at("nextToken"), "p0");
}

// What reconcile asks waits minutes for its token; what others ask fails in its ten seconds.
TEST_F(EcsClientTest, OnlyReconcileWaitsLongForAToken) {
  EcsBudgets budgets{loop_, 0.001};  // A token in 50 s.
  for (const auto priority :
       {CallPriority::kReconcile, CallPriority::kResolve, CallPriority::kPeople}) {
    loop_.run_for(2min);
    EcsClient client{{loop_, random_, transport_, credentials_, metrics_},
                     "http://127.0.0.1:4567",
                     "eu-west-1",
                     budgets,
                     priority};
    for (int call = 0; call < 2; ++call) transport_.answer(200, R"({"clusterArns":[]})");
    EXPECT_TRUE(run(client.list_clusters()));
    const TimePoint asked = loop_.now();
    const auto second = run(client.list_clusters());
    EXPECT_EQ(second.has_value(), priority == CallPriority::kReconcile);
    EXPECT_EQ(loop_.now() - asked > 10s, priority == CallPriority::kReconcile);
    transport_.script.clear();
  }
}

TEST_F(EcsClientTest, APageThatFailsFailsTheList) {
  transport_.answer(200, R"({"clusterArns":["c1"],"nextToken":"p2"})");
  transport_.answer(400, R"({"__type":"AccessDeniedException"})");
  EXPECT_EQ(run(client_.list_clusters()).error().kind, ErrorKind::kDenied);
}

TEST_F(EcsClientTest, AListThatNeverEndsIsGivenUp) {
  transport_.respond = [](const http::OutgoingRequest&) {
    return ScriptedTransport::Step{http::Answer{200, {}, R"({"clusterArns":[],"nextToken":"p"})"},
                                   {}};
  };
  EXPECT_EQ(run(client_.list_clusters()).error().kind, ErrorKind::kUnavailable);
}

TEST_F(EcsClientTest, DescribesInChunksOfAHundredFourAtATime) {
  std::vector<TaskArn> asked;
  for (int i = 0; i < 950; ++i) asked.push_back(task(i));
  transport_.respond = [&](const http::OutgoingRequest& request) {
    const auto body = boost::json::parse(request.body);
    std::string tasks;
    for (const auto& arn : body.at("tasks").as_array()) {
      if (arn.as_string() == task(5).value || arn.as_string() == task(905).value) continue;
      tasks += fmt::format(R"({}{{"taskArn":{},"clusterArn":"c","lastStatus":"RUNNING"}})",
                           tasks.empty() ? "" : ",", boost::json::serialize(arn));
    }
    // A later chunk answers sooner, and its missing one comes back by its last part.
    const bool late = body.at("tasks").as_array().front().as_string() == task(0).value;
    const std::string failure = late ? task(5).value : "00905";
    return ScriptedTransport::Step{
        http::Answer{
            200,
            {},
            fmt::format(R"({{"tasks":[{}],"failures":[{{"arn":"{}","reason":"MISSING"}}]}})", tasks,
                        failure)},
        late ? 500ms : 100ms};
  };
  const auto described = run(client_.describe_tasks(kCluster, asked));
  ASSERT_TRUE(described) << described.error().message;
  ASSERT_EQ(described->tasks.size(), 948u);
  EXPECT_EQ(described->tasks.front().arn, task(0));
  EXPECT_EQ(described->tasks.back().arn, task(949));
  EXPECT_THAT(described->missing, ElementsAre(task(5), task(905)));
  EXPECT_EQ(described->asked_at, WallTime{std::chrono::days{20'000}});
  EXPECT_EQ(transport_.requests.size(), 10u);
  EXPECT_EQ(transport_.at_once_max, 4);
  EXPECT_EQ(sent(9).at("tasks").as_array().size(), 50u);
}

TEST_F(EcsClientTest, DescribesNothingWithoutACall) {
  EXPECT_TRUE(run(client_.describe_tasks(kCluster, {})).value().tasks.empty());
  EXPECT_TRUE(transport_.requests.empty());
}

TEST_F(EcsClientTest, AnOutageEndsADescribeSoon) {
  std::vector<TaskArn> asked;
  for (int i = 0; i < 5000; ++i) asked.push_back(task(i));
  EXPECT_EQ(run(client_.describe_tasks(kCluster, asked)).error().kind, ErrorKind::kUnavailable);
  EXPECT_LE(transport_.requests.size(), 12u);
}

TEST_F(EcsClientTest, WhatIsNoJsonInOneObjectCostsNothingAndIsCounted) {
  transport_.answer(200, R"({"tasks":[{"taskArn":"t","clusterArn":"c","lastStatus":"STOPPED",)"
                         R"("stoppedReason":"\ud83d"},{"taskArn":"u","clusterArn":"c",)"
                         R"("lastStatus":"RUNNING"}]})");
  const auto described = run(client_.describe_tasks(kCluster, {task(1), task(2)}));
  ASSERT_TRUE(described) << described.error().message;
  EXPECT_EQ(described->tasks.size(), 2U);
  EXPECT_EQ(transport_.requests.size(), 1U);
  EXPECT_EQ(metrics_.counter("blox_aws_repaired_total", "").Value(), 1);
}

// Nobody can say which object is to blame: that is for whoever asked to find out, by fewer.
TEST_F(EcsClientTest, ADescribeThatNobodyCanReadIsInvalid) {
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  transport_.respond = [&](const http::OutgoingRequest&) {
    return ScriptedTransport::Step{
        http::Answer{200, {}, R"({"tasks":[{"taskArn":"t","deep":)" + deep + "}]}"}, {}};
  };
  const auto described = run(client_.describe_tasks(kCluster, {task(1), task(2)}));
  ASSERT_FALSE(described);
  EXPECT_EQ(described.error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(run(client_.list_tasks(kCluster, {})).error().kind, ErrorKind::kUnavailable)
      << "of a list there is no less to ask for";
}

// What the last attempt says counts: objects are not to blame for a limit or an outage.
TEST_F(EcsClientTest, ADescribeThatIsThrottledAfterAnUnreadableAnswerIsThrottled) {
  transport_.answer(200, "<html>maintenance</html>");
  transport_.answer(400, R"({"__type":"ThrottlingException"})");
  transport_.answer(400, R"({"__type":"ThrottlingException"})");
  EXPECT_EQ(run(client_.describe_tasks(kCluster, {task(1)})).error().kind, ErrorKind::kThrottled);
  transport_.answer(200, "<html>maintenance</html>");
  transport_.fail_with(ErrorKind::kUnavailable, "no route");
  transport_.fail_with(ErrorKind::kUnavailable, "no route");
  EXPECT_EQ(run(client_.describe_container_instances(kCluster, {kA})).error().kind,
            ErrorKind::kUnavailable);
  EXPECT_EQ(transport_.requests.size(), 6U);
}

TEST_F(EcsClientTest, WhatCannotBeDescribedIsNamedAndNotMissing) {
  transport_.answer(200, R"({"tasks":[{"taskArn":"t"}],)"
                         R"("failures":[{"arn":"a","reason":"ODD"},{"arn":"b"}]})");
  const auto described = run(client_.describe_tasks(kCluster, {task(1)}));
  ASSERT_TRUE(described) << described.error().message;
  EXPECT_TRUE(described->missing.empty());
  ASSERT_EQ(described->undescribed.size(), 3U);
  EXPECT_THAT(described->undescribed[0].why, HasSubstr("clusterArn"));
  EXPECT_EQ(described->undescribed[1].why, "ODD");
  EXPECT_EQ(described->undescribed[2].arn, "b");
}

TEST_F(EcsClientTest, DescribesInstancesWithTheirCluster) {
  transport_.answer(
      200,
      R"({"containerInstances":[{"containerInstanceArn":"i","status":"ACTIVE","version":3}]})");
  const auto described = run(client_.describe_container_instances(kCluster, {kA}));
  EXPECT_EQ(described.value().instances.at(0).cluster, kCluster);
}

TEST_F(EcsClientTest, TellsClustersApart) {
  const std::tuple<const char*, std::optional<ErrorKind>> rows[] = {
      {R"({"clusters":[{"clusterArn":"c","status":"ACTIVE"}]})", std::nullopt},
      {R"({"clusters":[{"clusterArn":"c","status":"INACTIVE"}]})", ErrorKind::kNotFound},
      {R"({"clusters":[],"failures":[{"arn":"c","reason":"MISSING"}]})", ErrorKind::kNotFound},
      {R"({"clusters":[],"failures":[{"arn":"c","reason":"ODD"}]})", ErrorKind::kUnavailable},
  };
  for (const auto& [body, kind] : rows) {
    transport_.answer(200, body);
    const auto found = run(client_.describe_cluster("prod"));
    EXPECT_EQ(found ? std::optional<ErrorKind>{} : found.error().kind, kind) << body;
  }
}

TEST_F(EcsClientTest, KnowsAMissingTaskDefinition) {
  transport_.answer(200, R"({"taskDefinition":{"taskDefinitionArn":"d","status":"INACTIVE"}})");
  EXPECT_FALSE(run(client_.describe_task_definition("logs")).value().active);
  transport_.answer(
      400, R"({"__type":"ClientException","message":"Unable to describe task definition."})");
  EXPECT_EQ(run(client_.describe_task_definition("logs")).error().kind, ErrorKind::kNotFound);
}

TEST_F(EcsClientTest, StartsTasksOnceOnAFreshConnection) {
  transport_.answer(200, fmt::format(R"({{"tasks":[{{"taskArn":"t","containerInstanceArn":"{}"}}],
      "failures":[{{"arn":"{}","reason":"RESOURCE:MEMORY","detail":"d"}}]}})",
                                     kB.value, kA.value));
  const auto started = run(client_.start_task(start_on({kA, kB})));
  ASSERT_EQ(started.value().size(), 2u);
  EXPECT_EQ(started->at(0).instance, kA);
  EXPECT_EQ(started->at(0).task.error().reason, "RESOURCE:MEMORY");
  EXPECT_EQ(started->at(1).task, TaskArn{"t"});
  ASSERT_EQ(transport_.requests.size(), 1u);
  EXPECT_TRUE(transport_.requests[0].fresh_connection);
  EXPECT_EQ(transport_.requests[0].deadline, 2s);
  EXPECT_EQ(sent(0).at("startedBy"), "deployment");
  EXPECT_EQ(sent(0).at("group"), "blox:logs");
  EXPECT_EQ(sent(0).at("taskDefinition"), "logs:7");
}

TEST_F(EcsClientTest, LeavesOutAnInstanceThatTheAnswerIsSilentOn) {
  transport_.answer(
      200, fmt::format(R"({{"tasks":[{{"taskArn":"t","containerInstanceArn":"{}"}}]}})", kB.value));
  const auto started = run(client_.start_task(start_on({kA, kB})));
  ASSERT_TRUE(started) << started.error().message;
  ASSERT_EQ(started->size(), 1u);
  EXPECT_EQ(started->at(0).instance, kB);
  EXPECT_EQ(started->at(0).task, TaskArn{"t"});
}

TEST_F(EcsClientTest, NoFaultMakesItSendAStartTwice) {
  using Step = ScriptedTransport::Step;
  const std::tuple<const char*, Step, ErrorKind> rows[] = {
      {"refused", {fail(ErrorKind::kUnavailable, "refused"), {}}, ErrorKind::kUnavailable},
      {"reset", {fail(ErrorKind::kUnknown, "reset"), {}}, ErrorKind::kUnknown},
      {"no answer", {http::Answer{200, {}, "{}"}, 1h}, ErrorKind::kUnknown},
      {"HTTP 500", {http::Answer{500, {}, ""}, {}}, ErrorKind::kUnknown},
      {"HTTP 503", {http::Answer{503, {}, ""}, {}}, ErrorKind::kUnknown},
      {"unreadable", {http::Answer{200, {}, "<html>"}, {}}, ErrorKind::kUnknown},
      {"cut off", {http::Answer{200, {}, R"({"tasks":[)"}, {}}, ErrorKind::kUnknown},
      {"says nothing of the instance", {http::Answer{200, {}, "{}"}, {}}, ErrorKind::kUnknown},
      {"throttled",
       {http::Answer{400, {}, R"({"__type":"ThrottlingException"})"}, {}},
       ErrorKind::kThrottled},
      {"expired",
       {http::Answer{400, {}, R"({"__type":"ExpiredTokenException"})"}, {}},
       ErrorKind::kDenied},
      {"invalid",
       {http::Answer{400, {}, R"({"__type":"ClientException"})"}, {}},
       ErrorKind::kInvalid},
  };
  for (const auto& [rule, step, kind] : rows) {
    SCOPED_TRACE(rule);
    transport_.requests.clear();
    transport_.script.push_back(step);
    const auto started = run(client_.start_task(start_on({kA})));
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().kind, kind) << started.error().message;
    ASSERT_EQ(transport_.requests.size(), 1u);
    EXPECT_TRUE(transport_.requests[0].fresh_connection);
  }
}

TEST_F(EcsClientTest, RefusesMoreInstancesThanACallTakes) {
  EXPECT_EQ(run(client_.start_task(start_on({}))).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(run(client_.start_task(start_on({11, kA}))).error().kind, ErrorKind::kInvalid);
  EXPECT_TRUE(transport_.requests.empty());
}

TEST_F(EcsClientTest, StopsATask) {
  transport_.answer(200, R"({"task":{}})");
  EXPECT_TRUE(run(client_.stop_task(kCluster, task(1), "because")));
  EXPECT_EQ(sent(0).at("reason"), "because");
  transport_.answer(400, R"({"__type":"InvalidParameterException",
                             "message":"The referenced task was not found."})");
  EXPECT_EQ(run(client_.stop_task(kCluster, task(1), "")).error().kind, ErrorKind::kNotFound);
  transport_.answer(400, R"({"__type":"ClusterNotFoundException"})");
  EXPECT_EQ(run(client_.stop_task(kCluster, task(1), "")).error().kind, ErrorKind::kInvalid);
  transport_.answer(500, "");
  EXPECT_EQ(run(client_.stop_task(kCluster, task(1), "")).error().kind, ErrorKind::kUnknown);
  EXPECT_EQ(transport_.requests.size(), 4u);
}

}  // namespace
}  // namespace blox::aws
