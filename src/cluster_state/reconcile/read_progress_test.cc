// What is told of clusters that were never read whole: of which, and how far each has come.
#include "cluster_state/reconcile/read_progress.h"

#include <gtest/gtest.h>

#include "cluster_state/reconcile/testing_reconcile.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;
using testing::kCluster;
using testing::ReconcileWorld;

const ClusterArn kOther{"arn:aws:ecs:eu-west-1:123456789012:cluster/aside"};

TEST(ReadProgress, BeginsWithTheFirstListAndEndsWithTheMark) {
  ReconcileWorld world;
  world.ecs.latency = 1s;
  world.put({.id = "1"});
  world.start();
  world.loop.run_for(500ms);
  EXPECT_FALSE(world.reconciler->knows_clusters());
  EXPECT_TRUE(world.reconciler->unread_clusters().empty());
  world.loop.run_for(1s);
  ASSERT_TRUE(world.reconciler->knows_clusters());
  const UnreadClusters& unread = world.reconciler->unread_clusters();
  ASSERT_EQ(unread.count(kCluster.value), 1U);
  const ReadProgress& progress = unread.at(kCluster.value);
  EXPECT_TRUE(progress.in_first_list);
  EXPECT_FALSE(progress.last_error);
  TimePoint last = progress.progress_at;
  EXPECT_LE(world.loop.now() - last, 500ms);
  // Instances, running tasks, stopped tasks, a Describe: each moves it.
  for (int call = 0; call < 3; ++call) {
    world.loop.run_for(1s);
    ASSERT_EQ(unread.count(kCluster.value), 1U) << call;
    EXPECT_LE(world.loop.now() - unread.at(kCluster.value).progress_at, 1600ms) << call;
  }
  EXPECT_GT(unread.at(kCluster.value).progress_at, last);
  ASSERT_TRUE(world.syncs(1min));
  EXPECT_TRUE(unread.empty());
}

TEST(ReadProgress, StandsStillWhileAClusterFailsAndSaysWhy) {
  ReconcileWorld world;
  world.ecs.fake.clusters = {kOther, kCluster};
  world.ecs.broken_clusters = {kOther};
  world.start();
  const TimePoint started = world.loop.now();
  world.loop.run_for(5min);
  const UnreadClusters& unread = world.reconciler->unread_clusters();
  ASSERT_EQ(unread.size(), 1U) << "prod is read";
  const ReadProgress& progress = unread.at(kOther.value);
  EXPECT_LE(progress.progress_at - started, 1s);
  ASSERT_TRUE(progress.last_error);
  EXPECT_EQ(progress.last_error->kind, ErrorKind::kUnavailable);
  EXPECT_NE(progress.last_error->message.find("this cluster fails"), std::string::npos);
  world.ecs.broken_clusters.clear();
  ASSERT_TRUE(world.syncs(3min));
  EXPECT_TRUE(unread.empty());
}

// All places are taken by others: nothing was tried, so nothing stands still.
TEST(ReadProgress, TheWaitForItsTurnIsNoStandstill) {
  ReconcileWorld world;
  world.reconcile.every = 2h;
  for (const char* name : {"a1", "a2", "a3", "a4"}) {
    const ClusterArn slow{"arn:aws:ecs:eu-west-1:123456789012:cluster/" + std::string{name}};
    world.ecs.fake.clusters.push_back(slow);
    world.ecs.slow_clusters[slow] = 5min;  // Their reads take a quarter of an hour.
  }
  world.ecs.broken_clusters = {kCluster};
  world.start();
  const auto tried = [&] {
    return world.reconciler->unread_clusters().at(kCluster.value).tried_for(world.loop.now());
  };
  world.loop.run_for(14min);
  EXPECT_LE(tried(), 1s);
  EXPECT_EQ(world.calls("ListContainerInstances prod"), 0U);
  world.loop.run_for(11min);
  EXPECT_GT(world.calls("ListContainerInstances prod"), 3U);
  EXPECT_GE(tried(), 9min) << "but that it is tried in vain";
  world.ecs.broken_clusters.clear();
  EXPECT_TRUE(world.syncs(3min));
}

