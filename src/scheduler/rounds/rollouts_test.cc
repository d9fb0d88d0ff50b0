// Rollouts that do not go well: what is denied, dies early, or belongs to a store that was lost.
#include <gtest/gtest.h>

#include <algorithm>

#include "scheduler/rounds/rounds_for_tests.h"

namespace blox::scheduler {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

using RolloutsTest = RoundsTest;

TEST_F(RolloutsTest, SaysWhatAllInstancesWaitFor) {
  cluster_.start_fault = Error{ErrorKind::kDenied, "ExpiredTokenException: no credentials"};
  add_instances(2);
  deploy("one", "logs:1");
  loop_.run_for(minutes{1});
  for (const auto& line : process_->board.environments.at(kUid).instances) {
    EXPECT_EQ(line.state, "waiting");
    EXPECT_EQ(line.reason,
              "no task there; waits: starts pause: ExpiredTokenException: no credentials");
  }
  EXPECT_EQ(status_of("one"), DeploymentStatus::kPending) << "no instance has failed";
  EXPECT_LT(cluster_.start_calls, 10);
  cluster_.start_fault.reset();
  EXPECT_TRUE(runs_everywhere("logs:1"));
  loop_.run_for(seconds{13});
  EXPECT_EQ(status_of("one"), DeploymentStatus::kCompleted);
}

// A role that we may not pass: the deployment ends and says so, and goes on when it is mended.
TEST_F(RolloutsTest, ADeniedDeploymentEndsWithTheDenial) {
  cluster_.start_fault = Error{ErrorKind::kDenied, "AccessDeniedException: iam:PassRole"};
  add_instances(25);
  deploy("one", "logs:1");
  loop_.run_for(seconds{10});
  EXPECT_EQ(status_of("one"), DeploymentStatus::kCompleted);
  const Deployment& one = records().deployments.at(DeploymentId{"one"});
  EXPECT_EQ(one.failed_instances.size(), 25U);
  EXPECT_TRUE(one.reason.starts_with("25 instances are left out, first ")) << one.reason;
  EXPECT_TRUE(one.reason.ends_with("AccessDeniedException: iam:PassRole")) << one.reason;
  for (const auto& line : process_->board.environments.at(kUid).instances) {
    EXPECT_NE(line.reason.find("failed starts: AccessDeniedException: iam:PassRole"),
              std::string::npos)
        << line.reason;
  }
  loop_.run_for(minutes{1});
  EXPECT_LT(cluster_.start_calls, 12) << "one call tells it of all";
  cluster_.start_fault.reset();
  EXPECT_TRUE(runs_everywhere("logs:1"));
  loop_.run_for(seconds{13});
  EXPECT_TRUE(records().deployments.at(DeploymentId{"one"}).failed_instances.empty());
  EXPECT_EQ(records().deployments.at(DeploymentId{"one"}).reason, "");
}

// A process that is new knows of no refusals; what an earlier one has written of them must not
// outlive them.
TEST_F(RolloutsTest, TellsOfThoseWhoAreLeftOutNow) {
  refuse_nothing();
  min_healthy_ = seconds{0};  // One that runs has served.
  add_instances(3);
  cluster_.refused_on = {"i100", "i101"};
  deploy("one", "logs:1");
  loop_.run_for(minutes{1});
  const auto reason = [&] { return records().deployments.at(DeploymentId{"one"}).reason; };
  EXPECT_TRUE(reason().starts_with("2 instances are left out, first i100: ")) << reason();
  const auto written = records().deployments.at(DeploymentId{"one"}).mod_revision;
  loop_.run_for(minutes{10});
  EXPECT_EQ(records().deployments.at(DeploymentId{"one"}).mod_revision, written)
      << "more of the same is no news";
  cluster_.refused_on = {"i101"};
  ASSERT_TRUE(
      loop_.run_while_not([&] { return cluster_.running_count("logs:1") == 2; }, minutes{10}));
  crash();  // Before anybody has seen it run.
  loop_.run_for(seconds{1});
  EXPECT_EQ(reason(), "1 instance is left out");
  loop_.run_for(minutes{1});
  EXPECT_TRUE(reason().starts_with("1 instance is left out, first i101: ")) << reason();
  cluster_.refused_on.clear();
  EXPECT_TRUE(runs_everywhere("logs:1"));
  loop_.run_for(seconds{13});
  EXPECT_EQ(reason(), "");
}

// What runs stays, as nothing could take its place.
TEST_F(RolloutsTest, ADeniedRevisionTakesNoMoreThanTheFirstTask) {
  add_instances(6);
  deploy("one", "logs:1");
  ASSERT_TRUE(runs_everywhere("logs:1"));
  loop_.run_for(seconds{20});
  cluster_.start_fault = Error{ErrorKind::kDenied, "AccessDeniedException: iam:PassRole"};
  deploy("two", "logs:2");
  loop_.run_for(minutes{10});
  EXPECT_EQ(cluster_.running_count("logs:1"), 5U);
  EXPECT_NE(status_of("two"), DeploymentStatus::kRunning) << "it has ended";
  EXPECT_EQ(records().deployments.at(DeploymentId{"two"}).failed_instances.size(), 6U);
  cluster_.start_fault.reset();
  deploy("three", "logs:2");
  EXPECT_TRUE(runs_everywhere("logs:2"));
}

// The stop of what runs may be denied as well: nothing is lost by it, and nobody waits for ever.
TEST_F(RolloutsTest, ADeniedStopEndsTheDeploymentWithTheDenial) {
  refuse_nothing();
  add_instances(4);
  deploy("one", "logs:1");
  ASSERT_TRUE(runs_everywhere("logs:1"));
  loop_.run_for(seconds{20});
  cluster_.stop_fault = Error{ErrorKind::kDenied, "AccessDeniedException: ecs:StopTask"};
  deploy("two", "logs:2");
  loop_.run_for(seconds{1});
  EXPECT_EQ(status_of("two"), DeploymentStatus::kRunning);
  const auto& line = process_->board.environments.at(kUid).instances.front();
  EXPECT_TRUE(line.reason.ends_with("AccessDeniedException: ecs:StopTask")) << line.reason;
  loop_.run_for(minutes{1});
  const auto& two = records().deployments.at(DeploymentId{"two"});
  EXPECT_EQ(two.status, DeploymentStatus::kFailed);
  EXPECT_EQ(two.failed_instances.size(), 1U);
  EXPECT_TRUE(two.reason.ends_with("AccessDeniedException: ecs:StopTask")) << two.reason;
  EXPECT_EQ(cluster_.running_count("logs:1"), 4U);
  EXPECT_TRUE(records().intents.empty()) << "the stop is taken back";
  cluster_.stop_fault.reset();
  deploy("three", "logs:2");
  EXPECT_TRUE(runs_everywhere("logs:2"));
  loop_.run_for(seconds{13});
  EXPECT_EQ(status_of("three"), DeploymentStatus::kCompleted);
}

// Of another Blox, say: what was started beside a start of ours, where a drain had emptied.
TEST_F(RolloutsTest, ATaskOfOthersWhereWeEmptiedHoldsNoOtherUp) {
  add_instances(4);
  deploy("one", "logs:1");
  ASSERT_TRUE(runs_everywhere("logs:1"));
  loop_.run_for(seconds{20});
  cluster_.put_instance("i100", "DRAINING");
  loop_.run_for(seconds{20});
  EXPECT_EQ(cluster_.running_count("logs:1"), 3U);
  cluster_.put_foreign("i100", "blox:logs");
  cluster_.put_instance("i100", "ACTIVE");
  loop_.run_for(seconds{5});
  EXPECT_EQ(records().emptied.size(), 1U);
  deploy("two", "logs:2");
  loop_.run_for(minutes{3});
  EXPECT_EQ(cluster_.running_count("logs:2"), 3U);
  const auto& two = records().deployments.at(DeploymentId{"two"});
  EXPECT_EQ(two.status, DeploymentStatus::kCompleted);
  EXPECT_EQ(two.failed_instances, std::vector{ContainerInstanceArn{"i100"}});
  const auto& line = process_->board.environments.at(kUid).instances.front();
  EXPECT_EQ(line.state, "blocked");
}

// Who goes back in a hurry does not wait for what the bad revision has just begun.
TEST_F(RolloutsTest, ARollbackReplacesAtOnceWhatHoldsAPlace) {
  add_instances(4);
  deploy("one", "logs:1");
  ASSERT_TRUE(runs_everywhere("logs:1"));
  loop_.run_for(minutes{11});
  min_healthy_ = minutes{5};
  deploy("two", "logs:2");
  loop_.run_for(seconds{20});
  EXPECT_EQ(cluster_.running_count("logs:2"), 1U);
  deploy("back", "logs:1");
  loop_.run_for(seconds{20});
  EXPECT_EQ(cluster_.running_count("logs:1"), 4U);
}

// 40 instances and a revision that dies: it must not take them all.
TEST_F(RolloutsTest, ARevisionThatDiesEarlyEndsAsFailed) {
  // Those that live for longer than minHealthy let a wave or some follow.
  const std::pair<Duration, std::size_t> rows[] = {
      {seconds{5}, 4}, {seconds{20}, 8}, {seconds{45}, 16}};
  for (const auto& [life, taken_max] : rows) {
    SCOPED_TRACE(format_duration(life));
    names_.clear();
    disk_ = store::make_memory_disk(5);
    process_.reset();
    TinyCluster cluster{loop_};
    boot(cluster);
    for (int i = 0; i < 40; ++i) cluster.put_instance("i" + std::to_string(100 + i));
    max_unavailable_ = MaxUnavailable{10, true};
    deploy("one", "logs:1");
    EXPECT_TRUE(
        loop_.run_while_not([&] { return cluster.running_count("logs:1") == 40; }, minutes{5}));
    loop_.run_for(minutes{11});
    cluster.life_of["logs:2"] = life;
    deploy("two", "logs:2");
    loop_.run_for(minutes{15});
    EXPECT_EQ(status_of("two"), DeploymentStatus::kFailed);
    EXPECT_NE(records().deployments.at(DeploymentId{"two"}).reason.find("ended by itself"),
              std::string::npos)
        << records().deployments.at(DeploymentId{"two"}).reason;
    EXPECT_GE(cluster.running_count("logs:1"), 40U - taken_max) << "10 % of 40 are 4";
    deploy("three", "logs:1");
    EXPECT_TRUE(
        loop_.run_while_not([&] { return cluster.running_count("logs:1") == 40; }, minutes{20}));
    loop_.run_for(seconds{13});
    EXPECT_EQ(status_of("three"), DeploymentStatus::kCompleted);
    process_.reset();
  }
}

// A disk that breaks days later tells nothing of the revision.
TEST_F(RolloutsTest, WhatWasCompletedWholeStaysSo) {
  add_instances(3);
  deploy("one", "logs:1");
  ASSERT_TRUE(runs_everywhere("logs:1"));
  deploy("two", "logs:2");
  ASSERT_TRUE(runs_everywhere("logs:2"));
  loop_.run_for(minutes{11});
  ASSERT_EQ(status_of("two"), DeploymentStatus::kCompleted);
  cluster_.life_of["logs:2"] = seconds{2};
  const auto& tasks = process_->mirror.tasks();
  const auto live = std::ranges::find_if_not(
      tasks, [](const auto& entry) { return entry.second.object.last_status.is_final(); });
  ASSERT_NE(live, tasks.end());
  cluster_.end_task(live->first);
  loop_.run_for(minutes{11});
  const Deployment& two = records().deployments.at(DeploymentId{"two"});
  EXPECT_EQ(two.failed_instances.size(), 1U);
  EXPECT_EQ(two.status, DeploymentStatus::kCompleted) << two.reason;
}

TEST_F(RolloutsTest, GoesOnAsItsTasksGetHealthy) {
  add_instances(4);
  deploy("one", "logs:1");
  ASSERT_TRUE(runs_everywhere("logs:1"));
  loop_.run_for(minutes{11});
  cluster_.set_health("logs:2", "UNKNOWN");
  deploy("two", "logs:2");
  loop_.run_for(minutes{2});
  EXPECT_EQ(cluster_.running_count("logs:2"), 1U);
  crash();
  loop_.run_for(minutes{2});
  EXPECT_EQ(cluster_.running_count("logs:1"), 3U) << "its place is kept, whoever looks";
  const auto& lines = process_->board.environments.at(kUid).instances;
  EXPECT_EQ(std::ranges::count(lines, "runs the wanted task, which is not known to be HEALTHY yet",
                               &InstanceStatusLine::reason),
            1);
  cluster_.set_health("logs:2", "HEALTHY");
  loop_.run_for(seconds{30});
  EXPECT_GE(cluster_.running_count("logs:2"), 2U);
  EXPECT_TRUE(runs_everywhere("logs:2"));
  loop_.run_for(seconds{23});
  EXPECT_EQ(status_of("two"), DeploymentStatus::kCompleted);
  EXPECT_TRUE(records().emptied.empty());
}

// And whoever goes back from it has its tasks replaced, in the places that they hold.
TEST_F(RolloutsTest, AHealthCheckThatNeverPassesEndsTheRollout) {
  const std::pair<const char*, const char*> rows[] = {{"UNKNOWN", "has said nothing for 10 min"},
                                                      {"UNHEALTHY", "is UNHEALTHY for 10 min"}};
  add_instances(4);
  int number = 0;
  for (const auto& [word, reason] : rows) {
    const std::string back = "back-" + std::to_string(number);
    const std::string bad = "bad-" + std::to_string(number++);
    deploy(back, "logs:1");
    ASSERT_TRUE(runs_everywhere("logs:1")) << word;
    loop_.run_for(minutes{11});
    EXPECT_EQ(status_of(back), DeploymentStatus::kCompleted);
    cluster_.set_health("logs:2", word);
    deploy(bad, "logs:2");
    loop_.run_for(minutes{9});
    EXPECT_EQ(status_of(bad), DeploymentStatus::kRunning);
    loop_.run_for(minutes{3});
    EXPECT_EQ(status_of(bad), DeploymentStatus::kFailed);
    const auto& record = records().deployments.at(DeploymentId{bad});
    EXPECT_NE(record.reason.find(reason), std::string::npos) << record.reason;
    EXPECT_EQ(record.failed_instances.size(), 1U);
    EXPECT_EQ(cluster_.running_count("logs:1"), 3U);
  }
  deploy("back", "logs:1");
  EXPECT_TRUE(runs_everywhere("logs:1"));
}

TEST_F(RolloutsTest, AFirstDeploymentIsCompletedOnceItsTasksAreHealthy) {
  cluster_.set_health("logs:1", "UNKNOWN");
  add_instances(2);
  deploy("one", "logs:1");
  loop_.run_for(minutes{5});
  EXPECT_EQ(status_of("one"), DeploymentStatus::kRunning);
  cluster_.set_health("logs:1", "HEALTHY");
  loop_.run_for(seconds{13});
  EXPECT_EQ(status_of("one"), DeploymentStatus::kCompleted);
}

// The scheduler's store is lost, and its environments are created again: their tasks are there, and
// nobody knows who started them.
TEST_F(RolloutsTest, ALostStoreIsMadeGoodByAdopting) {
  constexpr std::size_t kCount = 200;
  add_instances(kCount);
  deploy("one", "logs:1");
  ASSERT_TRUE(runs_everywhere("logs:1"));
  loop_.run_for(minutes{11});
  const int starts = cluster_.start_calls;
  process_.reset();
  disk_ = store::make_memory_disk(6);
  uid_ = EnvironmentUid{"uid-2"};
  boot(cluster_);
  deploy("two", "logs:1");
  loop_.run_for(minutes{1});
  const auto count_state = [&](std::string_view state) {
    return std::ranges::count(process_->board.environments.at(uid_).instances, state,
                              &InstanceStatusLine::state);
  };
  EXPECT_EQ(count_state("blocked"), 200);
  EXPECT_EQ(status_of("two"), DeploymentStatus::kCompleted);
  EXPECT_EQ(records().deployments.at(DeploymentId{"two"}).failed_instances.size(), kCount);

  const auto planned = adopt(/*dry_run=*/true);
  EXPECT_EQ(planned.size(), kCount);
  EXPECT_EQ(records().deployments.size(), 1U) << "nothing is done";
  for (const auto& adoption : adopt(/*dry_run=*/false)) EXPECT_EQ(adoption.why_not, "");
  EXPECT_EQ(records().deployments.size(), 2U);
  loop_.run_for(seconds{30});
  EXPECT_EQ(count_state("serving"), 200);
  EXPECT_TRUE(records().deployments.at(DeploymentId{"two"}).failed_instances.empty());
  EXPECT_EQ(cluster_.start_calls, starts) << "none is stopped or started";
  crash();
  loop_.run_for(seconds{30});
  EXPECT_EQ(count_state("serving"), 200) << "that they are ours is durable";

  max_unavailable_ = MaxUnavailable{10, true};
  deploy("three", "logs:2");
  EXPECT_TRUE(runs_everywhere("logs:2"));
  EXPECT_EQ(cluster_.most_live, 1U);
}

// A bad revision overnight: its budget stays spent, whoever looks at it in the morning.
TEST_F(RolloutsTest, ARestartAfterHoursEmptiesNoMoreInstances) {
  add_instances(4);
  deploy("one", "logs:1");
  EXPECT_TRUE(runs_everywhere("logs:1"));
  loop_.run_for(minutes{2});
  cluster_.start_fault = Error{ErrorKind::kInvalid, "no such image"};
  deploy("two", "logs:2");
  for (int life = 0; life < 3; ++life) {
    loop_.run_for(minutes{30});
    EXPECT_EQ(cluster_.running_count("logs:1"), 3U);
    EXPECT_EQ(records().emptied.size(), 1U);
    crash(true);
  }
  EXPECT_EQ(status_of("two"), DeploymentStatus::kFailed);
  cluster_.start_fault.reset();
  deploy("three", "logs:2");
  EXPECT_TRUE(runs_everywhere("logs:2"));
  loop_.run_for(minutes{1});
  EXPECT_TRUE(records().emptied.empty());
}

}  // namespace
}  // namespace blox::scheduler
