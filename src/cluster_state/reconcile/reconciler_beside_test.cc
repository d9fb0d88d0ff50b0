// Clusters are read side by side: one that is large, slow or throttled holds up no other.
#include <gtest/gtest.h>

#include "cluster_state/reconcile/testing_reconcile.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;
using testing::kCluster;
using testing::ReconcileWorld;
using testing::task_report;

ClusterArn cluster(const std::string& name) {
  return ClusterArn{"arn:aws:ecs:eu-west-1:123456789012:cluster/" + name};
}
const ClusterArn kSlow = cluster("slow");
const ClusterArn kOther = cluster("aside");

struct BesideWorld : ReconcileWorld {
  BesideWorld() {
    ecs.slow_clusters[kSlow] = 1h;
    ecs.fake.clusters = {kSlow, kOther};
  }
  std::size_t reads_of(const std::string& name) const {
    return calls("ListContainerInstances " + name);
  }
  bool is_read(const ClusterArn& cluster) const {
    return ingest->catalog().synced_at(cluster).has_value();
  }
  void put_in(const ClusterArn& cluster, std::string id) {
    TaskReport task = task_report({.id = std::move(id)});
    task.cluster = cluster;
    ecs.fake.tasks[task.arn] = {task, "", "", false};
  }
};

TEST(ReconcilerBeside, ANewClusterDoesNotWaitForTheSlowest) {
  BesideWorld world;
  world.start();
  world.loop.run_for(1min);
  ASSERT_TRUE(world.is_read(kOther));
  ASSERT_FALSE(world.is_read(kSlow));
  world.event({.id = "1"});
  world.loop.run_for(1s);
  EXPECT_TRUE(world.is_read(kCluster));
}

TEST(ReconcilerBeside, NorDoesWhatPeopleAskFor) {
  BesideWorld world;
  world.start();
  world.loop.run_for(1min);
  EXPECT_TRUE(world.reconciler->request_for_people(kOther)) << "the full read has it behind it";
  world.loop.run_for(1s);
  EXPECT_EQ(world.reads_of("aside"), 2U);
  EXPECT_FALSE(world.reconciler->request_for_people(kSlow)) << "this one it joins";
  EXPECT_FALSE(world.reconciler->request_all_for_people()) << "and all of them";
}

TEST(ReconcilerBeside, NorDoesTheNextFullRead) {
  BesideWorld world;
  world.start();
  world.loop.run_for(61min);
  EXPECT_EQ(world.reads_of("aside"), 4U) << "every twenty minutes";
  EXPECT_EQ(world.reads_of("slow"), 1U) << "which goes on";
  EXPECT_FALSE(world.reconciler->is_synced());
  world.loop.run_for(3h);
  EXPECT_TRUE(world.is_read(kSlow));
  EXPECT_TRUE(world.reconciler->is_synced());
}

// All places for reads that nobody waits for are taken.
TEST(ReconcilerBeside, WhatIsAskedForHasPlacesOfItsOwn) {
  BesideWorld world;
  world.ecs.fake.clusters = {kOther};
  for (const char* name : {"a1", "a2", "a3", "a4"}) {
    world.ecs.slow_clusters[cluster(name)] = 1h;
    world.ecs.fake.clusters.push_back(cluster(name));
  }
  for (const char* name : {"b1", "b2"}) world.ecs.fake.clusters.push_back(cluster(name));
  world.start();
  world.loop.run_for(1min);
  EXPECT_FALSE(world.is_read(cluster("b1")));
  EXPECT_FALSE(world.reconciler->request_for_people(cluster("b1"))) << "it waits already";
  world.event({.id = "1"});
  world.loop.run_for(1s);
  EXPECT_TRUE(world.is_read(cluster("b1"))) << "and does so no longer";
  EXPECT_TRUE(world.is_read(kCluster));
  EXPECT_FALSE(world.is_read(cluster("b2")));
  world.loop.run_for(4h);
  EXPECT_TRUE(world.is_read(cluster("b2")));
}

// Who was asked for while the clusters were being found is no more urgent in later reads of all.
TEST(ReconcilerBeside, WhatWasAskedForOnceIsUrgentOnce) {
  BesideWorld world;
  world.ecs.fake.clusters = {kOther};
  world.ecs.list_latency = 1s;
  for (const char* name : {"a1", "a2", "a3", "a4"}) {
    world.ecs.fake.clusters.push_back(cluster(name));
  }
  world.start();
  world.loop.run_for(500ms);
  EXPECT_FALSE(world.reconciler->request_for_people(kOther));
  ASSERT_TRUE(world.syncs(1min));
  for (const char* name : {"a1", "a2", "a3", "a4"}) world.ecs.slow_clusters[cluster(name)] = 1h;
  world.reconciler->request_all();
  world.loop.run_for(1min);
  EXPECT_EQ(world.reads_of("aside"), 1U);
}

TEST(ReconcilerBeside, AHangingListOfClustersHoldsUpNoRead) {
  BesideWorld world;
  world.ecs.slow_clusters.clear();
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.loop.run_for(19min);
  world.ecs.list_latency = 1h;
  world.loop.run_for(2min);
  world.event({.id = "1"});
  world.loop.run_for(1s);
  EXPECT_TRUE(world.is_read(kCluster));
  world.reconciler->request(kOther);
  world.loop.run_for(1s);
  EXPECT_EQ(world.reads_of("aside"), 2U);
}

