#include "scheduler/plan/daemon_plan.h"

#include <gtest/gtest.h>

#include "scheduler/plan/plan_text.h"

namespace blox::scheduler {
namespace {

struct Row {
  const char* rule;
  const char* settings;
  const char* world;
  const char* plan;
};

class PlanDaemon : public testing::Test {
 protected:
  template <std::size_t n>
  static void expect_all(const Row (&rows)[n]) {
    for (const auto& row : rows) {
      EXPECT_EQ(to_text(plan_daemon(world_from_text(row.world, row.settings))), row.plan)
          << row.rule;
    }
  }
};

TEST_F(PlanDaemon, StartsOneTaskOnEachEligibleInstance) {
  const Row rows[] = {
      {"an empty instance gets a task", "", "a:", "start@a"},
      {"each of them does", "", "a: b: c: t/new", "start@a start@b"},
      {"a task is left alone, running or not", "", "a: t/new b: u/new?", ""},
      {"one on its way down is waited for", "", "a: t/new!", ""},
      {"an outdated one on its way down as well", "", "a: t/old!", ""},
      {"while an intent is open nothing is started", "", "a: +start b: +stop=t", ""},
      {"not even when its effect is seen", "", "a: +start.seen t/new", "close@a"},
      {"a stop whose task is gone is closed, then comes the start", "", "a: +stop=t.seen",
       "close@a"},
      {"never on a DRAINING instance", "", "a(draining=1s):", ""},
      {"never on a disconnected one", "", "a(off=1s): b: t/new", ""},
      {"never on an INACTIVE one", "", "a(inactive):", ""},
      {"never on a registration that another superseded", "", "a(gone,off=1m): b: t/new", ""},
      {"nothing without a deployment", "undeployed", "a:", ""},
      {"an unclaimed task blocks its instance", "running listed=a", "a: #t b:", "start@b"},
      {"but not one that has its task", "", "a: #x t/new", ""},
      {"so does a start of a deleted environment of its name", "", "a(heir): b:", "start@b"},
      {"a disconnected instance's tasks are not replaced", "", "a(off=20m): t/new b: u/new", ""},
      {"nor stopped, though outdated", "", "a(off=20m): t/old b: u/new c: v/new d: w/new", ""},
  };
  expect_all(rows);
}

TEST_F(PlanDaemon, WaitsLongerAfterEachFailedStart) {
  const Row rows[] = {
      {"a second after the first", "", "a(failed=1/999ms):", ""},
      {"and then again", "", "a(failed=1/1s):", "start@a"},
      {"two seconds after the second", "", "a(failed=2/1999ms):", ""},
      {"and then again", "", "a(failed=2/2s):", "start@a"},
      {"five minutes at most", "", "a(failed=90/299s):", "completed failed=a"},
      {"and never more", "", "a(failed=90/300s):", "start@a completed failed=a"},
      {"others do not wait", "", "a(failed=2/1s): b:", "start@b"},
  };
  expect_all(rows);
}

TEST_F(PlanDaemon, RollsOutWithinTheBudget) {
  const Row rows[] = {
      {"outdated tasks go one at a time", "running", "a: t/old b: u/old", "stop t"},
      {"two go when two may be out", "running max=2", "a: t/old b: u/old c: v/old",
       "stop t stop u"},
      {"a percent is of the eligible instances, rounded down", "running max=50%",
       "a: t/old b: u/old c: v/old d(draining=1m,others=1): w/old", "stop t"},
      {"and at least one", "running max=10%", "a: t/old b: u/old", "stop t"},
      {"a gap elsewhere spends the budget", "running", "a: t/old b:", "start@b"},
      {"a task on its way up elsewhere does", "running", "a: t/old b: u/new?", ""},
      {"one on its way down does", "running", "a: t/old b: u/old!", ""},
      {"an open stop does, though its task still serves", "running", "a: t/old b: +stop=u u/old",
       ""},
      {"an open start does", "running", "a: t/old b: +start", ""},
      {"a stop whose instance fell silent does", "running",
       "a: t/old b(off=9m): +stop=u u/old c: v/new d: w/new", "silent@b"},
      {"for ten minutes, then it is closed", "running",
       "a: t/old b(off=10m): +stop=u u/old c: v/new d: w/new", "stop t close@b"},
      {"one that we emptied and that fell silent does", "running",
       "a: t/old b(off=9m,emptied): c: v/new d: w/new", ""},
      {"one that we emptied and that a new picture hides does", "running",
       "a: t/old b(hidden=4m,emptied): c: v/new d: w/new", ""},
      {"one that it hides and that was empty anyway does not", "running",
       "a: t/old b(hidden=4m): c: v/new d: w/new", "stop t"},
      {"one that was empty anyway does not", "running", "a: t/old b(off=9m): c: v/new d: w/new",
       "stop t"},
      {"one that cannot take the task does not", "running",
       "a: t/old b(failed=3/1s):", "stop t running failed=b"},
      {"what hangs where we emptied goes free of charge", "running", "a(emptied): t/old?",
       "stop t"},
      {"and frees nothing for others", "running", "a(emptied): t/old? b: u/old", "stop t"},
      {"but not on top of others, as it may serve unseen", "running",
       "a(emptied): t/old? b(emptied): u/old?", ""},
      {"unless it could until we emptied it", "running",
       "a: t/old b(failed=3/1s,emptied):", "running failed=b"},
      {"stopping what does not serve takes no service", "running", "a: t/old b: u/old?", "stop u"},
      {"but it may have begun to serve, so the budget holds", "running", "a: t/old? b: u/old?",
       "stop t"},
      {"a draining instance is outside the budget", "running",
       "a: t/old b(draining=1s,others=1): u/old", "stop t"},
      {"when a third falls silent, all goes on", "running", "a: t/old b: u/new c(off=1m): v/new",
       "stop t"},
      {"when more than a third does, rollouts pause", "running", "a: t/old b(off=1m): u/new", ""},
      {"but not for those that have long been silent", "running", "a: t/old b(off=10m): u/new",
       "stop t"},
      {"starts do not pause", "running", "a: b(off=1m): u/new", "start@a"},
  };
  expect_all(rows);
}

TEST_F(PlanDaemon, BuildsOnlyOnTasksThatHaveServedForAWhile) {
  const Row rows[] = {
      {"an emptied instance keeps its place while its new task is young", "running",
       "a: t/old b(emptied): u/new@9s", ""},
      {"and gives it back when it has served", "running", "a: t/old b: u/new@10s", "stop t"},
      {"not while ECS calls it unhealthy", "running", "a: t/old b(emptied): u/new~", ""},
      {"nor while its check says nothing", "running", "a: t/old b(emptied): u/new^", ""},
      {"one that just joined takes no place", "running", "a: t/old b: u/new@1s", "stop t"},
      {"a deployment ends when all have served", "running", "a: t/new@10s b: u/new", "completed"},
      {"not before", "running", "a: t/new@9s b: u/new", ""},
      {"nor without the word of their checks", "running", "a: t/new^@1m b: u/new", ""},
      {"what is ill where we emptied goes in its own place", "running",
       "a(emptied): t/old~ b: u/old", "stop t"},
      {"and so does what is young, which frees nothing for others", "running",
       "a(emptied): t/old@1s b: u/old", "stop t"},
      {"but not on top of others", "running", "a(emptied): t/old~ b(emptied): u/new@1s", ""},
      {"what was listed and serves, and has nothing in its way now, waits for its turn",
       "running deployed listed=b", "a: t/new b: u/old", "stop u running"},
      {"also when only its stop was stored", "running deployed listed=a",
       "a: +stop=t t/old b: v/new", "running"},
      {"nor does it end by what nobody has told for long", "running contact=31s",
       "a: t/new@1m b: u/new", ""},
  };
  expect_all(rows);
}

TEST_F(PlanDaemon, StopsARolloutWhoseTasksDieEarly) {
  const Row rows[] = {
      {"an early death takes a place", "running max=2 deployed",
       "a: t/old b(died): u/new@1s c(emptied): v/new@1s", ""},
      {"and keeps it though its next task serves", "running max=2 deployed",
       "a: t/old b(died): u/new@1m c(emptied): v/new@1s", ""},
      {"the others have what is left", "running max=2 deployed", "a: t/old b(died): u/new@1m",
       "stop t"},
      {"early deaths that fill the budget end it", "running deployed",
       "a: t/old b(died): c: v/new d: w/new e: x/new f: y/new", "start@b failed failed=b"},
      {"but not by a store that was put back", "running deployed moved",
       "a(died): c: v/new d: w/new e: x/new f: y/new", "start@a list"},
      {"nor does it end again what left one out", "deployed listed=b leftout moved",
       "a(died): b: t/old c: v/new d: w/new e: x/new f: y/new", "start@a list"},
      {"no more does a first one that left one out", "again listed=b leftout",
       "a(died): b: c: v/new d: w/new e: x/new", "start@a start@b confirm"},
      {"nor by a refusal that overtook a stop, which is taken back", "running deployed",
       "a(refused=1/1s): +stop=t t/old b: v/new c: w/old", "withdraw@a running failed=a"},
      {"a first deployment goes on", "running", "a(died): b: u/new@1m c: +start", "start@a"},
      {"one that has failed replaces nothing", "failing deployed",
       "a: t/old b: u/new c: v/new d: w/new e: x/new", ""},
      {"but starts where nothing runs", "failing deployed",
       "a: t/old b: c: v/new d: w/new e: x/new", "start@b"},
      {"and stops what is too much", "failing deployed", "a: t/old u/old v/new",
       "stop t keeping v double@a"},
      {"its open stops are taken back", "failing deployed", "a: +stop=t t/old", "withdraw@a"},
      {"it stays failed when all serve", "failing deployed", "a: t/new", ""},
      {"a completed one does not fail any more", "deployed", "a(died): t/new@1s b: u/new", ""},
      {"nor by those that fail later", "deployed listed=a words=1_instance_is_left_out",
       "a(died,failed=3/1s): b: u/new", "completed failed=a"},
      {"but one that left instances out may", "deployed listed=b leftout", "a(died): b: t/old",
       "start@a confirm failed failed=a failed=b"},
      {"and lists who has not come up", "failing deployed", "a(failed=3/1s): b: u/new",
       "failed failed=a"},
  };
  expect_all(rows);
}

TEST_F(PlanDaemon, GivesUpWhatHangs) {
  const Row rows[] = {
      {"a task on its way up for long has failed there", "running", "a: t/new b: u/new?@10m",
       "completed failed=b"},
      {"not before", "running", "a: t/new b: u/new?@599s", ""},
      {"so has one on its way down", "running", "a: t/new b: u/old!@10m", "completed failed=b"},
      {"and one that does not get healthy", "running", "a: t/new b: u/new~@10m",
       "completed failed=b"},
      {"or whose check says nothing", "running", "a: t/new b: u/new^@10m", "completed failed=b"},
      {"it has ten minutes for that", "running", "a: t/new b: u/new^@599s", ""},
      {"that is lost where we emptied", "running deployed", "a: t/old b(emptied): u/new^@10m",
       "failed failed=b"},
      {"an outdated one is replaced", "running", "a: t/new b: u/old?@10m", "stop u"},
      {"what must be over serves no instance that a stop empties", "running",
       "a: t/old b: +stop=v u/new%", ""},
      {"healthy or not", "running", "a: t/new b: u/old~@10m", "stop u"},
      {"it keeps no others, unless we emptied its instance", "running deployed",
       "a: t/old b: u/new?@10m", "stop t running failed=b"},
      {"its place is kept", "running deployed max=2", "a: t/old b(emptied): u/new?@10m c: v/old",
       "stop t running failed=b"},
      {"when such fill the budget, the deployment ends", "running deployed",
       "a: t/old b(emptied): u/new?@10m", "failed failed=b"},
      {"so do those that ECS starts nothing on after our stop", "running deployed",
       "a: t/old b(emptied,failed=3/1s,unserved=5m):", "failed failed=b"},
      {"not before they had five minutes", "running deployed",
       "a: t/old b(emptied,failed=3/1s,unserved=299s):", "running failed=b"},
  };
  expect_all(rows);
}

TEST_F(PlanDaemon, StopsNothingThatItCouldNotReplace) {
  const Row rows[] = {
      {"beside an unclaimed task", "running", "a: #x t/old b: u/old", "stop u running failed=a"},
      {"beside one that the delete of its environment stops", "running", "a: ##x t/old b: u/new",
       ""},
      {"beside a start of a deleted environment", "running", "a(heir): t/old b: u/old", "stop u"},
      {"where ECS has refused the wanted one", "running", "a(refused=1/1s): t/old b: u/old",
       "stop u running failed=a"},
      {"the open stop of such a one is taken back", "running", "a(refused=1/1s): +stop=t t/old",
       "withdraw@a completed failed=a"},
      {"one that is too much goes all the same", "running", "a: #x t/new u/new",
       "stop u keeping t double@a completed"},
      {"where one died by itself it goes on", "running", "a(failed=1/1s): t/old", "stop t"},
      {"an unclaimed task holds no others up", "running", "a: #x b: u/old",
       "stop u running failed=a"},
      {"whoever emptied its instance", "running", "a(emptied): #x b: u/old",
       "stop u running failed=a"},
  };
  expect_all(rows);
}

TEST_F(PlanDaemon, StopsWhatIsTooMuch) {
  const Row rows[] = {
      {"of two current ones the oldest stays", "", "a: t/new u/new", "stop u keeping t double@a"},
      {"the serving one before the oldest", "", "a: t/new? u/new", "stop t keeping u double@a"},
      {"the healthy one before the oldest", "", "a: t/new~ u/new", "stop t keeping u double@a"},
      {"the wanted one before the serving one, which goes when it may", "max=1", "a: t/old u/new?",
       "stop t keeping u double@a"},
      {"and not before", "max=1", "a: t/old u/new? b:", "start@b double@a"},
      {"free of charge once its heir serves", "",
       "a: t/old u/new b:", "start@b stop t keeping u double@a"},
      {"of three two go, one a round", "", "a: t/new u/new v/new", "stop u keeping t double@a"},
      {"one that goes already is enough", "", "a: t/new u/new!", "double@a"},
      {"nothing on top of an open intent", "", "a: +stop=u t/new u/new", "double@a"},
      {"the stop of what became the only one is taken back", "", "a: +stop=u t/new! u/new",
       "withdraw@a double@a"},
      {"and that of what is wanted again", "", "a: +stop=t t/new", "withdraw@a"},
      {"not that of an outdated one", "running", "a: +stop=t t/old", ""},
      {"nor of one that is on its way down", "running", "a: +stop=t t/new!", ""},
      {"nor of one that nobody shows", "running", "a: +stop=t", ""},
      {"a pause of rollouts does not keep doubles", "",
       "a: t/new u/new b(off=1m): c(off=1m):", "stop u keeping t double@a"},
      {"not where nobody listens", "", "a(off=1h): t/new u/new", "double@a"},
      {"what nobody has seen yet is no double", "", "a: t/new* u/new b: v/new* w/new*", ""},
      {"an outdated one that nobody has seen waits", "running", "a: t/old*", ""},
  };
  expect_all(rows);
}

TEST_F(PlanDaemon, DrainsLast) {
  const Row rows[] = {
      {"stays while others are there", "", "a(draining=1m,others=1): t/new", ""},
      {"goes when they are gone", "", "a(draining=1m): t/new", "stop t"},
      {"goes at the deadline", "", "a(draining=15m,others=3): t/new", "stop t"},
      {"not before", "", "a(draining=899s,others=3): t/new", ""},
      {"though outdated it stays", "running", "a(draining=1m,others=1): t/old b: u/new",
       "completed"},
      {"whatever the budget says", "", "a(draining=1m): t/new b:", "start@b stop t"},
      {"stops once", "", "a(draining=1m): +stop=t t/new b(draining=1m): u/new!", ""},
      {"not while disconnected", "", "a(draining=1h,off=1m): t/new", ""},
      {"nor sent while disconnected", "", "a(draining=1h,off=1m): +stop=t t/new", "silent@a"},
      {"ACTIVE again, its stop is taken back", "", "a: +stop=t t/new", "withdraw@a"},
      {"ACTIVE again, its task is kept", "", "a: t/new", ""},
      {"stopped and ACTIVE again, it gets a new one", "", "a:", "start@a"},
  };
  expect_all(rows);
}

TEST_F(PlanDaemon, TellsHowTheDeploymentStands) {
  const Row rows[] = {
      {"a plan alone changes nothing", "pending", "a: b: t/old", "start@a"},
      {"its first open start makes it running", "pending", "a: +start b:", "start@b running"},
      {"so does its first open stop", "pending", "a: +stop=t t/old b: u/old", "running"},
      {"and its first task", "pending", "a: t/new? b:", "start@b running"},
      {"and its first failure", "pending", "a(failed=1/0s):", "running"},
      {"not the stop of a drain", "pending", "a(draining=1m): +stop=t t/old b: u/old", "stop u"},
      {"it ends when all run the task", "running", "a: t/new b: u/new", "completed"},
      {"also at once", "pending", "a: t/new", "completed"},
      {"also with nobody to serve", "pending", "", "completed"},
      {"not while one is on its way up", "running", "a: t/new b: u/new?", ""},
      {"not while one is outdated", "running", "a: t/new b: u/old!", ""},
      {"not while a stop is open", "running", "a: +stop=t t/new", "withdraw@a"},
      {"after three failed starts an instance is not waited for", "running",
       "a: t/new b(failed=3/1s):", "completed failed=b"},
      {"after two it is", "running", "a: t/new b(failed=2/1s):", ""},
      {"nor are draining, silent and superseded ones", "running",
       "a: t/new b(draining=1m): c(off=1h): d(gone,off=1h): e: u/new", "completed"},
      {"an unclaimed task is not waited for", "running", "a: #t", "completed failed=a"},
      {"but one that will end is", "running", "a: ##t", ""},
      {"who fails later is listed as well", "", "a: t/new b(failed=3/1s):", "completed failed=b"},
      {"once", "listed=b words=1_instance_is_left_out,_first_b:_3_starts_failed:_RESOURCE:MEMORY",
       "a: t/new b(failed=3/1s):", ""},
      {"until it serves", "listed=b", "a: t/new b: u/new", "completed"},
      {"also by a process that saw none of its failures", "listed=b", "a: t/new b:", "start@b"},
      {"or is gone", "listed=b", "a: t/new b(draining=1m):", "completed"},
      {"a completed one stays completed", "", "a: t/new b:", "start@b"},
  };
  expect_all(rows);
}

TEST_F(PlanDaemon, DoesNothingOnAPictureItCannotTrust) {
  const Row rows[] = {
      {"not read yet", "unloaded", "a: b: t/old", "undecided"},
      {"never synced", "unsynced", "a: b: t/old", "undecided"},
      {"not since our records were copied back", "copied", "a: b: t/old", "undecided"},
      {"too old", "synced=3601s", "a: b: t/old", "undecided"},
      {"just not too old", "synced=3600s", "a:", "start@a"},
      {"nothing heard for too long", "contact=3601s", "a: b: t/old", "undecided"},
      {"of a store that was opened since, which may be a copy from before: each is asked about",
       "moved", "a: b: t/new", "start@a list"},
      {"nothing that may serve is stopped", "moved running", "a: t/old b: u/new", ""},
      {"whether it is shown to serve or not", "moved running", "a: t/old? b: u/new", ""},
      {"be it one too many", "moved", "a: t/old u/new? b: v/new", ""},
      {"nor where it is shown to drain", "moved", "a(draining=20m): t/new b: u/new", ""},
      {"what its environment takes along goes", "moved deleting terminate", "a: t/new", "stop t"},
      {"and no deployment is completed by it", "moved running", "a: t/new b: u/new", ""},
      {"nor fails", "moved running deployed", "a(died): b: t/old", "start@a confirm list"},
      {"and nothing is called a double", "moved", "a: t/new u/new", "stop u keeping t"},
      {"tells of no doubles while it is not read whole", "unloaded", "a: t/new u/new", "undecided"},
      {"closes no intents either", "unsynced", "a: +stop=t.seen", "undecided"},
      {"does not call itself completed", "pending unsynced", "", "undecided"},
      {"but tells of doubles", "unsynced", "a: t/new u/new", "undecided double@a"},
  };
  expect_all(rows);
}

TEST_F(PlanDaemon, AsksFirstWhenMuchIsMissing) {
  const Row rows[] = {
      {"a fifth may start without", "deployed", "a: b: t/new c: u/new d: v/new e: w/new",
       "start@a"},
      {"more must be confirmed", "deployed", "a: b: t/new c: u/new d: v/new", "start@a confirm"},
      {"a first deployment need not", "pending", "a: b:", "start@a start@b"},
      {"unless tasks were left out by the read of the cluster", "pending holes",
       "a: b:", "start@a start@b confirm"},
      {"of which one may be on the only instance that is empty", "holes",
       "a: b: t/new c: u/new d: v/new e: w/new", "start@a confirm"},
      {"stops need no such question", "holes running", "a: t/old", "stop t"},
  };
  expect_all(rows);
}

TEST_F(PlanDaemon, DeletesAnEnvironment) {
  const Row rows[] = {
      {"nothing is started any more", "deleting", "a: b: t/new c: u/old", ""},
      {"its tasks go when that was asked for, whatever the budget", "deleting terminate",
       "a: t/new b: u/new? c: v/old!", "stop t stop u"},
      {"draining or not", "deleting terminate", "a(draining=1s,others=3): t/new", "stop t"},
      {"but not where nobody listens", "deleting terminate", "a(off=1h): t/new", ""},
      {"without a deployment too", "deleting terminate undeployed", "a: t/new", "stop t"},
      {"open intents are closed", "deleting", "a: +start.seen t/new", "close@a"},
      {"open stops are taken back when its tasks may stay", "deleting", "a: +stop=t t/old",
       "withdraw@a"},
      {"and go on when they may not", "deleting terminate", "a: +stop=t t/new", ""},
  };
  expect_all(rows);
}

TEST_F(PlanDaemon, WantsToKnowOfTheHealthThatItWaitsFor) {
  const Row rows[] = {
      {"of what serves and has not said", "running", "a: t/new^ b: u/new c: v/new^@9s", "t v"},
      {"of what is ill", "running", "a: t/new~", "t"},
      {"of nothing else", "running", "a: t/old^ b: u/new^? c(off=1m): v/new^ d: +stop=w w/new^",
       ""},
      {"nobody waits once it has ended", "", "a: t/new^ b: u/new~", ""},
      {"but where it was left out", "listed=a", "a: t/new^ b: u/new^", "t"},
      {"or holds a place", "", "a: t/new^ b(emptied): u/new^ c(died): v/new^", "u v"},
      {"nobody does in one that is deleted", "running deleting", "a: t/new^", ""},
  };
  for (const auto& row : rows) {
    std::string wanted;
    for (const auto& task : plan_daemon(world_from_text(row.world, row.settings)).health_wanted) {
      wanted += (wanted.empty() ? "" : " ") + task.value;
    }
    EXPECT_EQ(wanted, row.plan) << row.rule;
  }
}

TEST(PlanDaemonDue, SaysWhenTimeAloneWillChangeThePlan) {
  const std::tuple<const char*, const char*, int> rows[] = {
      {"a backoff ends", "a(failed=3/1s):", 3},
      {"the first of several", "a(failed=3/1s): b(failed=2/1s):", 1},
      {"a drain's deadline", "a(draining=14m,others=1): t/new", 60},
      {"health turns", "a(unserved=290s): t/new?", 10},
      {"the loss of an instance becomes old", "a(off=9m): b: t/new", 60},
      {"a task has served for long enough", "a: t/new@4s", 6},
      {"or might be called ill", "a: t/new@1m", 540},
      {"one hangs", "a: t/new?@9m", 60},
      {"nothing", "a: t/new", -1},
  };
  for (const auto& [rule, text, seconds] : rows) {
    const World world = world_from_text(text);
    const auto due = plan_daemon(world).next_due;
    const auto left = due ? std::chrono::round<std::chrono::seconds>(*due - world.now).count() : -1;
    EXPECT_EQ(left, seconds) << rule;
  }
}

TEST(PhaseOf, ServesOnlyWhatRunsAndMayRun) {
  const std::tuple<const char*, const char*, TaskPhase> rows[] = {
      {"PROVISIONING", "RUNNING", TaskPhase::kStarting},
      {"PENDING", "RUNNING", TaskPhase::kStarting},
      {"ACTIVATING", "RUNNING", TaskPhase::kStarting},
      {"RUNNING", "RUNNING", TaskPhase::kServing},
      {"RUNNING", "STOPPED", TaskPhase::kEnding},
      {"PENDING", "STOPPED", TaskPhase::kEnding},
      {"DEACTIVATING", "STOPPED", TaskPhase::kEnding},
      {"STOPPING", "RUNNING", TaskPhase::kEnding},
      {"A_NEW_WORD", "RUNNING", TaskPhase::kStarting},
  };
  for (const auto& [last, desired, phase] : rows) {
    EXPECT_EQ(phase_of(make_task_status(last), make_task_status(desired)), phase) << last;
  }
}

}  // namespace
}  // namespace blox::scheduler