TEST(ReadProgress, CountsTheTimeBetweenTheWaits) {
  const auto at = [](Duration time) { return TimePoint{} + 1h + time; };
  UnreadList list;
  list.add("a", at(0s), true);
  const ReadProgress& a = list.clusters().at("a");
  EXPECT_EQ(a.tried_for(at(10s)), 0s) << "it waits from the first";
  list.note_turn("a", at(10s));
  EXPECT_EQ(a.tried_for(at(11s)), 1s);
  list.note_failure("a", Error{ErrorKind::kUnavailable, "away"});
  EXPECT_EQ(a.tried_for(at(15s)), 5s) << "nobody else keeps it from its next try";
  list.note_waiting("a", at(15s));
  list.note_waiting("a", at(20s));
  EXPECT_EQ(a.tried_for(at(30s)), 5s);
  list.note_turn("a", at(30s));
  list.note_turn("a", at(31s));
  EXPECT_EQ(a.tried_for(at(32s)), 7s);
  list.note_progress("a", at(33s));
  EXPECT_EQ(a.tried_for(at(34s)), 1s);
  list.note_waiting("a", at(34s));
  list.note_progress("a", at(36s));
  EXPECT_EQ(a.tried_for(at(40s)), 0s) << "an answer to another question, while it waits";
}

TEST(ReadProgress, TellsAClusterThatCameLater) {
  ReconcileWorld world;
  world.ecs.fake.clusters.clear();
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.ecs.latency = 1s;
  world.event({.id = "1"});
  world.loop.run_for(1s);
  const UnreadClusters& unread = world.reconciler->unread_clusters();
  ASSERT_EQ(unread.count(kCluster.value), 1U);
  EXPECT_FALSE(unread.at(kCluster.value).in_first_list);
  world.loop.run_for(10s);
  EXPECT_TRUE(unread.empty());
}

TEST(ReadProgress, GoesByTheConfiguredNameUntilEcsHasToldTheArn) {
  ReconcileWorld world;
  world.reconcile.clusters = {"prod", "nowhere"};
  world.ecs.latency = 1s;
  world.ecs.fake.broken["DescribeClusters"] = Error{ErrorKind::kThrottled, "too fast"};
  world.start();
  world.loop.run_for(100ms);
  const UnreadClusters& unread = world.reconciler->unread_clusters();
  ASSERT_EQ(unread.count("prod"), 1U);
  EXPECT_TRUE(unread.at("prod").in_first_list);
  EXPECT_EQ(unread.at("prod").last_error->message, "too fast");
  world.ecs.fake.broken.clear();
  EXPECT_TRUE(world.loop.run_while_not([&] { return unread.contains(kCluster.value); }, 10s));
  EXPECT_FALSE(unread.contains("prod"));
  EXPECT_TRUE(unread.at(kCluster.value).in_first_list) << "nothing has said that it was not there";
  world.loop.run_for(1min);
  ASSERT_EQ(unread.size(), 1U);
  EXPECT_FALSE(unread.at("nowhere").in_first_list) << "ECS has said that it is not there";
  EXPECT_EQ(unread.at("nowhere").last_error->kind, ErrorKind::kNotFound);
}

// A full read asks for the name again: what was read before does not become unread by that.
TEST(ReadProgress, AClusterWithAMarkStaysOut) {
  ReconcileWorld world;
  world.reconcile.clusters = {"prod"};
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.ecs.fake.broken["DescribeClusters"] = Error{ErrorKind::kThrottled, "too fast"};
  world.ecs.broken_clusters = {kCluster};
  world.crash();
  for (int second = 0; second < 30; ++second) {
    world.loop.run_for(1s);
    EXPECT_TRUE(world.reconciler->unread_clusters().empty());
  }
  EXPECT_TRUE(world.reconciler->last_error());
}

}  // namespace
}  // namespace blox::cluster_state
