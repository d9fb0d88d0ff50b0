// What a plan says in words: of each instance, of the deployment and of the environment's health.
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "scheduler/plan/daemon_plan.h"
#include "scheduler/plan/plan_text.h"

namespace blox::scheduler {
namespace {

TEST(PlanDaemonLines, SayWhatIsAndWhy) {
  const std::tuple<const char*, const char*, const char*> rows[] = {
      {"", "a: t/new", "serving: runs the wanted task"},
      {"", "a: t/new?", "starting: its task is on its way up"},
      {"", "a: t/new!", "stopping: waits for its task to stop"},
      {"", "a:", "starting: no task there"},
      {"", "a: +start", "starting: a start is under way: test"},
      {"", "a: +stop=t t/old", "stopping: a stop is under way: test"},
      {"", "a: +stop=t t/new",
       "stopping: a stop that is not wanted any more may be under way: test"},
      {"", "a(failed=1/400ms):", "waiting: waits 1 s after 1 failed start: RESOURCE:MEMORY"},
      {"", "a(failed=9/0s):", "waiting: waits 5 min after 9 failed starts: RESOURCE:MEMORY"},
      {"",
       "a(failed=1/1s):", "starting: no task there; again after 1 failed start: RESOURCE:MEMORY"},
      {"", "a: #t",
       "blocked: task t has our group, but no deployment of this environment started it: waits "
       "until it ends, is adopted (blox environments adopt) or somebody stops it (aws ecs "
       "stop-task)"},
      {"", "a: ##t",
       "blocked: waits for task t of the environment of this name that is being deleted"},
      {"", "a: #x t/old",
       "blocked: its task is outdated; task x has our group, but no deployment of this environment "
       "started it: waits until it ends, is adopted (blox environments adopt) or somebody stops it "
       "(aws ecs stop-task)"},
      {"", "a(refused=2/1s): t/old",
       "blocked: its task is outdated; ECS refused 2 starts of the wanted one, so it stays: "
       "RESOURCE:MEMORY"},
      {"", "a(died): t/new",
       "serving: runs the wanted task, which died early before: it ended after 5 s"},
      {"", "a: t/new?@11m", "starting: task t is on its way up for 11 min"},
      {"", "a: t/new u/new!@11m", "serving: task u is on its way down for 11 min"},
      {"", "a: t/new!@11m",
       "stopping: waits for its task to stop: task t is on its way down for 11 min"},
      {"failing", "a: t/old",
       "serving: keeps the task of an earlier deployment, as the newest has failed"},
      {"",
       "a(heir):", "blocked: waits for a start of the environment of this name that was deleted"},
      {"undeployed", "a:", "waiting: nothing is deployed yet"},
      {"moved", "a: t/old",
       "waiting: its task is outdated; waits until the cluster is read from ECS, as the store of "
       "the cluster state was opened anew"},
      {"", "a(draining=1m,others=2): t/new",
       "serving: drains: serves until 2 other tasks are gone, 14 min at most"},
      {"", "a(draining=1m): t/new", "stopping: drains, and all other tasks are gone"},
      {"", "a(draining=15m,others=1): t/new",
       "stopping: drains for 15 min already; 1 other task will not wait longer"},
      {"", "a(draining=1m):", "skipped: drains: nothing is started there"},
      {"", "a(off=1m): t/new", "skipped: its agent is disconnected, so its tasks are unknown"},
      {"", "a(gone): t/new", "skipped: a newer registration of the same machine is connected"},
      {"", "a: t/old b:",
       "waiting: its task is outdated; waits: 1 of 2 instances are without proven "
       "service, 1 may be"},
      {"", "a: t/old b(off=1s):",
       "waiting: its task is outdated; waits: too many instances are disconnected at once"},
      {"unsynced",
       "a:", "waiting: nothing is decided: the cluster state was never compared with ECS"},
      {"synced=2h",
       "a:", "waiting: nothing is decided: the cluster state is 120 min old, more than 60 min"},
      {"deleting", "a: t/new", "skipped: its environment is deleted and its task is left alone"},
      {"running", "a: t/new~",
       "serving: runs the wanted task, which its health check calls UNHEALTHY"},
      {"running", "a: t/new^",
       "serving: runs the wanted task, which is not known to be HEALTHY yet"},
      {"", "a: t/new^", "serving: runs the wanted task"},
      {"running", "a: t/new^@11m",
       "serving: the health check of task t has said nothing for 11 min"},
  };
  for (const auto& [settings, world, line] : rows) {
    EXPECT_EQ(first_line_text(plan_daemon(world_from_text(world, settings))), line) << world;
  }
}

TEST(PlanDaemonReason, SaysWhyInstancesWereLeftOut) {
  const std::tuple<const char*, const char*, const char*> rows[] = {
      {"running", "a: t/new", ""},
      {"running", "a(failed=3/1s): b(failed=4/1s):",
       "2 instances are left out, first a: 3 starts failed: RESOURCE:MEMORY"},
      {"running", "a: t/new b(refused=3/1s): t/old",
       "1 instance is left out, first b: ECS refused 3 starts of the wanted one, so it stays: "
       "RESOURCE:MEMORY"},
      {"running", "a: #x",
       "1 instance is left out, first a: task x has our group, but no deployment of this "
       "environment started it: waits until it ends, is adopted (blox environments adopt) or "
       "somebody stops it (aws ecs stop-task)"},
      {"running", "a(held=10m): ##x",
       "1 instance is left out, first a: waits for task x of the environment of this name that is "
       "being deleted"},
      {"running", "a: t/new?@10m",
       "1 instance is left out, first a: task t is on its way up for 10 min"},
      {"running", "a: +stop=t.refused t/old",
       "1 instance is left out, first a: ECS refused 3 stops of task t: AccessDenied"},
      {"running",
       "a(unserved=10m):", "1 instance is left out, first a: no task runs there for 10 min"},
      {"listed=a running",
       "a: b(failed=3/1s):", "2 instances are left out, first b: 3 starts failed: RESOURCE:MEMORY"},
      {"listed=a running", "a: b: t/new", "1 instance is left out"},
      {"listed=a,b", "a: t/new b(failed=3/1s):",
       "1 instance is left out, first b: 3 starts failed: RESOURCE:MEMORY"},
      {"listed=a", "a: t/new", ""},
  };
  for (const auto& [settings, world, reason] : rows) {
    const Plan plan = plan_daemon(world_from_text(world, settings));
    ASSERT_TRUE(plan.deployment) << world;
    EXPECT_EQ(plan.deployment->status, RolloutStatus::kCompleted) << world;
    EXPECT_EQ(plan.deployment->reason, reason) << world;
  }
}

// What is written of those left out is true as long as it stands, and is written anew for no number
// that grows: each change is a write.
TEST(PlanDaemonReason, FollowsWhoIsLeftOut) {
  const std::string both = "2 instances are left out, first a: 3 starts failed: RESOURCE:MEMORY";
  const std::string one = "1 instance is left out, first a: 3 starts failed: RESOURCE:MEMORY";
  struct Row {
    const char* rule;
    std::string stored;
    const char* listed;
    const char* world;
    std::string reason;  // As it is stored then.
  };
  const Row rows[] = {
      {"one serves, and of the other nothing is known", both, "a,b",
       "a: t/new b:", "1 instance is left out"},
      {"what is known of it comes behind", "1 instance is left out", "b",
       "a: t/new b(failed=4/1s):",
       "1 instance is left out, first b: 4 starts failed: RESOURCE:MEMORY"},
      {"what a new process does not know stays true", both, "a,b", "a: b:", both},
      {"a wrong count does not", both, "a", "a:", "1 instance is left out"},
      {"nor does one who serves", "1 instance is left out, first b: x", "a", "a: b: t/new",
       "1 instance is left out"},
      {"a further failed start is no news", one, "a", "a(failed=12/1s):", one},
      {"nor is a minute more", "1 instance is left out, first a: no task runs there for 10 min",
       "a", "a(unserved=11m):", "1 instance is left out, first a: no task runs there for 10 min"},
      {"another cause is", one, "a",
       "a(unserved=11m):", "1 instance is left out, first a: no task runs there for 11 min"},
      {"another task is", "1 instance is left out, first a: task t1 is on its way up for 10 min",
       "a", "a: t2/new?@10m",
       "1 instance is left out, first a: task t2 is on its way up for 10 min"},
      {"another first one is", both, "a,b",
       "a: b(failed=3/1s):", "2 instances are left out, first b: 3 starts failed: RESOURCE:MEMORY"},
      {"what was written otherwise is written anew", "by hand", "a",
       "a:", "1 instance is left out"},
      {"and all goes with the last one", one, "a", "a: t/new", ""},
      {"even if that was seen before", one, "", "a: t/new", ""},
      {"what has failed says why it did", "2 instances are lost to it", "a,b",
       "a: t/new b:", "2 instances are lost to it"},
  };
  for (const auto& [rule, stored, listed, text, reason] : rows) {
    const bool has_failed = stored.contains("lost");
    World world = world_from_text(
        text, std::string{"listed="} + listed + (has_failed ? " failing deployed" : ""));
    world.desired.deployment->reason = stored;
    const Plan plan = plan_daemon(world);
    EXPECT_EQ(plan.deployment ? plan.deployment->reason : stored, reason) << rule;
    if (!plan.deployment) continue;
    world.desired.deployment->reason = plan.deployment->reason;
    world.desired.deployment->failed_instances = plan.deployment->failed_instances;
    EXPECT_FALSE(plan_daemon(world).deployment) << rule << ": once is enough";
  }
}

TEST(PlanDaemonHealth, NamesTheFirstThatIsIll) {
  const std::tuple<const char*, const char*, const char*> rows[] = {
      {"all serve", "a: t/new", ""},
      {"not for long", "a(unserved=299s): t/new?", ""},
      {"too long", "a(unserved=300s): t/new?", "a is without a running task for 5 min"},
      {"three failures", "a(failed=3/1s):", "the last 3 starts on a failed: RESOURCE:MEMORY"},
      {"two are two", "a(failed=3/1s): b(unserved=1h):",
       "the last 3 starts on a failed: RESOURCE:MEMORY (and 1 instance more)"},
      {"silent ones are not counted", "a(off=1h,unserved=1h):", ""},
      {"all are blocked", "a: ##t b(heir):",
       "a is blocked: waits for task t of the environment of this name that is being deleted (and "
       "1 "
       "instance more)"},
      {"one is not", "a: ##t b: u/new", ""},
  };
  for (const auto& [rule, world, reason] : rows) {
    const Plan plan = plan_daemon(world_from_text(world));
    EXPECT_EQ(plan.reason, reason) << rule;
    EXPECT_EQ(plan.healthy, plan.reason.empty()) << rule;
  }
}

TEST(PlanDaemonHealth, IsNotGivenToWhatCannotBeJudged) {
  for (const std::string settings : {"unloaded", "unsynced", "synced=2h"}) {
    const Plan plan = plan_daemon(world_from_text("a: t/new", settings));
    EXPECT_FALSE(plan.healthy) << settings;
    EXPECT_TRUE(plan.reason.starts_with("nothing is decided: ")) << plan.reason;
    EXPECT_TRUE(plan_daemon(world_from_text("a:", settings + " undeployed")).healthy) << settings;
  }
}

}  // namespace
}  // namespace blox::scheduler
