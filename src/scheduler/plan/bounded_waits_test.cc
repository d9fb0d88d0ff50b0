// No instance that our stop emptied holds a deployment for ever: whatever becomes of it, within a
// bound the others go on or the deployment ends, and says why.
#include <gtest/gtest.h>

#include "scheduler/plan/daemon_plan.h"
#include "scheduler/plan/plan_text.h"

namespace blox::scheduler {
namespace {

struct State {
  const char* name;
  const char* instance;   // "a", when its time is over.
  const char* lost = "";  // Why its place is lost to the deployment; else the others go on.
};

const State kStates[] = {
    {"a task of others is there", "a(emptied,unserved=1s): #x"},
    {"beside an outdated task that is ill", "a(emptied): #x t/old~"},
    {"where the wanted one died early", "a(died,emptied): #x", "it ended after 5 s"},
    {"a task of a deleted environment of its name is there",
     "a(emptied,unserved=10m,held=10m): ##x"},
    {"beside an outdated task that is ill, too", "a(emptied,held=10m): ##x t/old~"},
    {"a deleted environment starts one there", "a(emptied,unserved=10m,heir,held=10m):"},
    {"it drains", "a(emptied,draining=1s):"},
    {"it is disconnected", "a(emptied,off=10m):"},
    {"it is disconnected, and the stop is open", "a(off=10m): +stop=t t/old"},
    {"it is superseded", "a(emptied,gone,off=1s):"},
    {"it is gone", "a(emptied,inactive):"},
    {"others stopped its task, which hangs", "a: t/old!@10m"},
    {"the stop is denied", "a: +stop=t.refused t/old",
     "ECS refused 3 stops of task t: AccessDenied"},
    {"nobody knows of the stop", "a: +stop=t@10m t/old",
     "nobody knows for 10 min whether the stop took place"},
    {"its task hangs on its way down", "a: +stop=t@10m t/old-@10m",
     "task t is on its way down for 10 min"},
    {"it does so, and nobody remembers the stop", "a: t/old-@10m",
     "task t is on its way down for 10 min"},
    {"nobody knows of the start", "a(emptied,unserved=10m): +start@10m",
     "nobody knows for 10 min whether the start took place"},
    {"starts are denied or refused", "a(emptied,unserved=5m,failed=3/1s):", "RESOURCE:MEMORY"},
    {"they are, but its resources change all the time",
     "a(emptied,unserved=10m,failed=1/1s):", "no task runs there for 10 min: RESOURCE:MEMORY"},
    {"starts are kept back, as ECS does not answer or its answer forbids them",
     "a(emptied,unserved=10m):", "no task runs there for 10 min"},
    {"its task hangs on its way up", "a(emptied): t/new?@10m",
     "task t is on its way up for 10 min"},
    {"nobody has seen its task", "a(emptied): t/new*@10m", "task t is on its way up for 10 min"},
    {"nor an outdated one", "a(emptied): t/old*@10m", "task t is on its way up for 10 min"},
    {"its task is ill", "a(emptied): t/new~@10m", "task t is UNHEALTHY for 10 min"},
    {"what serves is older than what died early", "a(died=10m): t/new@1h", "it ended after 5 s"},
    {"its check says nothing", "a(emptied): t/new^@10m",
     "the health check of task t has said nothing for 10 min"},
    {"its task is one that was over before, by a picture of long ago", "a(emptied): t/new%@10m",
     "the cluster state shows task t for 10 min, which is older than one that we stopped there, so "
     "it must be over (aws ecs describe-tasks tells)"},
    {"ECS refuses what is to replace one that is ill", "a(emptied,refused=1/1s): t/old~",
     "ECS refused 1 start of the wanted one, so it stays: RESOURCE:MEMORY"},
};

Plan plan_with(const std::string& instance, const std::string& others,
               const std::string& settings) {
  return plan_daemon(world_from_text(instance + " " + others, "running deployed " + settings));
}

bool has_ended(const Plan& plan) {
  return plan.deployment && (plan.deployment->status == RolloutStatus::kCompleted ||
                             plan.deployment->status == RolloutStatus::kFailed);
}

bool stops(const Plan& plan, const std::string& task) {
  return std::ranges::count(plan.stops, TaskArn{task}, &StopAction::task) > 0;
}

TEST(BoundedWaits, AnEmptiedInstanceHoldsNoDeploymentForEver) {
  for (const auto& [name, instance, lost] : kStates) {
    SCOPED_TRACE(name);
    const std::string_view reason{lost};
    const Plan alone = plan_with(instance, "b: u/old c: v/new d: w/new", "");
    EXPECT_EQ(stops(alone, "u"), reason.empty()) << "the others go on, or its place is lost";
    EXPECT_EQ(has_ended(alone), !reason.empty());
    if (has_ended(alone)) {
      EXPECT_TRUE(alone.deployment->reason.ends_with("first a: " + std::string{reason}))
          << alone.deployment->reason;
    }
    for (const auto& line : alone.lines) EXPECT_NE(line.reason, "") << line.instance.value;

    const Plan with_room = plan_with(instance, "b: u/old c: v/new d: w/new", "max=2");
    EXPECT_TRUE(stops(with_room, "u")) << "where there is another place the others go on";
    const Plan last = plan_with(instance, "c: v/new d: w/new e: x/new", "max=2");
    EXPECT_TRUE(has_ended(last) || stops(last, "t")) << "where all others are served it ends";
  }
}

// Of the time in which nobody looked nothing is known, and now the picture tells.
TEST(BoundedWaits, WhatHasTakenEffectIsNotLost) {
  for (const char* instance : {"a: +stop=t@12m.seen", "a(emptied): +start@12m.seen t/new@1s"}) {
    EXPECT_FALSE(has_ended(plan_with(instance, "b: u/old c: v/new", ""))) << instance;
  }
}

// A state service that is away tells of no task that comes up meanwhile.
TEST(BoundedWaits, EndNothingWhileNobodyTells) {
  for (const auto& [name, instance, lost] : kStates) {
    EXPECT_FALSE(has_ended(plan_with(instance, "b: u/new c: v/new", "contact=31s"))) << name;
  }
}

std::string one_second_before(std::string instance) {
  for (const auto& [bound, before] : {std::pair{"10m", "599s"}, std::pair{"5m", "299s"}}) {
    for (auto at = instance.find(bound); at != std::string::npos; at = instance.find(bound)) {
      instance.replace(at, std::string_view{bound}.size(), before);
    }
  }
  return instance;
}

TEST(BoundedWaits, HaveTheirTimeAndTheRoundThatEndsThem) {
  int count = 0;
  for (const auto& [name, instance, lost] : kStates) {
    SCOPED_TRACE(name);
    const std::string before = one_second_before(instance);
    if (before == instance) continue;
    ++count;
    const World world = world_from_text(before + " b: u/old c: v/new d: w/new", "running deployed");
    const Plan plan = plan_daemon(world);
    EXPECT_FALSE(stops(plan, "u")) << "its place is kept";
    EXPECT_FALSE(has_ended(plan));
    ASSERT_TRUE(plan.next_due);
    EXPECT_LE(*plan.next_due - world.now, std::chrono::seconds{1});
  }
  EXPECT_GE(count, 15);
}

// An instance that stays empty for other reasons than the new deployment has not failed it yet.
TEST(BoundedWaits, BeginWithTheDeployment) {
  const std::string others = "b: u/old c: v/new d: w/new";
  EXPECT_FALSE(has_ended(plan_with("a(emptied,unserved=1h):", others, "since=599s")));
  EXPECT_TRUE(has_ended(plan_with("a(emptied,unserved=1h):", others, "since=10m")));
  EXPECT_FALSE(has_ended(plan_with("a(emptied,unserved=599s):", others, "since=1h")));
  const World before = world_from_text("a(emptied,unserved=1h):", "running since=599s");
  EXPECT_EQ(plan_daemon(before).next_due, before.now + std::chrono::seconds{1});
  EXPECT_FALSE(has_ended(plan_with("a: +stop=t@1h t/new", others, "since=599s")));
  EXPECT_TRUE(has_ended(plan_with("a: +stop=t@1h t/new", others, "since=10m")));
  // A stop that the new one does not want: that it was refused says nothing against it.
  EXPECT_FALSE(has_ended(plan_with("a: +stop=t.refused@1h t/new", others, "since=599s")));
  EXPECT_TRUE(has_ended(plan_with("a: +stop=t.refused@1h t/old", others, "since=1s")));
}

// A place that is given back does not let a stop go unnoticed, nor one that its start will end.
TEST(BoundedWaits, KeepThePlaceWhileSomethingIsUnderWay) {
  for (const std::string instance :
       {"a(emptied,unserved=1s): #x +start", "a: #x +stop=t t/old-", "a(emptied): #x t/new?",
        "a(emptied,held=9m,unserved=1s): ##x", "a: t/old-"}) {
    const Plan plan = plan_with(instance, "b: u/old c: v/new d: w/new", "");
    EXPECT_FALSE(stops(plan, "u")) << instance;
    EXPECT_FALSE(has_ended(plan)) << instance;
  }
}

// A budget that was lowered: they do not wait for each other, and yet go by turns, as one that is
// not known to serve may do so.
TEST(BoundedWaits, WhatHangsInMorePlacesThanThereAreIsReplacedByTurns) {
  const std::tuple<const char*, const char*, const char*> rows[] = {
      {"", "a(emptied): t/old?@10m b(emptied): u/old~@10m c: v/new", "stop t"},
      {"max=2", "a(emptied): t/old?@10m b(emptied): u/old~@10m c(emptied): v/old?@10m",
       "stop t stop u"},
      {"", "a(emptied): t/old?@599s b(emptied): u/old~@599s c: v/new", ""},
      {"", "a(emptied): +stop=t t/old?@10m b(emptied): u/old~@10m c: v/new", ""},
      {"", "a(emptied): t/old-@10m b(emptied): u/old~@10m c: v/new", "running failed=a"},
      {"", "a(emptied): t/new?@10m b(emptied): u/old~@10m c: v/new", "running failed=a"},
      {"", "a(emptied): b(emptied): u/old~@10m c: v/new", "start@a"},
      {"", "a(emptied): t/old?@10m b(emptied): u/new?@1s c: v/new", ""},
      {"", "a(emptied): t/old?@10m b: u/old c: v/new", "stop t"},
  };
  for (const auto& [settings, world, plan] : rows) {
    EXPECT_EQ(to_text(plan_daemon(world_from_text(world, std::string{"running "} + settings))),
              plan)
        << world;
  }
}

// What somebody else stopped, and what hangs so, says nothing of a new deployment.
TEST(BoundedWaits, ATaskThatOthersStoppedFailsNoDeployment) {
  EXPECT_EQ(to_text(plan_with("a: t/old!@1h", "b: u/old c: v/old", "since=1s")),
            "stop u running failed=a");
}

TEST(BoundedWaits, SayHowItStandsWithAnOpenIntent) {
  const std::pair<const char*, const char*> rows[] = {
      {"a: +stop=t.refused t/old",
       "stopping: a stop is under way: test; ECS refused 3 stops of task t: AccessDenied"},
      {"a: +stop=t@10m t/old",
       "stopping: a stop is under way: test; nobody knows for 10 min whether the stop took place"},
      {"a: +start@11m",
       "starting: a start is under way: test; nobody knows for 11 min whether the start took "
       "place"},
  };
  for (const auto& [world, line] : rows) {
    EXPECT_EQ(first_line_text(plan_daemon(world_from_text(world, "running"))), line) << world;
  }
}

// What cannot be judged waits for a picture, and says so.
TEST(BoundedWaits, WaitForAPictureInWords) {
  for (const std::string settings : {"unloaded", "unsynced", "synced=2h", "contact=2h"}) {
    const Plan plan = plan_with("a(emptied,unserved=1h):", "b: u/old", settings);
    EXPECT_FALSE(has_ended(plan));
    for (const auto& line : plan.lines) {
      EXPECT_TRUE(line.reason.starts_with("nothing is decided: ")) << line.reason;
    }
  }
}

}  // namespace
}  // namespace blox::scheduler
