// What ECS lists and does not describe: the cluster counts as read, and its mark says what it
// lacks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bisection.h"
#include "cluster_state/reconcile/testing_reconcile.h"

namespace blox::cluster_state::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

// As the store has it, where a next process reads it.
Holes holes_of(ReconcileWorld& world) {
  const auto all = world.content();
  const auto found = all.find(codec::cluster_key(kCluster));
  if (found == all.end()) return {};
  const auto mark = codec::decode_sync_mark(found->second);
  EXPECT_TRUE(mark);
  return mark ? mark->holes : Holes{};
}

TEST(ReconcilerHoles, AreToldByTheMarkThatSaysTheClusterIsRead) {
  ReconcileWorld world;
  for (const char* id : {"1", "2", "3"}) world.put({.id = id});
  world.ecs.fake.instances[instance_arn("9")] = instance_report("9", 1, "ACTIVE");
  world.ecs.fake.undescribed[task_arn("1").value] = "UNDECODABLE (field 'lastStatus')";
  world.ecs.fake.undescribed[instance_arn("9").value] = "SOMETHING";
  world.ecs.fake.refused.insert(task_arn("2").value);
  world.start();
  ASSERT_TRUE(world.syncs(1min)) << "what cannot be had does not keep it unread";
  const Holes holes = holes_of(world);
  EXPECT_EQ(holes.task_count, 2U);
  EXPECT_EQ(holes.instance_count, 1U);
  EXPECT_THAT(holes.arns,
              ElementsAre(instance_arn("9").value, task_arn("1").value, task_arn("2").value));
}

// A full read that fails and goes on must not forget them.
TEST(ReconcilerHoles, OutliveAReadThatIsBrokenOff) {
  ReconcileWorld world;
  world.ecs.fake.instances[instance_arn("9")] = instance_report("9", 1, "ACTIVE");
  world.ecs.fake.undescribed[instance_arn("9").value] = "SOMETHING";
  world.put({.id = "1"});
  world.ecs.fake.broken["ListTasks"] = Error{ErrorKind::kUnavailable, "away"};
  world.start();
  world.loop.run_for(10s);
  world.ecs.fake.broken.clear();
  ASSERT_TRUE(world.syncs(2min));
  EXPECT_EQ(holes_of(world).instance_count, 1U);
  EXPECT_EQ(world.calls("DescribeContainerInstances"), 1U);
}

TEST(ReconcilerHoles, AreNoneOfWhatIsKnownOtherwise) {
  ReconcileWorld world;
  world.event({.id = "1", .version = 7});
  world.event({.id = "2", .version = 7, .status = "STOPPED"});
  for (const char* id : {"1", "2"}) {
    world.put({.id = id});
    world.ecs.fake.undescribed[task_arn(id).value] = "SOMETHING";
  }
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  EXPECT_EQ(holes_of(world), Holes{});
}

// ECS may list a stopped task for longer than it is kept.
TEST(ReconcilerHoles, AreNoneOfWhatWasKeptForLongEnough) {
  ReconcileWorld world;
  world.options.final_kept = 1min;
  world.options.sweep_every = 1min;
  world.restart();
  world.event({.id = "1", .version = 7, .status = "STOPPED"});
  world.loop.run_for(3min);
  ASSERT_EQ(world.task("1"), "gone v7 retention");
  world.put({.id = "1", .version = 7, .status = "STOPPED"});
  world.ecs.fake.undescribed[task_arn("1").value] = "SOMETHING";
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  EXPECT_EQ(holes_of(world), Holes{});
}

TEST(ReconcilerHoles, EndWithAnEvent) {
  ReconcileWorld world;
  for (const char* id : {"1", "2"}) {
    world.put({.id = id});
    world.ecs.fake.undescribed[task_arn(id).value] = "SOMETHING";
  }
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.event({.id = "1", .version = 7});
  world.loop.run_for(1s);
  EXPECT_THAT(holes_of(world).arns, ElementsAre(task_arn("2").value));
  EXPECT_EQ(holes_of(world).task_count, 1U);
  world.crash();
  EXPECT_THAT(holes_of(world).arns, ElementsAre(task_arn("2").value));
}

