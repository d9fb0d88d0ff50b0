// The cluster-state-service, wired: when it says that it is ready, and why not.
#include "blox/state_service.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "aws/fake_ecs.h"
#include "aws/fake_queue.h"
#include "base/sim_loop.h"
#include "cluster_state/ingest/testing_reports.h"
#include "http/local_transport.h"
#include "store/memory_store.h"

namespace blox::apps {
namespace {

using namespace std::chrono_literals;
using cluster_state::testing::kCluster;

class StateServiceTest : public ::testing::Test {
 protected:
  void start() {
    service = std::make_unique<StateService>(loop, random, store, queue, ecs, metrics, options);
  }
  http::Answer ask(std::string method, const std::string& target) {
    http::LocalTransport transport{loop, service->handler()};
    http::OutgoingRequest request;
    request.method = std::move(method);
    request.url = "local:" + target;
    std::optional<http::Answer> answer;
    Scope scope{loop};
    scope.spawn(keep(transport.send(std::move(request)), answer));
    EXPECT_TRUE(loop.run_while_not([&] { return answer.has_value(); }, 1min));
    return answer.value_or(http::Answer{});
  }
  std::string readyz() { return ask("GET", "/readyz").body; }
  void push(int number) {
    queue.push(cluster_state::testing::task_event({.id = std::to_string(number)}, loop.wall_now()));
  }

  SimLoop loop{1};
  Random random{1};
  Metrics metrics;
  store::MemoryStore store{loop, 1};
  aws::FakeQueue queue{loop};
  aws::FakeEcsQuery ecs;
  StateServiceOptions options;
  std::unique_ptr<StateService> service;

 private:
  static Async<void> keep(Async<Result<http::Answer>> work, std::optional<http::Answer>& answer) {
    auto result = co_await std::move(work);
    EXPECT_TRUE(result);
    answer.emplace(result ? *std::move(result) : http::Answer{});
  }
};

TEST_F(StateServiceTest, IsReadyWithoutAnyCluster) {
  start();
  loop.run_for(1s);
  EXPECT_EQ(readyz(), "ready");
}

TEST_F(StateServiceTest, SaysWhatEcsRefuses) {
  ecs.broken["ListClusters"] = Error{ErrorKind::kDenied, "not authorized to ecs:ListClusters"};
  start();
  loop.run_for(1s);
  EXPECT_NE(readyz().find("not authorized to ecs:ListClusters"), std::string::npos) << readyz();
}

TEST_F(StateServiceTest, IsNotReadyWhileTheQueueGivesNothing) {
  ecs.clusters = {kCluster};
  for (int fault = 0; fault < 5; ++fault) {
    queue.receive_faults.push_back({ErrorKind::kDenied, "not authorized to sqs:ReceiveMessage"});
  }
  start();
  loop.run_for(500ms);
  EXPECT_NE(readyz().find("not authorized to sqs:ReceiveMessage"), std::string::npos) << readyz();
  push(1);
  loop.run_for(1min);
  EXPECT_EQ(readyz(), "ready");
}

// What is lost shows in ECS alone, and not before the queue is there again.
TEST_F(StateServiceTest, ReadsAllWhenEventsAreLost) {
  ecs.clusters = {kCluster};
  queue.shown.identity = "first";
  start();
  loop.run_for(5min);
  const auto reads = [&] {
    return std::ranges::count(ecs.calls, std::string{"ListContainerInstances prod"});
  };
  ASSERT_EQ(reads(), 1);
  queue.receive_fault = Error{ErrorKind::kNotFound, "no such queue"};
  push(1);
  loop.run_for(3min);
  EXPECT_NE(readyz().find("no such queue"), std::string::npos) << readyz();
  EXPECT_EQ(reads(), 1);
  queue.receive_fault.reset();
  loop.run_for(2s);
  EXPECT_EQ(reads(), 2);
  EXPECT_EQ(readyz(), "ready");
  queue.shown.identity = "second";
  loop.run_for(2min);
  EXPECT_EQ(reads(), 3);
  loop.run_for(10min);
  EXPECT_EQ(reads(), 3) << "once a loss";
}

// Health is of the process, which is well: whoever restarts it for this would do so for ever.
TEST_F(StateServiceTest, TroubleWithTheQueueIsNoTroubleOfTheProcess) {
  start();
  loop.run_for(1s);
  for (int message = 0; message < 20; ++message) queue.push("{}");
  loop.run_for(1s);
  EXPECT_NE(readyz().find("the last 20 messages"), std::string::npos) << readyz();
  EXPECT_EQ(ask("GET", "/readyz").status, 503);
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
}

// Clusters that are not followed neither stand in the way nor get in.
TEST_F(StateServiceTest, FollowsTheNamedClustersAlone) {
  options.reconcile.clusters = {"other"};
  ecs.clusters = {kCluster, ClusterArn{"arn:aws:ecs:eu-west-1:123456789012:cluster/other"}};
  push(1);
  start();
  loop.run_for(1s);
  EXPECT_EQ(readyz(), "ready");
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_EQ(ask("GET", "/v1/tasks").body, R"({"items":[]})");
}

TEST_F(StateServiceTest, IsNotReadyByAMisspeltCluster) {
  options.reconcile.clusters = {"pord"};
  ecs.clusters = {kCluster};
  start();
  loop.run_for(1min);
  EXPECT_EQ(readyz(),
            "no cluster was read from ECS yet; the last read: ECS has no cluster 'pord' in this "
            "account and region; check --cluster");
}

TEST_F(StateServiceTest, ReadsAClusterOnDemand) {
  ecs.clusters = {kCluster};
  start();
  loop.run_for(1s);
  const auto lists = [&] {
    return std::ranges::count(ecs.calls, std::string{"ListContainerInstances prod"});
  };
  const auto before = lists();
  EXPECT_EQ(ask("POST", "/v1/reconcile?cluster=prod").status, 202);
  loop.run_for(1s);
  EXPECT_EQ(lists(), before + 1);
  for (int number = 0; number < 2'000; ++number) {
    EXPECT_EQ(ask("POST", "/v1/reconcile?cluster=n" + std::to_string(number)).status, 404);
  }
  EXPECT_EQ(ask("POST", "/v1/reconcile").body, "will be read from ECS soon");
  EXPECT_EQ(ask("POST", "/v1/reconcile?cluster=prod").body,
            "joins a read of ECS that waits or is under way");
  loop.run_for(1s);
  EXPECT_EQ(lists(), before + 1) << "not so soon after the last";
  loop.run_for(10s);
  EXPECT_EQ(lists(), before + 2);
}

}  // namespace
}  // namespace blox::apps
