// How long the first read of an empty store may use more of the account's limits.
#include <gtest/gtest.h>

#include "cluster_state/reconcile/testing_reconcile.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;
using testing::kCluster;
using testing::ReconcileWorld;

const ClusterArn kAside{"arn:aws:ecs:eu-west-1:123456789012:cluster/aside"};

struct BootWorld : ReconcileWorld {
  BootWorld() {
    ecs.fake.clusters = {kAside, kCluster};
    reconcile.boot_budget = &budget;
  }
  ~BootWorld() { reconciler.reset(); }
  bool is_raised() const { return budget.rate() > 10; }

  aws::CallBudget budget{loop, aws::kReadLimits, 0.5};
};

TEST(ReconcilerBoot, EndsWhenAllIsRead) {
  BootWorld world;
  world.ecs.latency = 1min;
  world.start();
  for (int minute = 0; minute < 4; ++minute) {
    world.loop.run_for(59s);
    EXPECT_TRUE(world.is_raised()) << minute << ": calls bring it on";
  }
  ASSERT_TRUE(world.syncs(10min));
  world.loop.run_for(1s);
  EXPECT_FALSE(world.is_raised());
}

TEST(ReconcilerBoot, IsNotKeptByOneThatIsDenied) {
  BootWorld world;
  world.ecs.fake.broken["ListTasks aside"] = Error{ErrorKind::kDenied, "not authorized"};
  world.ecs.latency = 5s;
  world.start();
  world.loop.run_for(10s);
  EXPECT_TRUE(world.is_raised()) << "prod is being read";
  world.loop.run_for(20s);
  ASSERT_EQ(world.reconciler->unread_clusters().size(), 1U);
  EXPECT_FALSE(world.is_raised());
}

TEST(ReconcilerBoot, IsNotKeptByOneThatStandsStill) {
  BootWorld world;
  world.ecs.fake.broken["ListTasks aside"] = Error{ErrorKind::kUnavailable, "away"};
  world.start();
  world.loop.run_for(110s);
  EXPECT_TRUE(world.is_raised()) << "it may pass";
  world.loop.run_for(15s);
  EXPECT_FALSE(world.is_raised());
}

// What is never named is never read.
TEST(ReconcilerBoot, IsNotKeptByAListThatFails) {
  BootWorld world;
  world.ecs.fake.broken["ListClusters"] = Error{ErrorKind::kUnavailable, "away"};
  world.start();
  world.loop.run_for(110s);
  EXPECT_TRUE(world.is_raised());
  world.loop.run_for(15s);
  EXPECT_FALSE(world.is_raised());
}

// There is always one that is younger than the others.
TEST(ReconcilerBoot, IsNotKeptByThoseThatCameLater) {
  BootWorld world;
  world.ecs.latency = 10s;
  const ClusterArn later{"arn:aws:ecs:eu-west-1:123456789012:cluster/later"};
  world.ecs.slow_clusters[later] = 1min;
  world.start();
  world.loop.run_for(15s);
  world.reconciler->request(later);
  world.loop.run_for(75s);
  EXPECT_TRUE(world.reconciler->unread_clusters().contains(later.value));
  EXPECT_EQ(world.reconciler->unread_clusters().size(), 1U);
  EXPECT_FALSE(world.is_raised());
}

}  // namespace
}  // namespace blox::cluster_state
