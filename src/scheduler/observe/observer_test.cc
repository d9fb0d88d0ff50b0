// What the observer makes of records and cluster state, one case a rule.
#include "scheduler/observe/observer.h"

#include <gtest/gtest.h>

#include "scheduler/observe/observer_for_tests.h"

namespace blox::scheduler {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(ObserverTest, StampsThePicture) {
  const World world = observe();
  EXPECT_TRUE(world.picture.loaded);
  EXPECT_EQ(world.picture.synced_age, minutes{2});
  EXPECT_FALSE(world.picture.awaits_read);
  EXPECT_EQ(world.picture.contact_age, seconds{3});
  records_.environments[kUid].cluster = ClusterArn{"another"};
  EXPECT_FALSE(observe().picture.synced_age.has_value());
  EXPECT_TRUE(observe().instances.empty());
}

// Until then nothing is waited for either: nothing may have been done about it.
TEST_F(ObserverTest, ACopyIsDecidedFromOnceTheClusterWasReadSince) {
  options_.copy_taken_over_at = now_ + minutes{28};
  EXPECT_TRUE(observe().picture.awaits_read);
  EXPECT_TRUE(observe_a().unserved_since);
  now_ += minutes{30};  // The fixture's read began two minutes ago.
  EXPECT_FALSE(observe().picture.awaits_read);
  EXPECT_EQ(observe_a().unserved_since, now_);
  add_task("t", "new");
  EXPECT_TRUE(observe_a().emptied_by_us) << "as far as anybody knows";
}

// A deployment is no predecessor of its own: only what an earlier one runs may stay.
TEST_F(ObserverTest, TellsWhetherAnythingWasDeployedBefore) {
  EXPECT_TRUE(observe().desired.has_predecessor);
  records_.deployments.erase(DeploymentId{"old"});
  for (const auto status : {DeploymentStatus::kRunning, DeploymentStatus::kCompleted}) {
    records_.deployments[DeploymentId{"new"}].status = status;
    EXPECT_FALSE(observe().desired.has_predecessor);
    EXPECT_EQ(observe().desired.deployed_before, status == DeploymentStatus::kCompleted);
  }
}

// A list and a bookmark say nothing of one instance, nor does a change that comes now.
TEST_F(ObserverTest, AnInstanceIsConfirmedWhenEcsSaidSo) {
  changed_a();
  EXPECT_EQ(observe_a().confirmed_at, std::nullopt) << "nobody knows how old that is";
  add_instance("b");
  told_at_[ContainerInstanceArn{"a"}] = now_ - minutes{10};
  const World world = observe();
  EXPECT_EQ(world.instances[0].confirmed_at, now_ - minutes{10});
  EXPECT_EQ(world.instances[1].confirmed_at, std::nullopt);
}

TEST_F(ObserverTest, TellsWhetherTheClusterWasReadSinceTheStoreWasOpened) {
  EXPECT_TRUE(observe().picture.confirmed);
  unconfirmed_.insert(ClusterArn{"another"});
  EXPECT_TRUE(observe().picture.confirmed);
  unconfirmed_.insert(kCluster);
  EXPECT_FALSE(observe().picture.confirmed);
}

TEST_F(ObserverTest, TellsWhetherTheReadOfTheClusterLeftOutTasks) {
  lacks_tasks_.insert(ClusterArn{"another"});
  EXPECT_FALSE(observe().picture.lacks_tasks);
  lacks_tasks_.insert(kCluster);
  EXPECT_TRUE(observe().picture.lacks_tasks);
}

TEST_F(ObserverTest, SortsTasksByWhoStartedThem) {
  add_task("t1", "new");
  add_task("t0", "old");
  add_task("x", "unknown");
  add_task("other", "somebody", "RUNNING", "service:web");
  add_task("gone", "somebody", "STOPPED", "service:web");
  add_task("ecs", "somebody", "RUNNING", "daemon:agent");
  instances_.begin()->second.object.status = make_instance_status("DRAINING");
  const auto a = observe_a();
  ASSERT_EQ(a.tasks.size(), 2U);
  EXPECT_EQ(a.tasks[0].arn.value, "t1") << "the oldest comes first";
  EXPECT_EQ(a.tasks[0].task_definition.value, "logs:2");
  EXPECT_EQ(a.tasks[1].task_definition.value, "logs:1");
  EXPECT_EQ(arns_of(a.unclaimed), std::vector{TaskArn{"x"}});
  EXPECT_EQ(a.other_task_count, 1);
  EXPECT_EQ(a.known_tasks, (std::vector{TaskArn{"t0"}, TaskArn{"t1"}})) << "of any deployment";
}

// As long as the old one is there, and then, its tasks left alone, for ever: it is one rule.
TEST_F(ObserverTest, TasksOfADeletedEnvironmentAreUnclaimedToItsHeir) {
  Environment heir = records_.environments[kUid];
  heir.uid = EnvironmentUid{"uid-2"};
  heir.deployment.reset();
  records_.environments[heir.uid] = heir;
  records_.environments[kUid].deleting = true;
  add_task("t", "new");
  add_task("ended", "new", "STOPPED");
  add_outcome("u");
  add_intent(IntentKind::kStart, {});
  const auto heir_a = [&] {
    observe();
    return worlds_.at(heir.uid).instances.front();
  };
  EXPECT_EQ(arns_of(heir_a().unclaimed), (std::vector{TaskArn{"t"}, TaskArn{"u"}}));
  EXPECT_FALSE(heir_a().unclaimed.front().will_end) << "they are left alone";
  records_.environments[kUid].terminate_tasks = true;
  EXPECT_TRUE(heir_a().unclaimed.front().will_end);
  EXPECT_TRUE(heir_a().predecessor_starts);
  EXPECT_EQ(observe_a().tasks.size(), 2U) << "and its own to the old one";
  EXPECT_TRUE(observe_a().unclaimed.empty());
  records_.intents.clear();
  records_.outcomes.clear();
  EXPECT_FALSE(heir_a().predecessor_starts);
  records_.environments[heir.uid].cluster = ClusterArn{"another"};
  add_instance("a").cluster = ClusterArn{"another"};
  EXPECT_TRUE(heir_a().unclaimed.empty());
  records_.environments[heir.uid].cluster = kCluster;
  add_instance("a");
  records_.environments.erase(kUid);
  records_.deployments.clear();
  EXPECT_EQ(arns_of(heir_a().unclaimed), std::vector{TaskArn{"t"}});
  EXPECT_FALSE(heir_a().unclaimed.front().will_end);
}

TEST_F(ObserverTest, AnOutcomeIsPendingUntilShownOrOver) {
  add_outcome("t");
  auto a = observe_a();
  ASSERT_EQ(a.tasks.size(), 1U);
  EXPECT_EQ(a.tasks[0].phase, TaskPhase::kStarting);
  add_task("t", "new");
  a = observe_a();
  ASSERT_EQ(a.tasks.size(), 1U);
  EXPECT_EQ(a.tasks[0].phase, TaskPhase::kServing);
  tasks_.clear();
  note_end("t", seconds{3});
  a = observe_a();
  EXPECT_TRUE(a.tasks.empty());
  EXPECT_EQ(a.known_tasks, std::vector{TaskArn{"t"}}) << "a look-up must not take it for a new one";
}

// Whoever spoke last: a Describe of the cluster state, or one of act.
TEST_F(ObserverTest, KnowsWhatIsKnownOfATasksHealth) {
  using Words = std::vector<std::string>;
  const std::optional<Words> unknown;
  const Words none;
  const Words some{"main"};
  struct Row {
    const char* rule;
    std::optional<Words> checked;
    const char* shown;
    std::optional<AskedHealth> asked;
    const char* health;
  };
  const TimePoint since = now_ - minutes{1};
  const AskedHealth silent{HealthWord::kSilent, since, ""};
  const AskedHealth healthy{HealthWord::kHealthy, since, ""};
  const AskedHealth after_ill{HealthWord::kHealthy, since, "UNHEALTHY"};
  const AskedHealth ill{HealthWord::kIll, since, "HEALTHY"};
  const Row rows[] = {
      {"nobody knows whether it has a check", unknown, "", {}, "awaited"},
      {"it has none", none, "", {}, ""},
      {"it has one", some, "UNKNOWN", {}, "awaited"},
      {"that says nothing", some, "UNKNOWN", silent, "awaited silent"},
      {"or did not", some, "HEALTHY", silent, ""},
      {"it is healthy", some, "", healthy, ""},
      {"it was", some, "UNHEALTHY", healthy, "ill"},
      {"it is again", some, "UNHEALTHY", after_ill, ""},
      {"it is not any more", some, "HEALTHY", ill, "ill"},
  };
  Task& task = add_task("t", "new");
  for (const Row& row : rows) {
    memory_.checked_containers.clear();
    memory_.health.clear();
    if (row.checked) memory_.checked_containers[TaskDefinitionArn{"logs:2"}] = *row.checked;
    if (row.asked) memory_.health[task.arn] = *row.asked;
    task.health_status = row.shown;
    const auto seen = observe_a().tasks.front();
    std::string health = seen.unhealthy ? "ill" : seen.awaits_health ? "awaited" : "";
    if (seen.silent_since == since) health += " silent";
    EXPECT_EQ(health, row.health) << row.rule;
  }
  task.health_status = "UNKNOWN";
  memory_.checked_containers.clear();
  memory_.health.clear();
  EXPECT_TRUE(observe_a().tasks.front().awaits_health);
  task.started_by = "old";
  EXPECT_FALSE(observe_a().tasks.front().awaits_health) << "nobody waits for it any more";
}

TEST_F(ObserverTest, SeesTheEffectOfIntents) {
  add_task("t", "new", "STOPPED");
  add_intent(IntentKind::kStart, {TaskArn{"t"}});
  EXPECT_FALSE(observe_a().intent->effect_seen);
  add_task("u", "old");
  EXPECT_FALSE(observe_a().intent->effect_seen) << "another deployment's";
  add_task("v", "new", "STOPPED");
  EXPECT_TRUE(observe_a().intent->effect_seen) << "it was started, though it ended since";
  EXPECT_TRUE(observe_a().intent->started.empty());
  add_task("x", "new", "PENDING");
  EXPECT_EQ(observe_a().intent->started, std::vector{TaskArn{"x"}});
  tasks_.erase(TaskArn{"x"});

  add_intent(IntentKind::kStop, {TaskArn{"w"}});
  EXPECT_TRUE(observe_a().intent->effect_seen) << "no trace of it";
  add_outcome("w");
  EXPECT_FALSE(observe_a().intent->effect_seen) << "ECS said that it started it";
  add_task("w", "new", "DEACTIVATING");
  EXPECT_FALSE(observe_a().intent->effect_seen);
  tasks_[TaskArn{"w"}].object.last_status = make_task_status("STOPPED");
  EXPECT_TRUE(observe_a().intent->effect_seen);
}

TEST_F(ObserverTest, TellsSinceWhenAnIntentIsOpenAndWhatEcsSaysToIt) {
  add_task("t", "old");
  add_intent(IntentKind::kStop, {TaskArn{"t"}});
  EXPECT_EQ(observe_a().intent->refused_count, 0);
  memory_.note_stop_refusal(TaskArn{"u"}, "another's");
  memory_.note_stop_refusal(TaskArn{"t"}, "first");
  memory_.note_stop_refusal(TaskArn{"t"}, "AccessDenied");
  EXPECT_EQ(observe_a().intent->refused_count, 2);
  EXPECT_EQ(observe_a().intent->refusal, "AccessDenied");
}

// What it was while nobody looked is not known, and the date may be set.
TEST_F(ObserverTest, AnIntentAndADeploymentAreAsOldAsThisProcessKnowsThem) {
  add_task("t", "old");
  Intent& intent = add_intent(IntentKind::kStop, {TaskArn{"t"}});
  intent.created_at = kDate - minutes{20};
  records_.deployments[DeploymentId{"new"}].created_at = kDate + minutes{20};
  const TimePoint first = now_;
  for (int round = 0; round < 3; ++round) {
    const World world = observe();
    EXPECT_EQ(world.instances.front().intent->since, first);
    EXPECT_EQ(world.desired.deployment->since, first);
    now_ += minutes{7};
  }
  intent.launch_id = "another";
  EXPECT_EQ(observe_a().intent->since, now_);
}

TEST_F(ObserverTest, TellsWhoseStopATaskGoesDownBy) {
  Task& task = add_task("t", "new", "STOPPING");
  EXPECT_FALSE(observe_a().tasks.front().stopped_by_us);
  task.stopped_reason = "Task stopped by user";
  EXPECT_FALSE(observe_a().tasks.front().stopped_by_us);
  task.stopped_reason = "blox: its task is outdated";
  EXPECT_TRUE(observe_a().tasks.front().stopped_by_us);
  task.last_status = make_task_status("RUNNING");
  EXPECT_FALSE(observe_a().tasks.front().stopped_by_us);
  task.desired_status = make_task_status("STOPPED");
  EXPECT_TRUE(observe_a().tasks.front().stopped_by_us);
}

// It was forgotten, and a late event or a list that lags shows it again.
TEST_F(ObserverTest, AnOldTaskIsNoEffectOfAStart) {
  Intent& intent = add_intent(IntentKind::kStart, {});
  intent.created_at = kDate + std::chrono::milliseconds{10'500};
  for (const char* status : {"STOPPED", "RUNNING"}) {
    Task& task = add_task("t", "new", status);
    task.created_at = format_time(kDate + seconds{9});
    EXPECT_FALSE(observe_a().intent->effect_seen) << status;
    task.created_at = format_time(kDate + seconds{10});
    EXPECT_TRUE(observe_a().intent->effect_seen) << "a time in whole seconds, " << status;
  }
  tasks_.clear();
  add_outcome("u");
  records_.outcomes.begin()->second.started_at = kDate;
  EXPECT_FALSE(observe_a().intent->effect_seen);
  records_.outcomes.begin()->second.started_at = intent.created_at;
  EXPECT_TRUE(observe_a().intent->effect_seen);
}

TEST_F(ObserverTest, IntentsAndTasksOnUnknownInstancesAreKept) {
  add_task("t", "new").container_instance = ContainerInstanceArn{"ghost"};
  const World world = observe();
  ASSERT_EQ(world.instances.size(), 2U);
  EXPECT_EQ(world.instances[1].arn.value, "ghost");
  EXPECT_FALSE(world.instances[1].status.is_active());
  EXPECT_EQ(world.instances[1].tasks.size(), 1U);
}

TEST_F(ObserverTest, APatchActsWithTheNextDeployment) {
  Environment& environment = records_.environments[kUid];
  environment.rollout = {MaxUnavailable{5, true}, minutes{3}, seconds{30}};
  EXPECT_EQ(observe().desired.unavailable_max, 5) << "a record of before has none of its own";
  records_.deployments[DeploymentId{"new"}].rollout =
      RolloutOptions{MaxUnavailable{2, false}, minutes{1}, seconds{20}};
  const World world = observe();
  EXPECT_EQ(world.desired.unavailable_max, 2);
  EXPECT_FALSE(world.desired.unavailable_is_percent);
  EXPECT_EQ(world.desired.drain_deadline, minutes{1});
  EXPECT_EQ(world.desired.min_healthy, seconds{20});
}

TEST_F(ObserverTest, ANewRegistrationSupersedesASilentOne) {
  auto& a = instances_.begin()->second.object;
  a.ec2_instance_id = "i-1";
  add_instance("b").ec2_instance_id = "i-1";
  EXPECT_FALSE(observe_a().superseded) << "it is connected itself";
  a.agent_connected = false;
  EXPECT_TRUE(observe_a().superseded);
  instances_[ContainerInstanceArn{"b"}].object.registered_at = format_time(kDate);
  a.registered_at = format_time(kDate - seconds{1});
  EXPECT_TRUE(observe_a().superseded);
  a.registered_at = format_time(kDate + seconds{1});
  EXPECT_FALSE(observe_a().superseded) << "the older one does not come back";
  a.registered_at.clear();
  instances_[ContainerInstanceArn{"b"}].object.status = make_instance_status("DRAINING");
  EXPECT_FALSE(observe_a().superseded);
}

}  // namespace
}  // namespace blox::scheduler
