// A read keeps what it has: a call that fails costs one call, and the read goes on from there.
#include <gtest/gtest.h>

#include "cluster_state/reconcile/testing_reconcile.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;
using testing::kCluster;
using testing::ReconcileWorld;
using testing::task_report;

struct PagedWorld : ReconcileWorld {
  explicit PagedWorld(int tasks, std::size_t page_max = 100) {
    ecs.fake.page_max = page_max;
    ecs.latency = 50ms;
    for (int number = 0; number < tasks; ++number) put({.id = std::to_string(number)});
  }
  std::size_t lists() const { return calls("ListTasks"); }
  std::size_t describes() const { return calls("DescribeTasks"); }
};

TEST(ReconcilerResume, ReadsEveryPage) {
  PagedWorld world{250};
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  EXPECT_EQ(world.task_count(), 250U);
  EXPECT_EQ(world.lists(), 4U) << "three pages of running, one of stopped ones";
  EXPECT_EQ(world.describes(), 3U);
}

TEST(ReconcilerResume, GoesOnFromThePageThatFailed) {
  PagedWorld world{1'000};
  world.start();
  ASSERT_TRUE(world.loop.run_while_not([&] { return world.lists() == 5; }, 1min));
  const WallTime began = world.loop.wall_now();
  world.ecs.fake.broken["ListTasks"] = Error{ErrorKind::kUnavailable, "no route"};
  world.loop.run_for(5min);
  const std::size_t failed = world.lists() - 5;
  EXPECT_GT(failed, 3U);
  world.ecs.fake.broken.clear();
  ASSERT_TRUE(world.syncs(3min));
  EXPECT_EQ(world.lists(), 5 + failed + 6) << "five pages are left, and one of stopped tasks";
  EXPECT_EQ(world.task_count(), 1'000U);
  EXPECT_EQ(world.calls("ListContainerInstances"), 1U);
  EXPECT_LE(*world.ingest->catalog().synced_at(kCluster), began) << "the first attempt's start";
}

TEST(ReconcilerResume, DescribesNothingTwice) {
  PagedWorld world{2'000};
  world.start();
  ASSERT_TRUE(world.loop.run_while_not([&] { return world.describes() == 9; }, 1min));
  const std::size_t lists = world.lists();
  world.ecs.fake.broken["DescribeTasks"] = Error{ErrorKind::kUnavailable, "no route"};
  world.loop.run_for(5min);
  const std::size_t before = world.describes();
  EXPECT_LT(before, 9U + 4 * 12) << "after one that fails no more are sent in that attempt";
  world.ecs.fake.broken.clear();
  ASSERT_TRUE(world.syncs(3min));
  EXPECT_LE(world.describes() - before, 12U);
  EXPECT_EQ(world.lists(), lists);
  EXPECT_EQ(world.task_count(), 2'000U);
}

// As long as calls bring it on, it does not wait longer and longer.
TEST(ReconcilerResume, ReadsThroughThrottledCalls) {
  for (const auto& [throttled, limit] : {std::pair{0.3, Duration{1min}}, {0.9, Duration{30min}}}) {
    PagedWorld world{2'000};
    world.ecs.throttled = throttled;
    world.start();
    EXPECT_TRUE(world.syncs(limit)) << throttled;
    EXPECT_EQ(world.task_count(), 2'000U) << throttled;
    EXPECT_LE(world.describes(), 20U) << throttled;
    EXPECT_LE(world.lists(), 21U) << throttled;
  }
}

TEST(ReconcilerResume, FindsAThousandClustersThroughThrottledCalls) {
  ReconcileWorld world;
  world.ecs.fake.page_max = 100;
  world.ecs.fake.clusters.clear();
  for (int number = 0; number < 1'000; ++number) {
    world.ecs.fake.clusters.emplace_back("arn:aws:ecs:eu-west-1:123456789012:cluster/c" +
                                         std::to_string(10'000 + number));
  }
  world.ecs.throttled = 0.9;
  world.start();
  EXPECT_TRUE(world.loop.run_while_not([&] { return world.reconciler->knows_clusters(); }, 10min));
  EXPECT_EQ(world.reconciler->unread_clusters().size(), 1'000U);
  EXPECT_EQ(world.calls("ListClusters"), 10U);
}

// ECS forgets the token of a list: it is listed from its first page, and nothing is lost.
TEST(ReconcilerResume, BeginsAListAgainWhoseTokenIsRefused) {
  PagedWorld world{1'000};
  world.start();
  ASSERT_TRUE(world.loop.run_while_not([&] { return world.lists() == 5; }, 1min));
  world.ecs.fake.faults = {Error{ErrorKind::kInvalid, "InvalidParameterException: nextToken"}};
  ASSERT_TRUE(world.syncs(1min));
  EXPECT_EQ(world.lists(), 5U + 1 + 10 + 1);
  EXPECT_EQ(world.task_count(), 1'000U);
}

// So is the list of clusters gone on with, and begun again.
TEST(ReconcilerResume, FindsClustersFromThePageThatFailed) {
  for (const auto kind : {ErrorKind::kUnavailable, ErrorKind::kInvalid}) {
    PagedWorld world{0, 1};
    for (const char* name : {"x", "y"}) {
      world.ecs.fake.clusters.emplace_back("arn:aws:ecs:eu-west-1:123456789012:cluster/" +
                                           std::string{name});
    }
    world.start();
    ASSERT_TRUE(world.loop.run_while_not([&] { return world.calls("ListClusters") == 1; }, 1min));
    world.ecs.fake.broken["ListClusters"] = Error{kind, "away"};
    world.loop.run_for(10min);
    const std::size_t failed = world.calls("ListClusters") - 1;
    EXPECT_LT(failed, 30U) << "waits grow";
    world.ecs.fake.broken.clear();
    ASSERT_TRUE(world.syncs(3min));
    EXPECT_EQ(world.calls("ListClusters"), 1 + failed + (kind == ErrorKind::kInvalid ? 3 : 2));
  }
}

TEST(ReconcilerResume, GivesUpAListThatNeverEnds) {
  PagedWorld world{10, 1};
  world.ecs.latency = 1us;
  world.ecs.endless = true;
  world.start();
  world.loop.run_for(1s);
  ASSERT_TRUE(world.reconciler->last_error());
  EXPECT_NE(world.reconciler->last_error()->message.find("does not end"), std::string::npos);
  world.ecs.endless = false;
  EXPECT_TRUE(world.syncs(5min));
}

// What is too old to go on from says too little of now.
TEST(ReconcilerResume, BeginsAnewAfterALongStandstill) {
  PagedWorld world{500};
  world.start();
  ASSERT_TRUE(world.loop.run_while_not([&] { return world.lists() == 3; }, 1min));
  world.ecs.fake.broken["ListTasks"] = Error{ErrorKind::kUnavailable, "no route"};
  world.loop.run_for(25min);
  world.ecs.fake.broken.clear();
  const WallTime mended = world.loop.wall_now();
  ASSERT_TRUE(world.syncs(3min));
  EXPECT_GE(*world.ingest->catalog().synced_at(kCluster), mended - 6min) << "not 25 min ago";
  EXPECT_GE(world.calls("ListContainerInstances"), 2U);
}

// More objects than the describe list takes came while a read was kept: it may have passed their
// place in the list, so another has to follow.
TEST(ReconcilerResume, WhatCameDuringAReadIsReadAfterIt) {
  PagedWorld world{300};
  world.options.describe_list_max = 5;
  world.restart();
  world.start();
  ASSERT_TRUE(world.loop.run_while_not([&] { return world.lists() == 4; }, 1min));
  world.ecs.fake.broken["DescribeTasks"] = Error{ErrorKind::kUnavailable, "no route"};
  world.loop.run_for(10s);
  Batch old;
  for (int number = 1'000; number < 1'030; ++number) {
    const std::string id = std::to_string(number);
    world.put({.id = id});
    old.reports.push_back({task_report({.id = id}), Origin::kEvent, world.loop.wall_now() - 1h});
  }
  world.take(std::move(old));
  world.loop.run_for(1s);
  world.ecs.fake.broken.clear();
  world.loop.run_for(5min);
  EXPECT_EQ(world.task_count(), 330U);
}

// So does what is asked for then: the place of what has changed may have been passed.
TEST(ReconcilerResume, ARequestDuringAReadHasAnotherFollowIt) {
  for (const bool all : {false, true}) {
    PagedWorld world{1};
    world.start();
    ASSERT_TRUE(world.syncs(1min));
    world.ecs.fake.broken["DescribeTasks"] = Error{ErrorKind::kUnavailable, "no route"};
    world.reconciler->request(kCluster);
    world.loop.run_for(90s);
    ASSERT_TRUE(world.reconciler->last_error()) << "it is half done";
    world.put({.id = "9"});
    if (all) {
      world.reconciler->request_all();
    } else {
      world.reconciler->request(kCluster);
    }
    world.loop.run_for(1s);
    world.ecs.fake.broken.clear();
    world.loop.run_for(3min);
    EXPECT_EQ(world.task_count(), 2U) << all;
  }
}

// Nor is one of people lost that waits for its pause when the read fails again.
TEST(ReconcilerResume, SoHasARequestThatWaits) {
  PagedWorld world{1};
  const ClusterArn aside{"arn:aws:ecs:eu-west-1:123456789012:cluster/aside"};
  world.ecs.fake.clusters.push_back(aside);
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  ASSERT_TRUE(world.reconciler->request_for_people(aside));
  world.loop.run_for(3s);
  world.ecs.fake.broken["DescribeTasks"] = Error{ErrorKind::kUnavailable, "no route"};
  world.reconciler->request(kCluster);
  world.loop.run_for(500ms);
  ASSERT_TRUE(world.reconciler->last_error());
  world.put({.id = "9"});
  EXPECT_TRUE(world.reconciler->request_for_people(kCluster));
  world.loop.run_for(4s);
  world.ecs.fake.broken.clear();
  world.loop.run_for(3min);
  EXPECT_EQ(world.task_count(), 2U);
}

// Clusters that came to be behind the page that the list goes on from are found all the same.
TEST(ReconcilerResume, AReadOfAllThatIsAskedForBeginsTheListOfClustersAnew) {
  for (const bool under_way : {false, true}) {
    ReconcileWorld world;
    const auto cluster = [](const std::string& name) {
      return ClusterArn{"arn:aws:ecs:eu-west-1:123456789012:cluster/" + name};
    };
    world.ecs.fake.page_max = 1;
    world.ecs.fake.clusters = {cluster("b"), cluster("c"), cluster("d")};
    world.ecs.latency = 1s;
    world.start();
    world.loop.run_for(1500ms);
    world.ecs.fake.broken["ListClusters"] = Error{ErrorKind::kUnavailable, "no route"};
    if (!under_way) world.loop.run_for(10s);
    world.ecs.fake.clusters.insert(world.ecs.fake.clusters.begin(), cluster("a"));
    world.reconciler->request_all();
    world.loop.run_for(10s);
    world.ecs.fake.broken.clear();
    world.loop.run_for(3min);
    EXPECT_TRUE(world.ingest->catalog().synced_at(cluster("d")));
    EXPECT_TRUE(world.ingest->catalog().synced_at(cluster("a"))) << under_way;
  }
}

// Of objects in doubt those that were answered are not asked about again.
TEST(ReconcilerResume, AsksThroughThrottledCallsAboutDoubts) {
  PagedWorld world{0};
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  Batch old;
  for (int number = 0; number < 2'000; ++number) {
    const std::string id = std::to_string(number);
    world.put({.id = id});
    old.reports.push_back({task_report({.id = id}), Origin::kEvent, world.loop.wall_now() - 1h});
  }
  world.ecs.throttled = 0.7;
  const std::size_t lists = world.lists();
  world.take(std::move(old));
  world.loop.run_for(2min);
  EXPECT_EQ(world.task_count(), 2'000U);
  EXPECT_EQ(world.describes(), 20U);
  EXPECT_EQ(world.lists(), lists);
}

}  // namespace
}  // namespace blox::cluster_state
