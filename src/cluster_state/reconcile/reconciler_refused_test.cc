// Objects with which ECS refuses a call: they are left out; where there are many, and none of their
// kind is answered, it is not they who are to blame, and the cluster is not read.
#include <gtest/gtest.h>

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

struct RefusedWorld : ReconcileWorld {
  /// Tasks of these numbers, refused if `refuse`.
  void put_tasks(int first, int end, bool refuse) {
    for (int number = first; number < end; ++number) {
      const std::string id = std::to_string(number);
      put({.id = id});
      if (refuse) ecs.fake.refused.insert(task_arn(id).value);
    }
  }
  /// Events of these, of long ago.
  void doubt_tasks(int first, int end) {
    Batch old;
    for (int number = first; number < end; ++number) {
      old.reports.push_back(
          {task_report({.id = std::to_string(number)}), Origin::kEvent, loop.wall_now() - 1h});
    }
    take(std::move(old));
  }
  bool is_read() const { return ingest->catalog().synced_at(kCluster).has_value(); }
};

TEST(ReconcilerRefused, AClusterWithoutAnyAnswerIsNotRead) {
  RefusedWorld world;
  for (int number = 0; number < 35; ++number) {
    const std::string id = std::to_string(number);
    world.ecs.fake.instances[instance_arn(id)] = instance_report(id, 1, "ACTIVE");
    world.ecs.fake.refused.insert(instance_arn(id).value);
  }
  world.start();
  for (int minute = 0; minute < 90; ++minute) {
    world.loop.run_for(1min);  // Through full reads, and reads that begin anew.
    ASSERT_FALSE(world.is_read()) << minute;
    ASSERT_FALSE(world.reconciler->is_synced()) << minute;
  }
  ASSERT_TRUE(world.reconciler->last_error());
  EXPECT_EQ(world.reconciler->last_error()->kind, ErrorKind::kInvalid);
  EXPECT_LT(world.calls("DescribeContainerInstances"), 90U * 45);
  world.ecs.fake.refused.clear();
  ASSERT_TRUE(world.syncs(3min));
  EXPECT_EQ(world.ingest->catalog().live_instances(kCluster).size(), 35U);
  EXPECT_EQ(world.ingest->catalog().find_holes(kCluster), nullptr);
}

TEST(ReconcilerRefused, ManyAreLeftOutBesideOthersOfTheirKind) {
  RefusedWorld world;
  for (int number = 0; number < 30; ++number) {
    const std::string id = std::to_string(number);
    world.ecs.fake.instances[instance_arn(id)] = instance_report(id, 1, "ACTIVE");
    world.ecs.fake.refused.insert(instance_arn(id).value);
  }
  world.put_tasks(0, 250, false);
  world.put_tasks(250, 300, true);
  world.start();
  world.loop.run_for(3min);
  EXPECT_FALSE(world.is_read()) << "no instance was answered";
  for (const char* id : {"5", "15", "25"}) world.ecs.fake.refused.erase(instance_arn(id).value);
  ASSERT_TRUE(world.syncs(10min));
  ASSERT_NE(world.ingest->catalog().find_holes(kCluster), nullptr);
  EXPECT_EQ(world.ingest->catalog().find_holes(kCluster)->instance_count, 27U);
  EXPECT_EQ(world.ingest->catalog().find_holes(kCluster)->task_count, 50U);
}

// What was not refused yet is asked about first, or each attempt would end at the same ones.
TEST(ReconcilerRefused, TheOneThatIsDescribedIsFoundAmongMany) {
  for (const char* described : {"10", "43", "60", "87", "99"}) {
    RefusedWorld world;
    world.put_tasks(10, 100, true);
    world.ecs.fake.refused.erase(task_arn(described).value);
    world.start();
    EXPECT_TRUE(world.syncs(10min)) << described;
    EXPECT_EQ(world.task_count(), 1U) << described;
  }
}

