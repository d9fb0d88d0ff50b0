// What people ask of the scheduler's API costs calls to ECS: a flood of them is refused, and holds
// up nothing that Blox asks for itself.
#include <gtest/gtest.h>

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "aws/ecs_client.h"
#include "base/scope.h"
#include "base/sim_loop.h"
#include "blox/aws_account.h"
#include "blox/scheduler_service.h"
#include "http/local_transport.h"
#include "http/router.h"
#include "simulator/face.h"
#include "simulator/sim_transport.h"
#include "simulator/simulator.h"
#include "store/memory_store.h"

namespace blox::apps {
namespace {

using namespace std::chrono_literals;

constexpr const char* kEndpoint = "http://aws.sim";
constexpr const char* kRegion = "us-east-1";

class PeopleCallsTest : public ::testing::Test {
 protected:
  PeopleCallsTest() {
    loop.run_while_not([&] { return scheduler.is_loaded(); }, 1min);
  }

  Async<void> create(int number, std::optional<http::Response>& answer) {
    http::Request request{"POST", "/v1/environments", {}, ""};
    request.body = R"({"name":"n)" + std::to_string(number) +
                   R"(","instanceGroup":{"cluster":"nope"},"taskDefinition":"agent:1"})";
    answer = co_await scheduler.handler().handle(std::move(request));
  }
  Async<void> look(aws::EcsClient& ecs, std::optional<Duration>& took) {
    const TimePoint asked = loop.now();
    (void)co_await ecs.describe_cluster("nope");
    took = loop.now() - asked;
  }

  SimLoop loop{1};
  Random random{1};
  Metrics metrics;
  simulator::Simulator simulator{loop, random};
  simulator::Face face{simulator};
  simulator::SimTransport transport{loop, random, face, simulator.faults};
  aws::StaticCredentials credentials{{"id", "secret", ""}};
  aws::AwsContext context{loop, random, transport, credentials, metrics};
  aws::EcsBudgets budgets{loop, 0.05};  // One read a second.
  aws::EcsClient own{context, kEndpoint, kRegion, budgets, aws::CallPriority::kResolve};
  aws::EcsClient reconcile{context, kEndpoint, kRegion, budgets, aws::CallPriority::kReconcile};
  aws::EcsClient people{context, kEndpoint, kRegion, budgets, aws::CallPriority::kPeople};
  store::MemoryStore store{loop, 1};
  http::Router no_state;
  http::LocalTransport to_state{loop, no_state};
  EcsDirectory directory{people};
  SchedulerService scheduler{
      SchedulerParts{loop, random, store, to_state, directory, own, own, metrics}};
  std::list<std::optional<http::Response>> answers;
};

TEST_F(PeopleCallsTest, OneOfNineCreatesIsRefusedAndTheOthersWait) {
  Scope callers{loop};
  for (int number = 0; number < 9; ++number) callers.spawn(create(number, answers.emplace_back()));
  loop.run_for(0s);
  EXPECT_EQ(budgets.read.waiting(), 8u);
  std::vector<const http::Response*> answered;
  for (const auto& answer : answers) {
    if (answer) answered.push_back(&*answer);
  }
  ASSERT_EQ(answered.size(), 1u);
  const http::Response& refused = *answered.front();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(std::get<std::string>(refused.body),
            "ECS cannot be asked for the cluster 'nope', nothing was done: ecs DescribeClusters: 8 "
            "calls that people asked for wait already for our own budget of calls; try again in a "
            "few seconds");
  EXPECT_EQ(http::find_header(refused.headers, "Retry-After"), "5");
  loop.run_for(11s);
  int not_found = 0;
  for (const auto& answer : answers) not_found += answer && answer->status == 404 ? 1 : 0;
  EXPECT_EQ(not_found, 8);
}

TEST_F(PeopleCallsTest, AFloodHoldsUpNothingOfOurOwn) {
  Scope callers{loop};
  for (int second = 0; second < 60; ++second) {
    for (int number = 0; number < 50; ++number) {
      callers.spawn(create(number, answers.emplace_back()));
    }
    loop.run_for(1s);
    if (second % 3 != 0) continue;
    for (aws::EcsClient* ours : {&own, &reconcile}) {
      std::optional<Duration> took;
      callers.spawn(look(*ours, took));
      loop.run_while_not([&] { return took.has_value(); }, 1min);
      EXPECT_LT(took.value_or(1h), 1500ms) << "the next token is theirs";
    }
  }
}

TEST_F(PeopleCallsTest, CallersWhoLeaveMakeRoom) {
  auto leavers = std::make_unique<Scope>(loop);
  for (int number = 0; number < 8; ++number) {
    leavers->spawn(create(number, answers.emplace_back()));
  }
  loop.run_for(0s);
  ASSERT_EQ(budgets.read.waiting(), 8u);
  leavers.reset();
  EXPECT_EQ(budgets.read.waiting(), 0u);
  Scope callers{loop};
  callers.spawn(create(9, answers.emplace_back()));
  loop.run_for(3s);
  ASSERT_TRUE(answers.back());
  EXPECT_EQ(answers.back()->status, 404);
}

}  // namespace
}  // namespace blox::apps
