// The whole loop in virtual time: real mirror, planner, act and records, with crashes of the
// scheduler.
#include "scheduler/rounds/rounds.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "scheduler/rounds/rounds_for_tests.h"

namespace blox::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(RoundsTest, DeploysJoinsRepairsAndRollsOut) {
  refuse_nothing();
  add_instances(25);
  deploy("one", "logs:1");
  EXPECT_TRUE(runs_everywhere("logs:1"));
  EXPECT_LE(cluster_.start_calls, 4) << "ten instances share a call";
  loop_.run_for(seconds{9});
  EXPECT_EQ(status_of("one"), DeploymentStatus::kRunning) << "they have to serve for a while";
  loop_.run_for(seconds{2});
  EXPECT_EQ(status_of("one"), DeploymentStatus::kCompleted);
  EXPECT_TRUE(process_->board.environments.at(kUid).healthy);
  EXPECT_EQ(process_->board.environments.at(kUid).instances.size(), 25U);

  add_instances(1);  // A join is served at once.
  loop_.run_for(milliseconds{100});
  EXPECT_EQ(cluster_.live_on(names_.back()).size(), 1U);
  EXPECT_TRUE(runs_everywhere("logs:1"));

  loop_.run_for(minutes{2});  // A task that served for long is replaced at once.
  cluster_.end_task(cluster_.live_on(names_[3]).front().arn);
  loop_.run_for(milliseconds{100});
  EXPECT_EQ(cluster_.live_on(names_[3]).size(), 1U);
  EXPECT_TRUE(runs_everywhere("logs:1"));

  deploy("two", "logs:2");
  std::size_t fewest = names_.size();
  EXPECT_TRUE(loop_.run_while_not(
      [&] {
        const auto running = cluster_.running_count("logs:1") + cluster_.running_count("logs:2");
        fewest = std::min(fewest, running);
        return cluster_.running_count("logs:2") == names_.size();
      },
      minutes{30}));
  EXPECT_EQ(fewest, names_.size() - 1) << "one at a time";
  loop_.run_for(seconds{11});
  EXPECT_EQ(status_of("two"), DeploymentStatus::kCompleted);
  EXPECT_TRUE(records().intents.empty());
  EXPECT_EQ(cluster_.most_live, 1U);
  loop_.run_for(minutes{10});
  EXPECT_TRUE(records().outcomes.empty());
  const std::string metrics = process_->metrics.to_text();
  EXPECT_NE(metrics.find("\ndoubled_tasks_total 0"), std::string::npos);
}

// Its tasks run, but the events of their start are late: nobody may start beside them.
TEST_F(RoundsTest, ANameThatIsUsedAgainStartsNothingBesideTasksThatWereNotSeen) {
  refuse_nothing();
  cluster_.event_delay = minutes{1};
  add_instances(10);
  deploy("one", "logs:1");
  loop_.run_for(seconds{1});
  ASSERT_EQ(records().outcomes.size(), 10U);
  delete_environment();
  loop_.run_for(milliseconds{500});
  uid_ = EnvironmentUid{"uid-2"};
  deploy("two", "logs:1");
  loop_.run_for(minutes{20});
  EXPECT_EQ(cluster_.most_live, 1U);
  EXPECT_EQ(cluster_.running_count("logs:1"), 10U) << "those of the old environment";
}

// Whatever comes while a round stores what it found is not left to the next thing that comes.
TEST_F(RoundsTest, WhatChangesWhileARoundWritesIsSeenAtOnce) {
  refuse_nothing();
  add_instances(1);
  deploy("one", "logs:1");
  for (int i = 0; i < 60; ++i) {
    add_instances(1);
    loop_.run_for(milliseconds{1});
  }
  loop_.run_for(seconds{1});
  for (const auto& name : names_) EXPECT_EQ(cluster_.live_on(name).size(), 1U) << name;
}