// A full read asks about all of them again, but not in the middle of what is half done.
TEST(ReconcilerRefused, AFullReadThatGoesOnWithAReadKeepsItsCount) {
  RefusedWorld world;
  world.reconcile.every = 3min;
  world.put_tasks(0, 12, true);
  world.ecs.fake.broken["ListTasks"] = Error{ErrorKind::kUnavailable, "away"};
  world.ecs.fake.instances[instance_arn("1")] = instance_report("1", 1, "ACTIVE");
  for (int number = 1; number < 7; ++number) {
    const std::string id = std::to_string(number);
    world.ecs.fake.instances[instance_arn(id)] = instance_report(id, 1, "ACTIVE");
    world.ecs.fake.refused.insert(instance_arn(id).value);
  }
  world.start();
  world.loop.run_for(170s);
  world.reconciler->request_all();
  world.loop.run_for(1s);
  world.ecs.fake.broken.clear();
  world.loop.run_for(3min);
  EXPECT_FALSE(world.is_read());
}

// People ask for it when they have mended what was wrong.
TEST(ReconcilerRefused, AReadOfOneClusterAsksAboutWhatWasRefused) {
  RefusedWorld world;
  world.reconcile.every = 10h;
  world.put_tasks(0, 3, true);
  world.put_tasks(3, 9, false);
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  ASSERT_EQ(world.ingest->catalog().find_holes(kCluster)->task_count, 3U);
  world.ecs.fake.refused.clear();
  world.reconciler->request_for_people(kCluster);
  world.loop.run_for(30s);
  EXPECT_EQ(world.ingest->catalog().find_holes(kCluster), nullptr);
  EXPECT_EQ(world.task_count(), 9U);
}

// Each costs a call then, and no more: that it is refused again is no failure.
TEST(ReconcilerRefused, NamedHolesAreAskedAboutAgainBySomeTime) {
  RefusedWorld world;
  world.reconcile.every = 10h;
  world.put_tasks(0, 15, true);
  world.put_tasks(15, 25, false);
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  ASSERT_EQ(world.ingest->catalog().find_holes(kCluster)->task_count, 15U);
  const auto before = world.calls("DescribeTasks");
  world.loop.run_for(30min);
  EXPECT_LE(world.calls("DescribeTasks") - before, 6U * 15);
  EXPECT_EQ(world.ingest->catalog().find_holes(kCluster)->task_count, 15U);
  world.ecs.fake.broken["DescribeTasks"] = Error{ErrorKind::kUnavailable, "away"};
  world.loop.run_for(6min);
  world.ecs.fake.broken.clear();
  world.ecs.fake.refused.clear();
  world.loop.run_for(6min);
  EXPECT_EQ(world.ingest->catalog().find_holes(kCluster), nullptr);
  EXPECT_EQ(world.task_count(), 25U);
}

TEST(ReconcilerRefused, NewOnesBesideKnownOnesKeepNoReadFromItsEnd) {
  RefusedWorld world;
  world.put_tasks(0, 8, true);
  world.put_tasks(8, 20, false);
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  const auto first = *world.ingest->catalog().synced_at(kCluster);
  world.put_tasks(20, 28, true);
  world.reconciler->request(kCluster);
  world.loop.run_for(3min);
  EXPECT_NE(world.ingest->catalog().synced_at(kCluster), first);
  EXPECT_EQ(world.ingest->catalog().find_holes(kCluster)->task_count, 16U);
}

// What is found of who is to blame is kept, however many calls are throttled meanwhile.
TEST(ReconcilerRefused, ThrottlesCostNoHalves) {
  struct Row {
    int refused;
    double throttled;
    Duration within;
    std::size_t calls_max;  // That ECS answered.
  };
  for (const Row& row : {Row{20, 0.3, 2min, 100}, Row{10, 0.7, 5min, 60}, Row{50, 0.3, 3min, 160},
                         Row{20, 0.9, 30min, 120}}) {
    RefusedWorld world;
    world.put_tasks(0, 200, false);
    world.put_tasks(200, 200 + row.refused, true);
    world.ecs.throttled = row.throttled;
    world.start();
    EXPECT_TRUE(world.syncs(row.within)) << row.refused << " at " << row.throttled;
    EXPECT_LE(world.calls("DescribeTasks"), row.calls_max)
        << row.refused << " at " << row.throttled;
    EXPECT_EQ(world.task_count(), 200U);
  }
}

