// Ingest reads the store again: its catalog is empty first, then half full. What reconcile
// concludes from that would be wrong for as long as until the next full read.
#include <gtest/gtest.h>

#include "cluster_state/reconcile/testing_reconcile.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;
using testing::kCluster;
using testing::ReconcileWorld;
using testing::task_arn;
using testing::task_report;

struct ReloadWorld : ReconcileWorld {
  explicit ReloadWorld(int tasks) {
    for (int number = 0; number < tasks; ++number) put({.id = std::to_string(number)});
    start();
    EXPECT_TRUE(syncs(1min));
  }
  // Until it is over nothing of what the store has is in the catalog.
  void begin_reload(Duration takes) {
    faults.range_wait = takes;
    faults.commits.push_back({ErrorKind::kUnknown, "the disk failed in the middle"});
    Batch batch;
    batch.reports.push_back({task_report({.id = "lost"}), Origin::kEvent, loop.wall_now()});
    EXPECT_FALSE(run_to_end(loop, ingest->take(std::move(batch))));
    ASSERT_TRUE(loop.run_while_not([&] { return task_count() == 0; }, 1s));
    EXPECT_FALSE(ingest->is_ready());
  }
};

// The read would end when the catalog is whole again, having asked about none of what is gone.
TEST(ReconcilerReload, NoReadBeginsInTheMidst) {
  ReloadWorld world{50};
  world.ecs.fake.tasks.clear();
  world.ecs.latency = 4s;
  world.begin_reload(10s);
  const WallTime reading = world.loop.wall_now();
  world.reconciler->request(kCluster);
  world.loop.run_for(8s);
  EXPECT_FALSE(world.ingest->is_ready());
  world.loop.run_for(30s);
  ASSERT_TRUE(world.ingest->is_ready());
  ASSERT_GT(world.ingest->catalog().synced_at(kCluster).value(), reading) << "it was read then";
  world.loop.run_for(6min);
  EXPECT_EQ(world.task_count(), 0U) << "the second word of their end has come";
}

TEST(ReconcilerReload, TheSecondWordIsNotAskedForInTheMidst) {
  ReloadWorld world{2};
  world.ecs.fake.tasks.erase(task_arn("1"));
  world.reconciler->request(kCluster);
  world.loop.run_for(4min + 55s);
  world.begin_reload(20s);
  // What was read again counts as seen: two words after that are needed, not the next full read.
  world.loop.run_for(1min);
  ASSERT_TRUE(world.ingest->is_ready());
  EXPECT_EQ(world.task("1"), "v1 RUNNING");
  world.loop.run_for(6min);
  EXPECT_EQ(world.task("1"), "gone v1 missing");
  EXPECT_EQ(world.task("0"), "v1 RUNNING");
}

// The answer comes in the midst, to a question of before.
TEST(ReconcilerReload, TheSecondWordIsNotHeardInTheMidst) {
  ReloadWorld world{2};
  world.ecs.fake.tasks.erase(task_arn("1"));
  world.reconciler->request(kCluster);
  world.loop.run_for(4min + 59s);
  world.ecs.latency = 10s;
  world.loop.run_for(2s);
  world.begin_reload(20s);
  world.loop.run_for(7min);
  ASSERT_TRUE(world.ingest->is_ready());
  EXPECT_EQ(world.task("1"), "gone v1 missing");
}

TEST(ReconcilerReload, AVanishedClusterIsFoundByTheFullReadAllTheSame) {
  ReloadWorld world{1};
  world.ecs.fake.clusters.clear();
  world.ecs.fake.tasks.clear();
  for (const char* call : {"ListTasks", "ListContainerInstances", "DescribeTasks"}) {
    world.ecs.fake.broken[call] = Error{ErrorKind::kNotFound, "cluster is MISSING"};
  }
  world.loop.run_until(TimePoint{} + 19min + 58s);
  world.begin_reload(10s);
  world.loop.run_for(7min);
  EXPECT_EQ(world.task("0"), "gone v1 missing");
}

}  // namespace
}  // namespace blox::cluster_state
