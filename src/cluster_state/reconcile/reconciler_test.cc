// Reconcile against a fake ECS: what events have lost comes right, and nothing else changes.
#include "cluster_state/reconcile/reconciler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "cluster_state/reconcile/testing_reconcile.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;
using testing::instance_arn;
using testing::instance_report;
using testing::kCluster;
using testing::ReconcileWorld;
using testing::task_arn;
using testing::task_report;

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
  world.loop.run_for(1min);
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
    world.reconciler->request_all_for_people();
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
  world.delete_cluster();
  world.loop.run_for(1h);
  EXPECT_EQ(world.task("1"), "gone v1 missing");
  EXPECT_FALSE(world.ingest->catalog().synced_at(kCluster));
}

TEST(Reconciler, ReadsNamedClustersAlone) {
  ReconcileWorld world;
  world.reconcile.clusters = {"prod", "nowhere"};
  world.put({.id = "1"});
  world.start();
  world.loop.run_for(1min);
  EXPECT_EQ(world.task("1"), "v1 RUNNING");
  EXPECT_TRUE(world.ingest->catalog().synced_at(kCluster));
  EXPECT_EQ(world.calls("ListClusters"), 0U);
  EXPECT_FALSE(world.reconciler->is_synced()) << "nowhere may be misspelt";
  ASSERT_TRUE(world.reconciler->last_error());
  EXPECT_EQ(world.reconciler->last_error()->message,
            "ECS has no cluster 'nowhere' in this account and region; check --cluster");
  world.ecs.fake.clusters.emplace_back("arn:aws:ecs:eu-west-1:123456789012:cluster/nowhere");
  EXPECT_TRUE(world.syncs(3min)) << "it was made since";
  EXPECT_FALSE(world.reconciler->last_error());
}

// The mark of a deleted cluster goes with the last of what lists show, not with the last that runs:
// between the two it would look as if the cluster had never been read.
TEST(Reconciler, AVanishedClusterKeepsItsMarkWhileStoppedTasksAreShown) {
  ReconcileWorld world;
  world.put({.id = "1", .status = "STOPPED"});
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.delete_cluster();
  world.loop.run_for(2h);
  EXPECT_EQ(world.task("1"), "v1 STOPPED");
  EXPECT_TRUE(world.ingest->catalog().synced_at(kCluster));
  world.loop.run_for(2h);
  EXPECT_EQ(world.task("1"), "gone v1 retention");
  EXPECT_FALSE(world.ingest->catalog().synced_at(kCluster));
}

TEST(Reconciler, AFollowedClusterThatVanishedIsForgottenWithAllInIt) {
  ReconcileWorld world;
  world.reconcile.clusters = {"prod"};
  world.put({.id = "1"});
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.delete_cluster();
  world.loop.run_for(1h);
  EXPECT_EQ(world.task("1"), "gone v1 missing");
  EXPECT_FALSE(world.ingest->catalog().synced_at(kCluster));
}

const ClusterArn kOther{"arn:aws:ecs:eu-west-1:123456789012:cluster/aside"};

// One cluster fails, for hours: the others are read in their time, and it alone is tried again.
TEST(Reconciler, AClusterThatFailsIsTriedAgainByItself) {
  ReconcileWorld world;
  world.ecs.fake.clusters = {kOther, kCluster};
  world.ecs.broken_clusters = {kOther};
  world.put({.id = "1"});
  world.start();
  world.loop.run_for(15min);
  EXPECT_TRUE(world.ingest->catalog().synced_at(kCluster));
  EXPECT_EQ(world.calls("ListTasks prod"), 2U) << "one read, of both statuses";
  EXPECT_GT(world.calls("ListContainerInstances aside"), 5U);
  EXPECT_LT(world.calls("ListContainerInstances aside"), 25U) << "with growing waits";
  EXPECT_FALSE(world.reconciler->is_synced());
  EXPECT_TRUE(world.reconciler->last_error());
  world.ecs.broken_clusters.clear();
  EXPECT_TRUE(world.syncs(3min));
  EXPECT_EQ(world.calls("ListTasks prod"), 2U);
  EXPECT_FALSE(world.reconciler->last_error());
}

TEST(Reconciler, ANameThatFailsDoesNotStopTheOthers) {
  ReconcileWorld world;
  world.reconcile.clusters = {"aside", "prod"};
  world.ecs.fake.clusters = {kOther, kCluster};
  world.put({.id = "1"});
  world.ecs.fake.faults = {Error{ErrorKind::kUnavailable, "cannot describe it"}};
  world.start();
  world.loop.run_for(100ms);
  EXPECT_EQ(world.task("1"), "v1 RUNNING");
  EXPECT_FALSE(world.reconciler->is_synced());
  EXPECT_TRUE(world.syncs(10s));
  EXPECT_EQ(world.calls("ListTasks prod"), 2U);
}