struct HoleWorld : RefusedWorld {
  HoleWorld() {
    put_tasks(0, 100, false);
    put_tasks(100, 112, true);
    start();
  }
  double failures() {
    return metrics.counter("blox_reconcile_failures_total", "", {{"source", reconcile.source}})
        .Value();
  }
  /// Of a task that ECS has and nobody has told of.
  void take_old_event(const std::string& id) {
    put({.id = id});
    Batch old;
    old.reports.push_back({task_report({.id = id}), Origin::kEvent, loop.wall_now() - 1h});
    take(std::move(old));
  }
};

// They are known, and known to be refused: no look at them fails, or holds up who is in doubt.
TEST(ReconcilerRefused, HolesThatAreRefusedAreNoFailure) {
  HoleWorld world;
  ASSERT_TRUE(world.syncs(1min));
  const std::size_t calls_of_read = world.calls("DescribeTasks");
  world.loop.run_for(14min);
  EXPECT_EQ(world.calls("DescribeTasks"), calls_of_read + std::size_t{2 * 12}) << "two looks";
  world.loop.run_for(35min);
  EXPECT_EQ(world.failures(), 0);
  EXPECT_LE(world.calls("DescribeTasks"), 4 * calls_of_read + std::size_t{9 * 12});
  world.take_old_event("new");
  world.loop.run_for(2s);
  EXPECT_EQ(world.task_count(), 101U);
  world.ecs.fake.refused.clear();
  world.loop.run_for(20min);  // The next full read asks about all of them.
  EXPECT_EQ(world.task_count(), 113U);
}

// A process that is new has the names from the mark alone.
TEST(ReconcilerRefused, HolesOfAnEarlierProcessHoldUpNobody) {
  HoleWorld world;
  ASSERT_TRUE(world.syncs(1min));
  world.ecs.fake.broken["ListContainerInstances"] = Error{ErrorKind::kUnavailable, "away"};
  world.crash();
  const std::size_t calls = world.calls("DescribeTasks");
  world.loop.run_for(9min);
  EXPECT_LT(world.calls("DescribeTasks"), calls + 40);
  world.take_old_event("new");
  world.loop.run_for(2s);
  EXPECT_EQ(world.task_count(), 101U);
}

TEST(ReconcilerRefused, DoubtsAreKeptUntilTheyAreAnswered) {
  RefusedWorld world;
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.put_tasks(0, 40, true);
  world.doubt_tasks(0, 40);
  world.loop.run_for(5min);
  EXPECT_EQ(world.task_count(), 0U);
  EXPECT_LT(world.calls("DescribeTasks"), 600U);
  world.ecs.fake.refused.clear();
  world.loop.run_for(3min);
  EXPECT_EQ(world.task_count(), 40U);
}

// Those before them say nothing of these, be it for them or against them.
TEST(ReconcilerRefused, DoubtsThatComeMeanwhileAreJudgedByThemselves) {
  for (const int more : {1, 12}) {
    RefusedWorld world;
    world.start();
    ASSERT_TRUE(world.syncs(1min));
    world.ecs.latency = 1s;
    world.put_tasks(0, 1, false);
    world.put_tasks(1, 16, true);
    world.doubt_tasks(0, 16);
    world.loop.run_for(5s);
    world.put_tasks(16, 16 + more, true);
    world.doubt_tasks(16, 16 + more);
    world.loop.run_for(3min);
    EXPECT_EQ(world.task_count(), 1U);
    const std::size_t asked = world.calls("DescribeTasks");
    world.loop.run_for(3min);
    EXPECT_EQ(world.calls("DescribeTasks") > asked, more > 10) << more;
    world.ecs.fake.refused.clear();
    world.loop.run_for(3min);
    EXPECT_EQ(world.task_count(), more > 10 ? 13U : 1U);
  }
}

}  // namespace
}  // namespace blox::cluster_state
