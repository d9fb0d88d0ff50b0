// What only the past can tell: since when, failed starts, early deaths.
#include "scheduler/observe/recall.h"

#include <gtest/gtest.h>

#include "scheduler/observe/observer_for_tests.h"

namespace blox::scheduler {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

using RecallTest = ObserverTest;

TEST_F(RecallTest, CountsFailuresInARow) {
  struct Death {
    int served_seconds;
    int ago_seconds;
    const char* reason;
  };
  const std::tuple<const char*, std::vector<Death>, int> rows[] = {
      {"none", {}, 0},
      {"short lives count", {{3, 30, "x"}, {59, 20, "x"}, {0, 10, "x"}}, 3},
      {"a long one ends the row", {{3, 30, "x"}, {60, 20, "x"}, {3, 10, "x"}}, 1},
      {"and is none itself", {{3, 30, "x"}, {60, 20, "x"}}, 0},
      {"what we stopped did not fail", {{3, 30, "x"}, {3, 20, "blox: outdated"}}, 0},
  };
  for (const auto& [rule, deaths, count] : rows) {
    tasks_.clear();
    for (const auto& death : deaths) {
      add_ended("t" + std::to_string(death.ago_seconds), seconds{death.served_seconds},
                seconds{death.ago_seconds}, death.reason);
    }
    EXPECT_EQ(observe_a().failures.count, count) << rule;
  }
}

TEST_F(RecallTest, RemembersSinceWhenOthersAreThere) {
  EXPECT_FALSE(observe_a().held_up_since);
  add_task("x", "unknown");
  const TimePoint since = now_;
  EXPECT_EQ(observe_a().held_up_since, since);
  now_ += minutes{1};
  EXPECT_EQ(observe_a().held_up_since, since);
  tasks_.clear();
  EXPECT_FALSE(observe_a().held_up_since);
}

// Whether or not the picture ever shows the task: or a crash loop would go on without a wait.
TEST_F(RecallTest, CountsDeathsThatOnlyDescribeToldOf) {
  add_outcome("t");
  note_end("t", seconds{3});
  EXPECT_EQ(observe_a().failures.count, 1);
  EXPECT_EQ(observe_a().failures.last_at, now_);
  EXPECT_EQ(observe_a().failures.reason, "Essential container exited");
  add_task("t", "new");  // Its last event is lost.
  EXPECT_EQ(observe_a().failures.count, 1);
  EXPECT_TRUE(observe_a().tasks.empty());
  note_end("t", seconds{60});
  EXPECT_EQ(observe_a().failures.count, 0) << "it served for long";
  note_end("t", seconds{60}, "blox: its task is outdated");
  EXPECT_TRUE(observe_a().emptied_by_us);
}

// A death after a minute is no failed start, but one within ten is early.
TEST_F(RecallTest, RemembersAnEarlyDeathUntilATaskServesForLong) {
  EXPECT_FALSE(observe_a().early_death);
  add_ended("t", minutes{10}, seconds{40});
  EXPECT_FALSE(observe_a().early_death) << "it served for long";
  add_ended("u", seconds{0}, seconds{35}).started_at.clear();
  EXPECT_FALSE(observe_a().early_death) << "it never served";
  add_ended("v", seconds{599}, seconds{30});
  EXPECT_EQ(observe_a().failures.count, 0);
  ASSERT_TRUE(observe_a().early_death);
  EXPECT_EQ(observe_a().early_death->reason,
            "task v ended by itself 599 s after its start: Essential container exited");
  tasks_.clear();
  EXPECT_TRUE(observe_a().early_death) << "also when the trace is gone";
  add_task("w", "new").created_at = format_time(kDate + minutes{1});
  EXPECT_TRUE(observe_a().early_death) << "its heir is young";
  now_ += seconds{599};
  EXPECT_TRUE(observe_a().early_death);
  now_ += seconds{1};
  EXPECT_FALSE(observe_a().early_death);
  now_ += seconds{1};
  EXPECT_FALSE(observe_a().early_death);
}

TEST_F(RecallTest, AnEarlyDeathIsOfItsDeploymentAndOfItsOwn) {
  add_ended("t", seconds{20}, seconds{30}, "blox: its task is outdated");
  EXPECT_FALSE(observe_a().early_death) << "it was our stop";
  add_ended("u", seconds{20}, seconds{20}).started_by = "old";
  EXPECT_FALSE(observe_a().early_death);
  add_ended("v", seconds{20}, seconds{10});
  EXPECT_TRUE(observe_a().early_death);
  changed_a().agent_connected = false;
  EXPECT_TRUE(observe_a().early_death);
  changed_a().agent_connected = true;
  EXPECT_TRUE(observe_a().early_death) << "agents come and go";
  EXPECT_EQ(observe_a().failures.count, 0) << "the wait is over, the place is not given back";
  records_.environments[kUid].deployment = DeploymentId{"old"};
  tasks_.erase(TaskArn{"u"});
  EXPECT_FALSE(observe_a().early_death) << "another deployment is in force";
}

// This process may be younger than the task that proves itself.
TEST_F(RecallTest, ATaskThatWasMadeLongAgoProvesItselfAtOnce) {
  add_ended("t", seconds{20}, minutes{30});
  add_task("u", "new").started_at = format_time(kDate - minutes{19});
  EXPECT_TRUE(observe_a().early_death);
  tasks_.erase(TaskArn{"u"});
  add_task("v", "new").started_at = format_time(kDate - minutes{20} - seconds{3});
  EXPECT_FALSE(observe_a().early_death);
}

TEST_F(RecallTest, WhatAPersonStopsHasNotDiedEarly) {
  add_ended("t", seconds{20}, seconds{10}, "Task stopped by user");
  EXPECT_FALSE(observe_a().early_death);
  Task& with_reason = add_ended("u", seconds{20}, seconds{9}, "it has to read the new token");
  EXPECT_TRUE(observe_a().early_death);
  with_reason.stop_code = "UserInitiated";
  now_ += minutes{1};
  EXPECT_EQ(observe_a().failures.count, 2) << "a start that came to nothing it is";
}

// It is no early death, and yet no start goes out after the other without a wait.
TEST_F(RecallTest, WhatAPersonStopsAgainAndAgainWaits) {
  for (const auto& [task, ago] : {std::pair{"t", 30}, {"u", 20}, {"v", 10}}) {
    add_ended(task, seconds{5}, seconds{ago}, "it has no place here").stop_code = "UserInitiated";
  }
  const auto seen = observe_a();
  EXPECT_EQ(seen.failures.count, 3);
  EXPECT_EQ(seen.failures.reason, "it has no place here");
  EXPECT_FALSE(seen.early_death);
}

// Whoever ends the task that proved itself since.
TEST_F(RecallTest, AnEarlyDeathThatWasMadeGoodStaysSo) {
  add_ended("t", seconds{20}, minutes{60});
  Task& heir = add_ended("u", minutes{50}, seconds{10});
  for (const auto& [code, reason] :
       {std::pair{"UserInitiated", "it has to read the new token"},
        {"TerminationNotice", "its host was stopped"},
        {"UserInitiated", "blox: drains, and all other tasks are gone"}}) {
    heir.stop_code = code;
    heir.stopped_reason = reason;
    EXPECT_FALSE(observe_a().early_death) << reason;
  }
}

TEST_F(RecallTest, ATimeThatCannotBeProvesNothing) {
  for (const char* time : {"0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"}) {
    tasks_.clear();
    add_task("t", "new").started_at = time;
    const auto seen = observe_a();
    EXPECT_EQ(seen.tasks.front().phase_since, now_) << time;
    tasks_.clear();
    Task& ended = add_ended("u", seconds{20}, seconds{10});
    ended.started_at = time;
    EXPECT_EQ(observe_a().failures.count, 1) << time;
    ended.started_at = format_time(kDate);
    ended.stopped_at = time;
    EXPECT_FALSE(observe_a().emptied_by_us) << time;
    now_ += minutes{1};
  }
}

TEST_F(RecallTest, ALongMinHealthyMakesDeathsEarlyForLonger) {
  records_.environments[kUid].rollout.min_healthy = minutes{30};
  add_ended("s", minutes{60}, minutes{25}, "blox: its task is outdated");
  add_ended("t", minutes{20}, seconds{10});
  EXPECT_TRUE(observe_a().early_death);
  EXPECT_TRUE(observe_a().emptied_by_us) << "it has not served for long enough since";
}

// It was proven before: a moment of UNHEALTHY empties nothing.
TEST_F(RecallTest, AnIllTaskIsNoStopOfOurs) {
  add_ended("t", minutes{60}, seconds{30}, "blox: its task is outdated");
  Task& heir = add_task("u", "new");
  EXPECT_TRUE(observe_a().emptied_by_us);
  now_ += seconds{10};
  EXPECT_FALSE(observe_a().emptied_by_us);
  heir.health_status = "UNHEALTHY";
  now_ += minutes{11};
  EXPECT_FALSE(observe_a().emptied_by_us);
  EXPECT_EQ(observe_a().tasks[0].unhealthy_since, now_) << "not since it runs";
  now_ += minutes{1};
  EXPECT_EQ(observe_a().tasks[0].unhealthy_since, now_ - minutes{1});
  heir.health_status = "HEALTHY";
  EXPECT_FALSE(observe_a().tasks[0].unhealthy_since);
}

TEST_F(RecallTest, KnowsSinceWhenATaskIsInItsPhase) {
  Task& task = add_task("t", "new", "PENDING");
  const TimePoint begun = now_;
  EXPECT_EQ(observe_a().tasks[0].phase_since, begun);
  now_ += seconds{5};
  EXPECT_EQ(observe_a().tasks[0].phase_since, begun);
  task.last_status = make_task_status("RUNNING");
  EXPECT_EQ(observe_a().tasks[0].phase_since, now_);
  const TimePoint running = now_;
  now_ += seconds{5};
  add_task("u", "new");
  EXPECT_EQ(observe_a().tasks[0].phase_since, running);
  EXPECT_EQ(observe_a().tasks[1].phase_since, now_);
}

TEST_F(RecallTest, ADenialIsAFailedStartOnEveryInstance) {
  add_instance("b");
  memory_.note_denial("new", now_ - seconds{1}, now_, "AccessDenied");
  memory_.note_denial("new", now_ - seconds{1}, now_, "AccessDenied");
  const World world = observe();
  for (const auto& instance : world.instances) {
    EXPECT_EQ(instance.failures.count, 1) << "calls that are denied together count once";
    EXPECT_TRUE(instance.failures.refused);
    EXPECT_EQ(instance.failures.reason, "AccessDenied");
  }
  memory_.note_denial("new", now_ + seconds{1}, now_ + seconds{2}, "AccessDenied");
  EXPECT_EQ(observe_a().failures.count, 2);
  EXPECT_EQ(observe_a().failures.last_at, now_ + seconds{2});
  now_ += minutes{10};
  EXPECT_EQ(observe_a().failures.count, 2);
  now_ += seconds{3};
  EXPECT_EQ(observe_a().failures.count, 0) << "nobody tries it any more";
  memory_.note_denial("new", now_, now_, "AccessDenied");
  EXPECT_EQ(observe_a().failures.count, 1) << "and those of before are forgotten";
  records_.environments[kUid].deployment = DeploymentId{"old"};
  EXPECT_EQ(observe_a().failures.count, 0);
  EXPECT_TRUE(memory_.denials.empty()) << "it is not in force any more";
}

TEST_F(RecallTest, TheWaitStartsWhenTheDeathIsSeen) {
  add_ended("t", seconds{3}, seconds{10});
  const TimePoint first_seen = now_;
  EXPECT_EQ(observe_a().failures.last_at, first_seen);
  now_ += seconds{5};
  EXPECT_EQ(observe_a().failures.last_at, first_seen);
  add_ended("u", seconds{3}, seconds{1});
  EXPECT_EQ(observe_a().failures.last_at, now_);
}

TEST_F(RecallTest, AChangeOfTheInstanceForgivesFailures) {
  add_ended("t", seconds{3}, seconds{10});
  EXPECT_EQ(observe_a().failures.count, 1);
  changed_a().remaining_resources = {{"MEMORY", "INTEGER", "9"}};
  EXPECT_EQ(observe_a().failures.count, 1) << "our own failing tasks change those";
  changed_a().registered_resources = {{"MEMORY", "INTEGER", "99"}};
  EXPECT_EQ(observe_a().failures.count, 0);
  add_ended("u", seconds{3}, seconds{5});
  EXPECT_EQ(observe_a().failures.count, 1);
}

TEST_F(RecallTest, RefusalsCountUntilResourcesOrTheDeploymentChange) {
  const RefusalKey key{kUid.value, ContainerInstanceArn{"a"}};
  changed_a().remaining_resources = {{"MEMORY", "INTEGER", "9"}};
  memory_.note_refusal(key, "new", now_, "RESOURCE:MEMORY");
  memory_.note_refusal(key, "new", now_ + seconds{1}, "RESOURCE:PORTS");
  EXPECT_EQ(observe_a().failures.count, 2);
  EXPECT_EQ(observe_a().failures.reason, "RESOURCE:PORTS");
  changed_a().remaining_resources = {{"MEMORY", "INTEGER", "10"}};
  EXPECT_EQ(observe_a().failures.count, 0);
  memory_.note_refusal(key, "old", now_, "RESOURCE:MEMORY");
  EXPECT_EQ(observe_a().failures.count, 0);
}

TEST_F(RecallTest, KnowsSinceWhenThingsAreSo) {
  auto& a = instances_.begin()->second.object;
  const TimePoint begun = now_;
  EXPECT_EQ(observe_a().unserved_since, begun);
  a.status = make_instance_status("DRAINING");
  now_ += seconds{10};
  EXPECT_EQ(observe_a().draining_since, now_);
  EXPECT_FALSE(observe_a().unserved_since.has_value());
  a.agent_connected = false;
  now_ += seconds{10};
  EXPECT_EQ(observe_a().disconnected_since, now_);
  EXPECT_EQ(observe_a().draining_since, begun + seconds{10});
  a.status = make_instance_status("ACTIVE");
  a.agent_connected = true;
  add_task("t", "new");
  EXPECT_FALSE(observe_a().draining_since.has_value());
  EXPECT_FALSE(observe_a().disconnected_since.has_value());
  EXPECT_FALSE(observe_a().unserved_since.has_value());
}

TEST_F(RecallTest, NothingOlderMakesAnEarlyDeathGood) {
  Task& old = add_task("old", "new");
  old.started_at = format_time(kDate - minutes{30});
  const Task hidden = old;
  tasks_.clear();
  add_task("another", "old", "STOPPED");
  add_ended("t", seconds{20}, seconds{10});
  EXPECT_TRUE(observe_a().early_death);
  tasks_[hidden.arn].object = hidden;
  const TimePoint seen = now_;
  EXPECT_TRUE(observe_a().early_death);
  now_ += minutes{30};
  ASSERT_TRUE(observe_a().early_death);
  EXPECT_EQ(observe_a().early_death->outlived_since, seen);
  tasks_.erase(hidden.arn);
  add_task("heir", "new").created_at = format_time(kDate + minutes{1});
  EXPECT_FALSE(observe_a().early_death->outlived_since) << "it may make it good";
}

TEST_F(RecallTest, AnEarlyDeathIsMadeGoodByAHealthyTask) {
  add_ended("t", seconds{20}, seconds{10});
  Task& heir = add_task("u", "new");
  heir.health_status = "UNHEALTHY";
  EXPECT_TRUE(observe_a().early_death);
  now_ += minutes{10};
  EXPECT_TRUE(observe_a().early_death);
  heir.health_status = "HEALTHY";
  EXPECT_FALSE(observe_a().early_death);
}

}  // namespace
}  // namespace blox::scheduler