// A read that is past what has changed meanwhile does not do for one that is asked for then, be it
// under way or to be gone on with.
TEST(ReconcilerBeside, AReadOfAllThatIsAskedForBeginsAnew) {
  for (const bool fails : {false, true}) {
    BesideWorld world;
    world.ecs.slow_clusters[kSlow] = 10s;
    world.ecs.slow_clusters[kOther] = 1ms;
    const auto add_task = [&](const char* id) {
      TaskReport joined = task_report({.id = id});
      joined.cluster = kSlow;
      world.ecs.fake.tasks[joined.arn] = {joined, "", "", false};
    };
    add_task("1");
    world.start();
    world.loop.run_for(35s);  // All lists of the slow one are read.
    ASSERT_EQ(world.calls("ListTasks"), 4U);
    if (fails) {
      world.ecs.fake.broken["DescribeTasks"] = Error{ErrorKind::kUnavailable, "away"};
      ASSERT_TRUE(
          world.loop.run_while_not([&] { return world.reconciler->last_error() != nullptr; }, 10s));
      world.ecs.fake.broken.clear();
    }
    ASSERT_TRUE(world.ingest->catalog().live_tasks(kSlow).empty());
    add_task("9");
    world.reconciler->request_all();
    world.loop.run_for(2min);
    EXPECT_EQ(world.ingest->catalog().live_tasks(kSlow).size(), 2U) << fails;
    EXPECT_EQ(world.reads_of("aside"), 2U) << "no more than is asked for";
  }
}

// More names than are kept mean all of them; so they were asked for, too.
TEST(ReconcilerBeside, SoDoesOneThatIsMeantByTooManyNames) {
  BesideWorld world;
  world.ecs.slow_clusters[kSlow] = 10s;
  world.put_in(kSlow, "8");
  world.start();
  world.loop.run_for(35s);
  ASSERT_FALSE(world.is_read(kSlow));
  world.put_in(kSlow, "9");
  for (std::size_t number = 0; number < ReadRequests::kNamedMax; ++number) {
    world.reconciler->request(cluster("none" + std::to_string(number)));
  }
  world.reconciler->request(kSlow);
  world.loop.run_for(10min);
  EXPECT_EQ(world.ingest->catalog().live_tasks(kSlow).size(), 2U);
}

// The wall clock stood hours ahead when the cluster was read, and was set back since.
TEST(ReconcilerBeside, AMarkOfTheFutureHoldsUpNoFullRead) {
  BesideWorld world;
  world.ecs.fake.clusters = {kOther};
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  const Status marked =
      run_to_end(world.loop, world.ingest->mark_synced(kOther, world.loop.wall_now() + 3h));
  ASSERT_TRUE(marked);
  world.loop.run_for(21min);
  EXPECT_EQ(world.reads_of("aside"), 2U);
  world.reconciler->request_all();
  world.loop.run_for(1min);
  EXPECT_EQ(world.reads_of("aside"), 3U);
}

// What was read for another reason while the clusters were found is not read again.
TEST(ReconcilerBeside, AFullReadLeavesOutWhatWasReadMeanwhile) {
  BesideWorld world;
  world.ecs.fake.clusters = {kOther, kCluster};
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.ecs.list_latency = 1min;
  world.reconciler->request_all();
  world.loop.run_for(10s);
  world.reconciler->request(kOther);
  world.loop.run_for(2min);
  EXPECT_EQ(world.reads_of("aside"), 2U);
  EXPECT_EQ(world.reads_of("prod"), 2U);
}

// Those that are tried again in vain, be it that nothing was begun or that it stands still.
TEST(ReconcilerBeside, ManyThatFailDoNotHoldUpWhatWasNeverTried) {
  for (const bool begun : {false, true}) {
    BesideWorld world;
    world.ecs.fake.clusters.clear();
    for (int number = 100; number < 160; ++number) {
      const ClusterArn denied = cluster("denied" + std::to_string(number));
      world.ecs.fake.clusters.push_back(denied);
      world.ecs.slow_clusters[denied] = 10s;
      if (!begun) world.ecs.broken_clusters.insert(denied);
      world.put_in(denied, std::to_string(number));
    }
    world.ecs.fake.clusters.push_back(cluster("never-tried"));
    world.ecs.fake.broken["DescribeTasks"] = Error{ErrorKind::kDenied, "not authorized"};
    world.start();
    world.loop.run_for(begun ? 15min : 3min);
    EXPECT_TRUE(world.is_read(cluster("never-tried"))) << begun;
  }
}

// One that is tried again for long does not hold up the doubts of another either.
TEST(ReconcilerBeside, DoubtsOfOneDoNotWaitForThoseOfAnother) {
  BesideWorld world;
  world.ecs.slow_clusters.clear();
  world.ecs.fake.clusters = {kCluster, kSlow};
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.ecs.slow_clusters[kSlow] = 1h;
  TaskReport slow = task_report({.id = "9"});
  slow.cluster = kSlow;
  Batch old;
  old.reports.push_back({std::move(slow), Origin::kEvent, world.loop.wall_now() - 1h});
  world.take(std::move(old));
  world.loop.run_for(1s);
  world.put({.id = "1"});
  Batch next;
  next.reports.push_back({task_report({.id = "1"}), Origin::kEvent, world.loop.wall_now() - 1h});
  world.take(std::move(next));
  world.loop.run_for(1s);
  EXPECT_EQ(world.task("1"), "v1 RUNNING");
}

}  // namespace
}  // namespace blox::cluster_state
