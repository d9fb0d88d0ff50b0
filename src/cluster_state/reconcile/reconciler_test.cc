// Reconcile against a fake ECS: what events have lost comes right, and nothing else changes.
#include "cluster_state/reconcile/reconciler.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "aws/fake_ecs.h"
#include "cluster_state/ingest/testing_world.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;
using testing::instance_arn;
using testing::instance_report;
using testing::kCluster;
using testing::task_arn;
using testing::task_report;
using testing::World;

// Stamps the fake's answers with the loop's time.
class TimedEcs final : public aws::EcsQuery {
 public:
  explicit TimedEcs(SimLoop& loop) : loop_(loop) {}
  aws::FakeEcsQuery fake;
  Duration latency = 1ms;

  Async<Result<std::vector<ClusterArn>>> list_clusters() override {
    co_await sleep_for(loop_, latency);
    co_return co_await fake.list_clusters();
  }
  Async<Result<ClusterArn>> describe_cluster(std::string cluster) override {
    co_return co_await fake.describe_cluster(std::move(cluster));
  }
  Async<Result<std::vector<ContainerInstanceArn>>> list_container_instances(
      ClusterArn cluster) override {
    co_await sleep_for(loop_, latency);
    co_return co_await fake.list_container_instances(std::move(cluster));
  }
  Async<Result<aws::DescribedInstances>> describe_container_instances(
      ClusterArn cluster, std::vector<ContainerInstanceArn> asked) override {
    EXPECT_LE(asked.size(), 100U);
    const WallTime asked_at = loop_.wall_now();
    co_await sleep_for(loop_, latency);
    auto answer = co_await fake.describe_container_instances(std::move(cluster), std::move(asked));
    if (answer) answer->asked_at = asked_at;
    co_return answer;
  }
  Async<Result<std::vector<TaskArn>>> list_tasks(ClusterArn cluster,
                                                 aws::TaskFilter filter) override {
    co_await sleep_for(loop_, latency);
    co_return co_await fake.list_tasks(std::move(cluster), std::move(filter));
  }
  Async<Result<aws::DescribedTasks>> describe_tasks(ClusterArn cluster,
                                                    std::vector<TaskArn> asked) override {
    EXPECT_LE(asked.size(), 100U);
    const WallTime asked_at = loop_.wall_now();
    co_await sleep_for(loop_, latency);
    auto answer = co_await fake.describe_tasks(std::move(cluster), std::move(asked));
    if (answer) answer->asked_at = asked_at;
    co_return answer;
  }
  Async<Result<aws::DescribedTaskDefinition>> describe_task_definition(std::string name) override {
    co_return co_await fake.describe_task_definition(std::move(name));
  }

 private:
  SimLoop& loop_;
};

struct ReconcileWorld : World {
  ReconcileWorld() : random(1), ecs(loop) { ecs.fake.clusters = {kCluster}; }

  void put(const testing::TaskText& task, std::string describe_only = {}) {
    ecs.fake.tasks[task_arn(task.id)] = {task_report(task, std::move(describe_only)), "", "",
                                         task.status == "STOPPED"};
  }
  void start() {
    reconciler = std::make_unique<Reconciler>(loop, random, ecs, *ingest, metrics, reconcile);
  }
  void crash() {
    reconciler.reset();
    restart();
    start();
  }
  bool syncs(Duration limit) {
    return loop.run_while_not([&] { return reconciler->is_synced(); }, limit);
  }
  std::size_t calls(std::string_view operation) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        ecs.fake.calls, [&](const std::string& call) { return call.starts_with(operation); }));
  }

  Random random;
  TimedEcs ecs;
  ReconcileOptions reconcile;
  std::unique_ptr<Reconciler> reconciler;
};

