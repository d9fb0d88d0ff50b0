// When reconcile tries again what failed: never without a wait, whatever else happens.
#include <gtest/gtest.h>

#include "cluster_state/reconcile/testing_reconcile.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;
using testing::kCluster;
using testing::ReconcileWorld;
using testing::task_report;

const std::string kElsewhere = "arn:aws:ecs:us-west-2:123456789012:cluster/prod";

TEST(ReconcilerRetry, AnArnOfAnotherRegionThatFailsIsAskedAboutNowAndThen) {
  ReconcileWorld world;
  world.reconcile.region = "eu-west-1";
  world.reconcile.clusters = {kElsewhere};
  world.ecs.fake.broken["DescribeClusters"] = Error{ErrorKind::kUnavailable, "no route"};
  world.start();
  world.loop.run_for(10min);
  EXPECT_TRUE(world.reconciler->last_error());
  EXPECT_GT(world.calls("DescribeClusters"), 4U);
  EXPECT_LT(world.calls("DescribeClusters"), 30U) << "waits grow";
  world.ecs.fake.broken.clear();
  world.loop.run_for(3min);
  ASSERT_TRUE(world.reconciler->last_error());
  EXPECT_EQ(world.reconciler->last_error()->kind, ErrorKind::kNotFound) << "that is an answer";
  EXPECT_EQ(world.calls("ListTasks"), 0U);
}

// Read and failed before any answer has told the region; then one does, and it is another.
TEST(ReconcilerRetry, AClusterThatIsFollowedNoLongerIsNotTriedAgain) {
  ReconcileWorld world;
  world.put({.id = "1"});
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.ecs.fake.clusters.clear();
  world.ecs.broken_clusters = {kCluster};
  world.crash();
  world.loop.run_for(10s);
  ASSERT_TRUE(world.reconciler->last_error());
  world.ecs.fake.clusters = {ClusterArn{kElsewhere}};
  world.reconciler->request_all_for_people();
  world.loop.run_for(10min);
  EXPECT_FALSE(world.reconciler->last_error());
  EXPECT_TRUE(world.ingest->catalog().synced_at(ClusterArn{kElsewhere}));
}

TEST(ReconcilerRetry, AConfiguredArnWhoseReadsFailIsReadWithGrowingWaits) {
  ReconcileWorld world;
  world.reconcile.clusters = {kCluster.value};
  world.ecs.broken_clusters = {kCluster};
  world.start();
  world.loop.run_for(10min);
  EXPECT_LT(world.calls("ListContainerInstances"), 30U);
  world.ecs.broken_clusters.clear();
  EXPECT_TRUE(world.syncs(3min));
}

TEST(ReconcilerRetry, EventsDoNotEndTheWaitOfAClusterThatFails) {
  ReconcileWorld world;
  world.ecs.fake.clusters.clear();
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.ecs.broken_clusters = {kCluster};
  for (int number = 0; number < 600; ++number) {
    world.event({.id = std::to_string(number)});
    world.loop.run_for(100ms);
  }
  EXPECT_GT(world.calls("ListContainerInstances"), 3U);
  EXPECT_LT(world.calls("ListContainerInstances"), 12U);
  world.ecs.broken_clusters.clear();
  world.loop.run_for(3min);
  EXPECT_TRUE(world.ingest->catalog().synced_at(kCluster));
}

// What came while they were answered is asked about as if nothing had failed before.
TEST(ReconcilerRetry, DoubtsThatWereAnsweredBeginTheirWaitsAnew) {
  ReconcileWorld world;
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  const auto doubt = [&](const char* id) {
    Batch old;
    old.reports.push_back({task_report({.id = id}), Origin::kEvent, world.loop.wall_now() - 1h});
    world.take(std::move(old));
  };
  for (const char* id : {"1", "2"}) world.put({.id = id});
  const Error away{ErrorKind::kUnavailable, "away"};
  world.ecs.latency = 5s;
  world.ecs.fake.broken["DescribeTasks"] = away;
  doubt("1");
  world.loop.run_for(10min);
  world.ecs.fake.broken.clear();
  for (int second = 0; second < 180 && world.task_count() == 0; ++second) {
    doubt("2");
    world.loop.run_for(1s);
  }
  ASSERT_EQ(world.task_count(), 2U);
  const std::size_t answered = world.calls("DescribeTasks");
  world.ecs.fake.broken["DescribeTasks"] = away;
  world.loop.run_for(5s);
  ASSERT_EQ(world.calls("DescribeTasks"), answered + 1) << "this one has failed";
  world.loop.run_for(10s);
  EXPECT_GT(world.calls("DescribeTasks"), answered + 1);
}

TEST(ReconcilerRetry, SoDoesTheListOfClusters) {
  ReconcileWorld world;
  const Error away{ErrorKind::kUnavailable, "away"};
  world.ecs.fake.broken["ListClusters"] = away;
  world.start();
  world.loop.run_for(10min);
  world.ecs.fake.broken.clear();
  ASSERT_TRUE(world.syncs(3min));
  const std::size_t before = world.calls("ListClusters");
  world.ecs.fake.broken["ListClusters"] = away;
  world.reconciler->request_all();
  world.loop.run_for(5s);
  EXPECT_GE(world.calls("ListClusters"), before + 2);
}

// What is throttled says nothing of the other calls: what they bring is kept.
TEST(ReconcilerRetry, OneDescribeThatIsThrottledEndsNoOther) {
  ReconcileWorld world;
  for (int number = 0; number < 2'000; ++number) world.put({.id = std::to_string(number)});
  world.start();
  ASSERT_TRUE(world.loop.run_while_not([&] { return world.calls("ListTasks") == 2; }, 1min));
  world.ecs.fake.faults.push_back({ErrorKind::kThrottled, "Rate exceeded"});
  world.loop.run_for(400ms);
  EXPECT_EQ(world.calls("DescribeTasks"), 20U);
  EXPECT_EQ(world.task_count(), 1'900U);
  EXPECT_TRUE(world.syncs(1min));
  EXPECT_EQ(world.calls("DescribeTasks"), 21U);
}

}  // namespace
}  // namespace blox::cluster_state