// How the deployment stands, and later that an instance serves again; bookmarks wake rounds much
// later.
TEST_F(RoundsTest, WhatTheStoreRefusedIsStoredASecondLater) {
  refuse_nothing();
  store::SlowStoreOptions& store = process_->store.slow.options();
  add_instances(1);
  deploy("one", "logs:1");
  ASSERT_TRUE(runs_everywhere("logs:1"));
  loop_.run_for(seconds{9});
  ASSERT_EQ(status_of("one"), DeploymentStatus::kRunning);
  store.refused_percent = 100;  // Every other one, the next one first.
  loop_.run_for(milliseconds{2'500});
  EXPECT_EQ(status_of("one"), DeploymentStatus::kCompleted);

  store.refused_percent = 0;
  cluster_.put_instance(names_[0], "DRAINING");
  loop_.run_for(seconds{20});
  cluster_.put_instance(names_[0]);
  ASSERT_TRUE(runs_everywhere("logs:1"));
  loop_.run_for(seconds{9});
  ASSERT_EQ(records().emptied.size(), 1U);
  store.refused_percent = 100;
  loop_.run_for(milliseconds{2'500});
  EXPECT_TRUE(records().emptied.empty());
}

// Or the guess would outlive its bounds, and fail deployments.
TEST_F(RoundsTest, WhatACopySupposesIsNotStored) {
  add_instances(1);
  options_.observe.copy_taken_over_at = TimePoint{};
  crash();
  deploy("one", "logs:1");
  ASSERT_TRUE(runs_everywhere("logs:1"));
  loop_.run_for(seconds{5});
  EXPECT_TRUE(records().emptied.empty());
  EXPECT_EQ(status_of("one"), DeploymentStatus::kRunning) << "its task has not proven itself";
}

// The cluster state is alive, but its queue stands: ECS knows of a drain that no event told of.
TEST_F(RoundsTest, StartsNothingOnWhatOnlyAnOldPictureShowsEligible) {
  add_instances(2);
  deploy("one", "logs:1");
  EXPECT_TRUE(runs_everywhere("logs:1"));
  loop_.run_for(minutes{2});
  cluster_.query.instances.at(ContainerInstanceArn{names_[0]}).status =
      make_instance_status("DRAINING");
  cluster_.end_task(cluster_.live_on(names_[0]).front().arn);
  cluster_.end_task(cluster_.live_on(names_[1]).front().arn);
  loop_.run_for(minutes{5});
  EXPECT_TRUE(cluster_.live_on(names_[0]).empty());
  EXPECT_EQ(cluster_.live_on(names_[1]).size(), 1U);
  const auto& line = process_->board.environments.at(kUid).instances.front();
  EXPECT_EQ(line.state, "waiting");
  EXPECT_EQ(line.reason, "no task there; waits: ECS shows it DRAINING");
}

// What is begun first takes the free calls: one whose starts fail for ever must not keep them.
TEST_F(RoundsTest, EnvironmentsTakeTurns) {
  deploy("one", "logs:1");
  Environment other;
  other.uid = EnvironmentUid{"uid-2"};
  other.name = EnvironmentName{"metrics"};
  other.cluster = kCluster;
  other.deployment = DeploymentId{"two"};
  Deployment deployment;
  deployment.id = *other.deployment;
  deployment.environment = other.uid;
  deployment.environment_name = other.name;
  deployment.task_definition = TaskDefinitionArn{"metrics:1"};
  put(other, {deployment});
  loop_.run_for(seconds{1});
  auto& turns = process_->planner.turns;
  turns.clear();
  add_instances(3);
  loop_.run_for(minutes{1});
  ASSERT_GE(turns.size(), 10U);
  for (std::size_t i = 2; i < turns.size(); i += 2) EXPECT_NE(turns[i], turns[i - 2]) << i;
}

// The instance drains since, and that event is stuck behind the one that comes now.
TEST_F(RoundsTest, ALateEventConfirmsNothing) {
  deploy("one", "logs:1");
  loop_.run_for(seconds{1});
  cluster_.told_age = minutes{10};
  add_instances(1);
  cluster_.query.instances.at(ContainerInstanceArn{names_[0]}).status =
      make_instance_status("DRAINING");
  loop_.run_for(minutes{2});
  EXPECT_EQ(cluster_.start_calls, 0);
  EXPECT_NE(process_->board.environments.at(kUid).instances.front().reason.find("DRAINING"),
            std::string::npos);
  cluster_.query.instances.at(ContainerInstanceArn{names_[0]}).status =
      make_instance_status("ACTIVE");
  loop_.run_for(minutes{1});
  EXPECT_EQ(cluster_.start_calls, 1) << "ECS said so itself";
}

TEST_F(RoundsTest, DrainsAndDisconnectsAreLeftAlone) {
  add_instances(3);
  deploy("one", "logs:1");
  EXPECT_TRUE(runs_everywhere("logs:1"));
  cluster_.put_instance(names_[0], "DRAINING");
  cluster_.put_instance(names_[1], "ACTIVE", false);
  const TaskArn silent = cluster_.live_on(names_[1]).front().arn;
  loop_.run_for(minutes{20});
  EXPECT_TRUE(cluster_.live_on(names_[0]).empty());
  EXPECT_EQ(cluster_.live_on(names_[1]).front().arn, silent);
  cluster_.put_instance(names_[0]);
  loop_.run_for(seconds{30});
  EXPECT_EQ(cluster_.live_on(names_[0]).size(), 1U);
}

TEST_F(RoundsTest, NeverDoublesThroughCrashesAndLostAnswers) {
  cluster_.lost_answer_percent = 30;
  add_instances(40);
  deploy("one", "logs:1");
  Random random{17};
  for (int i = 0; i < 60; ++i) {
    loop_.run_for(random.between(milliseconds{1}, seconds{4}));
    crash();
    if (i % 10 == 9) deploy("d" + std::to_string(i), "logs:" + std::to_string(i));
  }
  cluster_.lost_answer_percent = 0;
  EXPECT_TRUE(runs_everywhere("logs:59"));
  loop_.run_for(minutes{10});
  EXPECT_EQ(cluster_.most_live, 1U);
  EXPECT_TRUE(records().intents.empty());
  EXPECT_EQ(status_of("d59"), DeploymentStatus::kCompleted);
}

// The stop of a drain is open when the process ends, and no call for it got through.
TEST_F(RoundsTest, ADrainThatEndsWhileNobodyLooksLosesNoTask) {
  add_instances(2);
  deploy("one", "logs:1");
  EXPECT_TRUE(runs_everywhere("logs:1"));
  const TaskArn task = cluster_.live_on(names_[0]).front().arn;
  cluster_.stop_fault = Error{ErrorKind::kThrottled, "Rate exceeded"};
  cluster_.put_instance(names_[0], "DRAINING");
  ASSERT_TRUE(loop_.run_while_not([&] { return !records().intents.empty(); }, minutes{20}));
  process_.reset();
  cluster_.put_instance(names_[0]);
  cluster_.stop_fault.reset();
  crash();
  loop_.run_for(minutes{10});
  ASSERT_EQ(cluster_.live_on(names_[0]).size(), 1U);
  EXPECT_EQ(cluster_.live_on(names_[0]).front().arn, task);
  EXPECT_TRUE(records().intents.empty());
}

TEST_F(RoundsTest, StopsWithoutLeavingAStartOpen) {
  add_instances(5);
  deploy("one", "logs:1");
  ASSERT_TRUE(loop_.run_while_not([&] { return cluster_.start_calls == 1; }, minutes{1}));
  EXPECT_FALSE(process_->rounds.is_quiet()) << "the call has no answer yet";
  process_->rounds.stop();
  add_instances(1);
  ASSERT_TRUE(loop_.run_while_not([&] { return process_->rounds.is_quiet(); }, seconds{2}));
  EXPECT_TRUE(records().intents.empty());
  EXPECT_EQ(records().outcomes.size(), 5U);
  loop_.run_for(minutes{1});
  EXPECT_TRUE(cluster_.live_on(names_.back()).empty()) << "nothing starts any more";

  crash();  // The next process goes on, at the latest after a commit that is refused.
  loop_.run_for(seconds{2});
  EXPECT_EQ(cluster_.live_on(names_.back()).size(), 1U);
  EXPECT_EQ(cluster_.start_calls, 2);
}

TEST_F(RoundsTest, StopsBeforeTheCallOfAnIntent) {
  add_instances(5);
  deploy("one", "logs:1");
  ASSERT_TRUE(loop_.run_while_not([&] { return !process_->rounds.is_quiet(); }, minutes{1}));
  process_->rounds.stop();
  ASSERT_TRUE(loop_.run_while_not([&] { return process_->rounds.is_quiet(); }, seconds{2}));
  EXPECT_EQ(cluster_.start_calls, 0);
  EXPECT_TRUE(records().intents.empty());
}

}  // namespace
}  // namespace blox::scheduler