// ECS refuses a whole call for one of its objects.
TEST(Reconciler, FindsTheObjectsWithWhichACallIsRefused) {
  ReconcileWorld world;
  for (int number = 0; number < 250; ++number) world.put({.id = std::to_string(number)});
  for (const char* id : {"17", "18", "249"}) world.ecs.fake.refused.insert(task_arn(id).value);
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  EXPECT_EQ(world.ingest->catalog().live_tasks(kCluster).size(), 247U);
  const std::size_t calls = world.calls("DescribeTasks");
  EXPECT_LT(calls, 60U);
  for (int round = 0; round < 10; ++round) {
    world.reconciler->request(kCluster);
    world.loop.run_for(1min);
  }
  // Two looks at the holes that the mark names among them.
  EXPECT_EQ(world.calls("DescribeTasks"), calls + 30 + 2 * 3) << "known ones cost a read nothing";
  world.ecs.fake.refused.clear();
  world.loop.run_for(20min);
  EXPECT_EQ(world.ingest->catalog().live_tasks(kCluster).size(), 250U);
}

TEST(Reconciler, GivesUpWhereEverythingIsRefused) {
  ReconcileWorld world;
  for (int number = 0; number < 1'000; ++number) world.put({.id = std::to_string(number)});
  world.ecs.fake.broken["DescribeTasks"] = Error{ErrorKind::kInvalid, "no such operation"};
  world.start();
  world.loop.run_for(10s);
  EXPECT_TRUE(world.reconciler->last_error());
  EXPECT_LT(world.calls("DescribeTasks"), 1'500U);
  world.ecs.fake.broken.clear();
  ASSERT_TRUE(world.syncs(5min));
  world.loop.run_for(21min);
  EXPECT_EQ(world.ingest->catalog().live_tasks(kCluster).size(), 1'000U);
}

// ECS answers for one object that it cannot say: neither there nor gone.
TEST(Reconciler, WhatIsNotDescribedStaysAndStopsNothing) {
  ReconcileWorld world;
  world.event({.id = "1", .version = 7});
  world.ecs.fake.undescribed[task_arn("1").value] = "UNDECODABLE (field 'lastStatus')";
  world.put({.id = "1"});
  world.put({.id = "2"});
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.loop.run_for(2h);
  EXPECT_EQ(world.task("1"), "v7 RUNNING");
  EXPECT_EQ(world.task("2"), "v1 RUNNING");
}

Report report_in(const ClusterArn& cluster, const char* id, WallTime at) {
  TaskReport report = task_report({.id = id});
  const auto replace = [&](std::string& text) {
    const std::size_t place = text.find(kCluster.value);
    text.replace(place, kCluster.value.size(), cluster.value);
  };
  replace(report.detail);
  report.cluster = cluster;
  return {std::move(report), Origin::kEvent, at};
}

TEST(Reconciler, AsksNothingAboutOtherAccountsAndRegions) {
  const ClusterArn elsewhere{"arn:aws:ecs:us-east-1:123456789012:cluster/prod"};
  const ClusterArn someone{"arn:aws:ecs:eu-west-1:999999999999:cluster/prod"};
  ReconcileWorld world;
  Batch events;
  events.reports.push_back(report_in(elsewhere, "8", world.loop.wall_now()));
  events.reports.push_back(report_in(someone, "9", world.loop.wall_now()));
  world.take(std::move(events));
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  EXPECT_FALSE(world.reconciler->follows(elsewhere));
  EXPECT_FALSE(world.reconciler->follows(someone));
  Batch old;
  old.reports.push_back(report_in(elsewhere, "10", world.loop.wall_now() - 1h));
  world.take(std::move(old));
  world.loop.run_for(1h);
  EXPECT_EQ(world.calls("DescribeTasks"), 0U);
  EXPECT_EQ(world.task("8"), "v1 RUNNING") << "what its events say stays";
  EXPECT_EQ(world.task("9"), "v1 RUNNING");
  EXPECT_FALSE(world.ingest->catalog().synced_at(elsewhere));
}

TEST(Reconciler, KnowsItsRegionBeforeEcsHasNamedACluster) {
  ReconcileWorld world;
  world.reconcile.region = "eu-west-1";
  world.ecs.fake.clusters.clear();
  world.start();
  EXPECT_TRUE(world.reconciler->follows(kCluster));
  EXPECT_FALSE(
      world.reconciler->follows(ClusterArn{"arn:aws:ecs:us-east-1:123456789012:cluster/prod"}));
}

// The store was read again in the middle: what went lost with it may have been of this very read.
TEST(Reconciler, AReadAcrossAReloadIsNotComplete) {
  ReconcileWorld world;
  world.ecs.latency = 100ms;
  world.put({.id = "1"});
  world.start();
  world.loop.run_for(350ms);  // Listed, not described yet.
  world.faults.commits.push_back({ErrorKind::kUnknown, "the disk failed in the middle"});
  Batch batch;
  batch.reports.push_back({task_report({.id = "5"}), Origin::kEvent, world.loop.wall_now()});
  EXPECT_FALSE(run_to_end(world.loop, world.ingest->take(std::move(batch))));
  world.loop.run_for(400ms);
  EXPECT_TRUE(world.ingest->is_ready());
  EXPECT_FALSE(world.reconciler->is_synced());
  EXPECT_FALSE(world.ingest->catalog().synced_at(kCluster));
  EXPECT_TRUE(world.syncs(1min)) << "the next one is";
}

// More objects in doubt than the list takes: their cluster is read whole instead.
TEST(Reconciler, TooManyDoubtsHaveTheClusterReadWhole) {
  ReconcileWorld world;
  world.options.describe_list_max = 50;
  world.restart();
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  const auto lists = world.calls("ListTasks");
  Batch old;
  for (int number = 0; number < 80; ++number) {
    const std::string id = std::to_string(number);
    world.put({.id = id});
    old.reports.push_back({task_report({.id = id}), Origin::kEvent, world.loop.wall_now() - 1h});
  }
  world.take(std::move(old));
  world.loop.run_for(10s);
  EXPECT_EQ(world.calls("ListTasks"), lists + 2);
  EXPECT_EQ(world.ingest->catalog().live_tasks(kCluster).size(), 80U);
}

// However often people ask, ECS is read with pauses, each at least as long as the read.
TEST(Reconciler, ALoopOfRequestsReadsEcsWithPauses) {
  ReconcileWorld world;
  world.put({.id = "1"});
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  const std::tuple<Duration, std::size_t, std::size_t> rows[] = {{1ms, 9, 11}, {4s, 3, 5}};
  for (const auto& [latency, least, most] : rows) {
    world.ecs.latency = latency;
    const std::size_t before = world.calls("ListContainerInstances");
    for (int tenth = 0; tenth < 1'000; ++tenth) {
      world.reconciler->request_for_people(kCluster);
      world.reconciler->request_all_for_people();
      world.loop.run_for(100ms);
    }
    const std::size_t reads = world.calls("ListContainerInstances") - before;
    EXPECT_GE(reads, least) << latency.count();
    EXPECT_LE(reads, most) << latency.count();
  }
}

TEST(Reconciler, ARequestOfPeopleJoinsAReadUnderWay) {
  ReconcileWorld world;
  world.ecs.latency = 1s;
  world.put({.id = "1"});
  world.start();
  world.loop.run_for(500ms);
  EXPECT_FALSE(world.reconciler->request_all_for_people()) << "the first read is under way";
  ASSERT_TRUE(world.syncs(1min));
  world.loop.run_for(2s);  // It looks whether anything came meanwhile, and rests.
  EXPECT_TRUE(world.reconciler->request_for_people(kCluster)) << "the first of people waits not";
  world.loop.run_for(1500ms);
  EXPECT_EQ(world.calls("ListContainerInstances"), 2U);
  EXPECT_FALSE(world.reconciler->request_for_people(kCluster)) << "it is under way";
  EXPECT_TRUE(world.reconciler->request_all_for_people()) << "all is more";
  EXPECT_FALSE(world.reconciler->request_for_people(kCluster));
  world.loop.run_for(1min);
  EXPECT_EQ(world.calls("ListClusters"), 2U);
  EXPECT_EQ(world.calls("ListContainerInstances"), 3U);
}

// What Blox itself finds out does not wait because people have asked.
TEST(Reconciler, ItsOwnRequestsWaitForNoPause) {
  ReconcileWorld world;
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.reconciler->request_for_people(kCluster);
  world.loop.run_for(1s);
  world.reconciler->request_for_people(kCluster);
  world.loop.run_for(1s);
  EXPECT_EQ(world.calls("ListContainerInstances"), 2U);
  world.reconciler->request(kCluster);
  world.loop.run_for(1s);
  EXPECT_EQ(world.calls("ListContainerInstances"), 3U);
}

}  // namespace
}  // namespace blox::cluster_state