// What kept ECS from describing them may pass long before the next full read.
TEST(ReconcilerHoles, AreAskedAboutAgain) {
  ReconcileWorld world;
  for (const char* id : {"1", "2"}) {
    world.put({.id = id});
    world.ecs.fake.undescribed[task_arn(id).value] = "SOMETHING";
  }
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.loop.run_for(6min);
  EXPECT_EQ(holes_of(world).task_count, 2U) << "they are what they were";
  world.ecs.fake.undescribed.clear();
  world.ecs.fake.tasks.erase(task_arn("2"));
  world.loop.run_for(6min);
  EXPECT_EQ(world.task("1"), "v1 RUNNING");
  EXPECT_EQ(holes_of(world), Holes{}) << "the other one is MISSING";
}

// An earlier process has read it, by another --cluster.
TEST(ReconcilerHoles, AreNotAskedAboutInAClusterThatIsNotFollowed) {
  ReconcileWorld world;
  world.put({.id = "1"});
  world.ecs.fake.undescribed[task_arn("1").value] = "SOMETHING";
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  world.ecs.fake.clusters.emplace_back("arn:aws:ecs:eu-west-1:123456789012:cluster/aside");
  world.reconcile.clusters = {"aside"};
  world.crash();
  world.loop.run_for(11min);
  EXPECT_EQ(holes_of(world).task_count, 1U);
  EXPECT_EQ(world.calls("DescribeTasks prod"), 1U);
}

TEST(ReconcilerHoles, EndWhenTheyAreNotListedAnyMore) {
  ReconcileWorld world;
  world.put({.id = "1"});
  world.ecs.fake.refused.insert(task_arn("1").value);
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  ASSERT_EQ(holes_of(world).task_count, 1U);
  world.reconciler->request(kCluster);
  world.loop.run_for(1min);
  EXPECT_EQ(holes_of(world).task_count, 1U) << "a refused one is not even asked about again";
  world.ecs.fake.tasks.clear();
  world.reconciler->request(kCluster);
  world.loop.run_for(1min);
  EXPECT_EQ(holes_of(world), Holes{});
}

TEST(ReconcilerHoles, AreNoneOfWhatEcsHasForgottenMeanwhile) {
  ReconcileWorld world;
  for (const char* id : {"1", "2"}) world.put({.id = id});
  world.start();
  ASSERT_TRUE(world.loop.run_while_not([&] { return world.calls("ListTasks") == 2; }, 1min));
  world.ecs.fake.tasks.erase(task_arn("1"));  // It is listed, and not asked about yet.
  ASSERT_TRUE(world.syncs(1min));
  EXPECT_EQ(world.task("2"), "v1 RUNNING");
  EXPECT_EQ(holes_of(world), Holes{});
}

// When many are refused alone and nothing is answered it may not be they who are to blame.
TEST(ReconcilerHoles, HowManySoeverAreLeftOutBesideOneThatIsDescribed) {
  for (const std::size_t described : {0, 1, 27}) {
    ReconcileWorld world;
    for (std::size_t number = 0; number < 40; ++number) {
      world.put({.id = std::to_string(number)});
      if (number < described) continue;
      world.ecs.fake.refused.insert(task_arn(std::to_string(number)).value);
    }
    world.start();
    EXPECT_EQ(world.syncs(1min), described > 0) << described;
    const auto& failures = world.metrics.counter("blox_reconcile_failures_total", "",
                                                 {{"source", world.reconcile.source}});
    EXPECT_EQ(failures.Value() > 0, described == 0);
    EXPECT_EQ(holes_of(world).task_count, described > 0 ? 40 - described : 0);
    EXPECT_EQ(world.task_count(), described);
  }
}

TEST(ReconcilerHoles, AreCountedBeyondTheNamedOnes) {
  ReconcileWorld world;
  for (int number = 0; number < 30; ++number) {
    world.put({.id = std::to_string(number)});
    world.ecs.fake.undescribed[task_arn(std::to_string(number)).value] = "SOMETHING";
  }
  world.start();
  ASSERT_TRUE(world.syncs(1min));
  EXPECT_EQ(holes_of(world).task_count, 30U);
  EXPECT_EQ(holes_of(world).arns.size(), Holes::kNamedMax);
  world.ecs.fake.undescribed.clear();
  world.loop.run_for(6min);
  EXPECT_EQ(holes_of(world).task_count, 30U - Holes::kNamedMax) << "those without a name stay";
  world.loop.run_for(15min);
  EXPECT_EQ(holes_of(world), Holes{});
}

}  // namespace
}  // namespace blox::cluster_state::testing