TEST(Reconciler, FillsAnEmptyStoreAndMarksIt) {
  ReconcileWorld world;
  world.put({.id = "1", .version = 3});
  world.put({.id = "2", .version = 5, .status = "STOPPED"});
  world.ecs.fake.instances[instance_arn("1")] = instance_report("1", 2, "ACTIVE");
  const WallTime started = world.loop.wall_now();
  world.start();
  EXPECT_FALSE(world.reconciler->is_synced());
  ASSERT_TRUE(world.syncs(1min));
  EXPECT_EQ(world.task("1"), "v3 RUNNING");
  EXPECT_EQ(world.task("2"), "v5 STOPPED");
  EXPECT_EQ(world.content().size(), 4U);
  const auto synced_at = world.ingest->catalog().synced_at(kCluster);
  ASSERT_TRUE(synced_at);
  EXPECT_LE(*synced_at - started, 10ms) << "the start of the read, not its end";
}

// 10,000 tasks and a few milliseconds a call: the calls overlap, so seconds are enough.
TEST(Reconciler, ReadsTenThousandTasksInSeconds) {
  ReconcileWorld world;
  world.ecs.latency = 20ms;
  for (int number = 0; number < 10'000; ++number) world.put({.id = std::to_string(number)});
  world.start();
  ASSERT_TRUE(world.syncs(3s));
  EXPECT_EQ(world.ingest->catalog().live_tasks(kCluster).size(), 10'000U);
}

// A cluster that was created after a full read: its first event has it read, not the next round.
TEST(Reconciler, ReadsANewClusterOnItsFirstEvent) {
  ReconcileWorld world;
  world.ecs.fake.clusters.clear();
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.put({.id = "1"});
  world.put({.id = "2"});
  for (const char* id : {"1", "3"}) world.event({.id = id});
  world.loop.run_for(1s);
  EXPECT_TRUE(world.ingest->catalog().synced_at(kCluster));
  EXPECT_EQ(world.task("2"), "v1 RUNNING") << "of which no event came";
  const std::size_t lists = world.calls("ListTasks");
  world.event({.id = "4"});
  world.loop.run_for(1min);
  EXPECT_EQ(world.calls("ListTasks"), lists) << "once is enough";
}

TEST(Reconciler, ReadsNoClusterThatItDoesNotFollow) {
  ReconcileWorld world;
  world.reconcile.clusters = {"other"};
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.event({.id = "1"});
  world.loop.run_for(1min);
  EXPECT_EQ(world.calls("ListTasks"), 0U);
  world.reconcile.clusters = {"prod"};
  world.ecs.fake.clusters.clear();
  world.crash();
  world.loop.run_for(1min);
  world.event({.id = "2"});
  world.loop.run_for(1s);
  EXPECT_TRUE(world.ingest->catalog().synced_at(kCluster));
}

TEST(Reconciler, TwoReadsOfTheSameCommitNoObject) {
  ReconcileWorld world;
  for (int number = 0; number < 300; ++number) {
    world.put({.id = std::to_string(number)}, R"({"healthStatus":"HEALTHY"})");
    world.event({.id = std::to_string(number)});
  }
  world.ecs.fake.instances[instance_arn("1")] = instance_report("1", 2, "ACTIVE");
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  auto before = world.content();
  for (int round = 0; round < 2; ++round) {
    world.crash();
    world.loop.run_for(1min);
    world.reconciler->request_all();
    world.loop.run_for(21min);
    auto after = world.content();
    before.erase(codec::cluster_key(kCluster));
    after.erase(codec::cluster_key(kCluster));
    EXPECT_EQ(after, before);
  }
}

TEST(Reconciler, ServesAFilledStoreAtOnce) {
  ReconcileWorld world;
  world.put({.id = "1"});
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.ecs.fake.broken["ListClusters"] = Error{ErrorKind::kUnavailable, "no route"};
  world.crash();
  EXPECT_TRUE(world.reconciler->is_synced());
  world.loop.run_for(1h);
  EXPECT_TRUE(world.reconciler->last_error());
  EXPECT_LT(world.calls("ListClusters"), 60U) << "waits grow";
  world.ecs.fake.broken.clear();
  world.put({.id = "2"});
  world.loop.run_for(3min);
  EXPECT_EQ(world.task("2"), "v1 RUNNING");
  EXPECT_FALSE(world.reconciler->last_error());
}

TEST(Reconciler, LostDeletesNeedTwoWordsFiveMinutesApart) {
  ReconcileWorld world;
  world.put({.id = "1"});
  world.put({.id = "2"});
  world.ecs.fake.instances[instance_arn("1")] = instance_report("1", 2, "ACTIVE");
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.ecs.fake.tasks.erase(task_arn("1"));
  world.ecs.fake.instances.clear();
  world.reconciler->request(kCluster);
  world.loop.run_for(4min);
  world.reconciler->request(kCluster);
  world.loop.run_for(30s);
  EXPECT_EQ(world.task("1"), "v1 RUNNING");
  world.loop.run_for(1min);
  EXPECT_EQ(world.task("1"), "gone v1 missing");
  EXPECT_EQ(world.task("2"), "v1 RUNNING");
  EXPECT_TRUE(world.ingest->catalog().live_instances(kCluster).empty());
}

TEST(Reconciler, AbsenceFromListsAloneDeletesNothing) {
  ReconcileWorld world;
  world.put({.id = "1"});
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.ecs.fake.tasks[task_arn("1")].stopped = true;  // In neither list: of another cluster.
  world.ecs.fake.broken["ListTasks"] = Error{ErrorKind::kNotFound, "no such cluster"};
  world.loop.run_for(2h);
  EXPECT_EQ(world.task("1"), "v1 RUNNING");
}

TEST(Reconciler, WhatWasSeenBetweenTwoWordsStays) {
  ReconcileWorld world;
  world.put({.id = "1"});
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.ecs.fake.tasks.erase(task_arn("1"));
  world.reconciler->request(kCluster);
  world.loop.run_for(1min);
  world.event({.id = "1", .version = 2});
  world.loop.run_for(5min);
  EXPECT_EQ(world.task("1"), "v2 RUNNING");
  world.loop.run_for(1h);
  EXPECT_EQ(world.task("1"), "gone v2 missing") << "but not for ever";
}

TEST(Reconciler, AsksAboutWhatEventsCannotProve) {
  ReconcileWorld world;
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.loop.run_for(1h);
  Batch old;
  old.reports.push_back({task_report({.id = "1"}), Origin::kEvent, world.loop.wall_now() - 30min});
  old.reports.push_back({task_report({.id = "2"}), Origin::kEvent, world.loop.wall_now() - 30min});
  world.put({.id = "2", .version = 6});
  EXPECT_EQ(world.take(std::move(old)).asked, 2U);
  world.loop.run_for(1s);
  EXPECT_EQ(world.task("1"), "none");
  EXPECT_EQ(world.task("2"), "v6 RUNNING");
}

TEST(Reconciler, AVanishedClusterIsForgottenWithAllInIt) {
  ReconcileWorld world;
  world.put({.id = "1"});
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.ecs.fake.clusters.clear();
  world.ecs.fake.tasks.clear();
  for (const char* call : {"ListTasks", "ListContainerInstances", "DescribeTasks"}) {
    world.ecs.fake.broken[call] = Error{ErrorKind::kNotFound, "cluster is MISSING"};
  }
  world.loop.run_for(1h);
  EXPECT_EQ(world.task("1"), "gone v1 missing");
  EXPECT_FALSE(world.ingest->catalog().synced_at(kCluster));
}

TEST(Reconciler, ReadsNamedClustersAlone) {
  ReconcileWorld world;
  world.reconcile.clusters = {"prod", "nowhere"};
  world.put({.id = "1"});
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  EXPECT_EQ(world.task("1"), "v1 RUNNING");
  EXPECT_EQ(world.calls("ListClusters"), 0U);
}

}  // namespace
}  // namespace blox::cluster_state
