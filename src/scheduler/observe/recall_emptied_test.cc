// Whom our stops have emptied, by pictures and records, and what makes it good.
#include <gtest/gtest.h>

#include "scheduler/observe/observer_for_tests.h"

namespace blox::scheduler {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

using RecallEmptiedTest = ObserverTest;

TEST_F(RecallEmptiedTest, RemembersWhoEmptiedAnInstance) {
  add_ended("t", minutes{10}, seconds{30}, "blox: its task is outdated");
  EXPECT_TRUE(observe_a().emptied_by_us);
  add_ended("u", seconds{3}, seconds{20});
  EXPECT_TRUE(observe_a().emptied_by_us) << "its heir failed";
  tasks_.clear();
  EXPECT_TRUE(observe_a().emptied_by_us) << "also when the trace is gone";
  Task& heir = add_task("v", "new");
  EXPECT_TRUE(observe_a().emptied_by_us) << "its task is young";
  now_ += seconds{9};
  EXPECT_TRUE(observe_a().emptied_by_us);
  now_ += seconds{1};
  heir.health_status = "UNHEALTHY";
  EXPECT_TRUE(observe_a().emptied_by_us) << "that is no service";
  heir.health_status = "HEALTHY";
  EXPECT_FALSE(observe_a().emptied_by_us);
  tasks_.clear();
  add_ended("w", minutes{10}, seconds{5});
  EXPECT_FALSE(observe_a().emptied_by_us) << "it went by itself";
}

// A stop that the copy does not know may have emptied any of those that had nothing to serve then.
TEST_F(RecallEmptiedTest, ACopyOfTheRecordsSupposesThatOurStopsEmptiedWhatComesUp) {
  options_.copy_taken_over_at = TimePoint{};
  EXPECT_FALSE(observe_a().emptied_by_us) << "nobody may be able to start anything there";
  add_task("t", "new");
  EXPECT_TRUE(observe_a().emptied_by_us);
  tasks_.clear();
  EXPECT_FALSE(observe_a().emptied_by_us);
  add_task("u", "new");
  EXPECT_TRUE(observe_a().emptied_by_us);
  now_ += seconds{9};
  EXPECT_TRUE(observe_a().emptied_by_us);
  now_ += seconds{1};
  EXPECT_FALSE(observe_a().emptied_by_us);
  tasks_.clear();
  add_task("v", "new");
  EXPECT_FALSE(observe_a().emptied_by_us) << "what has served since is known";
  add_instance("b");
  add_task("w", "new").container_instance = ContainerInstanceArn{"b"};
  const World world = observe();
  EXPECT_FALSE(world.instances.at(1).emptied_by_us) << "it came later";
}

// Or a deployment would fail by it.
TEST_F(RecallEmptiedTest, NobodySupposesForLongerThanAPlaceIsWaitedFor) {
  options_.copy_taken_over_at = TimePoint{};
  observe();
  add_task("t", "new", "PENDING");
  now_ += minutes{10} - seconds{1};
  EXPECT_TRUE(observe_a().emptied_by_us);
  now_ += seconds{1};
  EXPECT_FALSE(observe_a().emptied_by_us);
  tasks_.clear();
  add_task("u", "new", "PENDING");
  EXPECT_FALSE(observe_a().emptied_by_us) << "nothing serves there for as long";
}

TEST_F(RecallEmptiedTest, AHealthCheckHasToSpeakBeforeAnInstanceCountsAsServed) {
  memory_.checked_containers[TaskDefinitionArn{"logs:2"}] = {"main"};
  records_.emptied[{kUid, ContainerInstanceArn{"a"}}] = {kUid, ContainerInstanceArn{"a"}, kDate,
                                                         TaskArn{}};
  add_task("t", "new");
  observe();
  now_ += minutes{5};
  EXPECT_TRUE(observe_a().emptied_by_us);
  memory_.health[TaskArn{"t"}] = {HealthWord::kSilent, now_, ""};
  EXPECT_TRUE(observe_a().emptied_by_us);
  memory_.health[TaskArn{"t"}].word = HealthWord::kHealthy;
  EXPECT_FALSE(observe_a().emptied_by_us);
  records_.emptied.clear();
  memory_.health.clear();
  EXPECT_FALSE(observe_a().emptied_by_us) << "it was proven before";
}

// What an earlier process has seen and stored; the picture knows nothing, or what it missed.
// The store of the cluster state was put back to before the instance joined, and ECS does not list
// it yet.
TEST_F(RecallEmptiedTest, AnEmptiedInstanceKeepsItsPlaceWhileANewPictureMayHideIt) {
  records_.emptied[{kUid, ContainerInstanceArn{"b"}}] = {
      kUid, ContainerInstanceArn{"b"}, kDate, TaskArn{"t"}, {}, {}};
  const auto hidden_until = [&]() -> std::optional<TimePoint> {
    const World world = observe();
    for (const auto& instance : world.instances) {
      if (instance.arn.value == "b" && instance.emptied_by_us) return instance.hidden_until;
    }
    return std::nullopt;
  };
  const TimePoint began = now_;
  EXPECT_EQ(hidden_until(), began + minutes{5});
  now_ += minutes{4};
  EXPECT_EQ(hidden_until(), began + minutes{5});
  now_ += minutes{1};
  EXPECT_FALSE(hidden_until()) << "it is gone";
  ++picture_number_;
  EXPECT_EQ(hidden_until(), now_ + minutes{5});
  add_instance("b");
  EXPECT_FALSE(hidden_until());
}

TEST_F(RecallEmptiedTest, TakesFromTheRecordsWhoWasEmptied) {
  add_task("t", "new");
  records_.emptied[{kUid, ContainerInstanceArn{"a"}}] = {
      kUid, ContainerInstanceArn{"a"}, {}, TaskArn{"t"}};
  EXPECT_TRUE(observe_a().emptied_by_us);
  EXPECT_TRUE(observe_a().tasks.empty());
  EXPECT_EQ(observe_a().known_tasks, std::vector{TaskArn{"t"}});
  records_.emptied.begin()->second.task = TaskArn{"another"};
  EXPECT_EQ(observe_a().tasks.size(), 1U);
  records_.emptied.begin()->second.also_over = {TaskArn{"t"}};
  EXPECT_TRUE(observe_a().tasks.empty());
  add_ended("s", minutes{10}, minutes{30});
  records_.emptied.begin()->second.noted_at = kDate - minutes{20};
  EXPECT_TRUE(observe_a().emptied_by_us) << "what ended before says nothing";
  add_ended("r", minutes{10}, minutes{10});
  EXPECT_FALSE(observe_a().emptied_by_us) << "what ended since does";
  tasks_.erase(TaskArn{"r"});
  EXPECT_TRUE(observe_a().emptied_by_us);
  add_task("u", "new");
  EXPECT_TRUE(observe_a().emptied_by_us);
  now_ += seconds{10};
  EXPECT_FALSE(observe_a().emptied_by_us) << "it serves again";
  EXPECT_EQ(observe_a().tasks.size(), 1U);
}

// The picture may go on showing it, and its end may be known to the process before.
TEST_F(RecallEmptiedTest, ATaskThatIsBeingStoppedServesNoMore) {
  add_task("t", "new");
  add_intent(IntentKind::kStop, {TaskArn{"t"}});
  records_.emptied[{kUid, ContainerInstanceArn{"a"}}] = {kUid, ContainerInstanceArn{"a"}, kDate,
                                                         TaskArn{}};
  EXPECT_TRUE(observe_a().emptied_by_us);
  now_ += seconds{10};
  EXPECT_TRUE(observe_a().emptied_by_us);
  records_.intents.clear();
  EXPECT_FALSE(observe_a().emptied_by_us);
}

}  // namespace
}  // namespace blox::scheduler
