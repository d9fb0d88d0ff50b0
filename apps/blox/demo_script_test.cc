// The whole demo in virtual time, on the simulator and both services in one process: it ends with 0
// when all is as promised, and with 1 when one promise is broken.
#include "blox/demo_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "aws/ecs_client.h"
#include "aws/sqs_queue.h"
#include "base/scope.h"
#include "base/sim_loop.h"
#include "blox/aws_account.h"
#include "blox/scheduler_service.h"
#include "blox/state_service.h"
#include "client/http_cluster_state.h"
#include "http/local_transport.h"
#include "simulator/sim_transport.h"
#include "simulator/simulator.h"
#include "store/memory_store.h"

namespace blox::apps {
namespace {

using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kHost = "aws.sim";
constexpr const char* kEndpoint = "http://aws.sim";
constexpr const char* kRegion = "us-east-1";

SchedulerServiceOptions scheduler_options() {
  SchedulerServiceOptions options;
  options.state_url = "local:";
  return options;
}

class DemoScriptTest : public testing::Test {
 protected:
  int tell() {
    std::optional<int> status;
    const auto work = [&]() -> Async<void> { status = co_await script.tell(); };
    Scope scope{loop};
    scope.spawn(work());
    EXPECT_TRUE(loop.run_while_not([&] { return status.has_value(); }, std::chrono::minutes{20}));
    return status.value_or(-1);
  }
  // What nobody may do: a second task of the environment where one runs. It ends soon, so that the
  // story goes on: that it was there is left for the judge to tell.
  Async<void> double_a_task() {
    for (;;) {
      co_await sleep_for(loop, std::chrono::milliseconds{100});
      const auto truth = co_await world.look("demo", "blox:agents");
      if (!truth || truth->instances.empty()) continue;
      const TrueInstance& victim = truth->instances.front();
      if (victim.running_daemons == 0) continue;
      aws::StartRequest request;
      request.cluster = ClusterArn{"arn:aws:ecs:us-east-1:123456789012:cluster/demo"};
      request.task_definition = TaskDefinitionArn{victim.daemon_tasks.front()};
      request.instances = {ContainerInstanceArn{victim.arn}};
      request.group = "blox:agents";
      request.started_by = "someone";
      const auto started = co_await ecs.start_task(std::move(request));
      if (!started || started->empty() || !started->front().task) {
        ADD_FAILURE() << "no second task";
        co_return;
      }
      const auto ended = co_await world.end_task(started->front().task->value, 0, "a mistake");
      EXPECT_TRUE(ended);
      co_return;
    }
  }

  SimLoop loop{1};
  Random random{1};
  Metrics metrics;
  simulator::Simulator simulator{loop, random};
  simulator::Face face{simulator};
  simulator::SimTransport transport{loop, random, face, simulator.faults};
  aws::StaticCredentials credentials{{"id", "secret", ""}};
  aws::AwsContext context{loop, random, transport, credentials, metrics};
  aws::EcsBudgets budgets{loop};
  aws::EcsClient ecs{context, kEndpoint, kRegion, budgets, aws::CallPriority::kResolve};
  aws::SqsQueue queue{context, kEndpoint, kRegion, "blox_queue"};
  store::MemoryStore store{loop, 1};
  StateService state_service{loop, random, store, queue, ecs, metrics};
  http::LocalTransport to_state{loop, state_service.handler()};
  EcsDirectory directory{ecs};
  SchedulerService scheduler_service{
      SchedulerParts{loop, random, store, to_state, directory, ecs, ecs, metrics},
      scheduler_options()};
  http::LocalTransport to_scheduler{loop, scheduler_service.handler()};

  std::ostringstream said;
  DemoWorld world{transport, kHost};
  client::HttpClusterState state{to_state, {.base_url = "local:"}};
  client::Scheduler scheduler{to_scheduler, {.base_url = "local:"}};
  DemoScreen screen{said, {}, loop.now()};
  DemoScript script{DemoParts{loop, world, state, scheduler, screen}};
};

TEST_F(DemoScriptTest, EndsWellWhenEveryPromiseIsKept) {
  EXPECT_EQ(tell(), 0) << said.str();
  EXPECT_THAT(said.str(), EndsWith("all as promised\n"));
}

TEST_F(DemoScriptTest, EndsWithOneWhenATaskWasDoubled) {
  Scope scope{loop};
  scope.spawn(double_a_task());
  EXPECT_EQ(tell(), 1) << said.str();
  EXPECT_THAT(said.str(), Not(HasSubstr("FAILED")));
  EXPECT_THAT(said.str(), ContainsRegex("ever had two live tasks +1   WRONG"));
  EXPECT_THAT(said.str(), EndsWith("NOT as promised\n"));
}

TEST_F(DemoScriptTest, EndsWithOneWhenTheStoryDoesNotComeToItsEnd) {
  simulator.faults.start_refused = 1;
  EXPECT_EQ(tell(), 1);
  EXPECT_THAT(said.str(), HasSubstr("FAILED: not every instance runs one task of agent:1"));
  EXPECT_THAT(said.str(), EndsWith("NOT as promised\n"));
}

}  // namespace
}  // namespace blox::apps
