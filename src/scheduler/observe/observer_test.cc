// What the observer makes of records and cluster state, one case a rule.
#include "scheduler/observe/observer.h"

#include <gtest/gtest.h>

namespace blox::scheduler {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const EnvironmentUid kUid{"uid-1"};
const ClusterArn kCluster{"arn:aws:ecs:eu-west-1:123456789012:cluster/prod"};
const WallTime kDate{std::chrono::days{20'000}};

class ObserverTest : public testing::Test {
 protected:
  ObserverTest() {
    Environment environment;
    environment.uid = kUid;
    environment.name = EnvironmentName{"logs"};
    environment.cluster = kCluster;
    environment.deployment = DeploymentId{"new"};
    records_.environments[kUid] = environment;
    add_deployment("old", "logs:1");
    add_deployment("new", "logs:2");
    add_instance("a");
  }

  void add_deployment(const std::string& id, const std::string& definition) {
    Deployment deployment;
    deployment.id = DeploymentId{id};
    deployment.environment = kUid;
    deployment.task_definition = TaskDefinitionArn{definition};
    deployment.status = DeploymentStatus::kRunning;
    records_.deployments[deployment.id] = deployment;
  }
  ContainerInstance& add_instance(const std::string& arn, const std::string& status = "ACTIVE") {
    ContainerInstance instance;
    instance.arn = ContainerInstanceArn{arn};
    instance.cluster = kCluster;
    instance.status = make_instance_status(status);
    instance.agent_connected = true;
    auto& entry = instances_[instance.arn];
    entry.object = instance;
    return entry.object;
  }
  // The instance, about to be changed.
  ContainerInstance& changed_a() {
    ++instances_.begin()->second.entity_version;
    return instances_.begin()->second.object;
  }
  Task& add_task(const std::string& arn, const std::string& started_by,
                 const std::string& status = "RUNNING", const std::string& group = "blox:logs") {
    Task task;
    task.arn = TaskArn{arn};
    task.cluster = kCluster;
    task.container_instance = ContainerInstanceArn{"a"};
    task.last_status = make_task_status(status);
    task.desired_status = make_task_status("RUNNING");
    task.started_by = started_by;
    task.group = group;
    task.created_at = format_time(kDate + seconds{tasks_.size()});
    auto& entry = tasks_[task.arn];
    entry.object = task;
    return entry.object;
  }
  // A task that served for `served` and ended `ago`.
  Task& add_ended(const std::string& arn, Duration served, Duration ago,
                  const std::string& reason = "Essential container exited") {
    Task& task = add_task(arn, "new", "STOPPED");
    const WallTime ended = kDate - std::chrono::duration_cast<std::chrono::milliseconds>(ago);
    task.started_at =
        format_time(ended - std::chrono::duration_cast<std::chrono::milliseconds>(served));
    task.stopped_at = format_time(ended);
    task.stopped_reason = reason;
    return task;
  }
  Intent& add_intent(IntentKind kind, std::vector<TaskArn> known) {
    Intent intent;
    intent.kind = kind;
    intent.environment = kUid;
    intent.instance = ContainerInstanceArn{"a"};
    intent.deployment = DeploymentId{"new"};
    intent.known_tasks = std::move(known);
    return records_.intents[{kUid, intent.instance}] = intent;
  }
  void add_outcome(const std::string& arn) {
    Outcome outcome;
    outcome.environment = kUid;
    outcome.instance = ContainerInstanceArn{"a"};
    outcome.deployment = DeploymentId{"new"};
    outcome.task_definition = TaskDefinitionArn{"logs:2"};
    outcome.task = TaskArn{arn};
    records_.outcomes[outcome.task] = outcome;
  }

  // What a Describe told of a task that the picture does not show so.
  void note_end(const std::string& arn, Duration served,
                const std::string& reason = "Essential container exited") {
    const auto started = kDate - std::chrono::duration_cast<std::chrono::milliseconds>(served);
    memory_.ended[TaskArn{arn}] = {format_time(started), format_time(started), format_time(kDate),
                                   reason};
  }

  World observe() {
    ClusterView view{tasks_,
                     instances_,
                     true,
                     store_id_,
                     {{kCluster, kDate - minutes{2}}},
                     now_ - seconds{3},
                     list_count_};
    worlds_ = observer_.observe(records_, view, now_, kDate);
    const auto found = worlds_.find(kUid);
    return found == worlds_.end() ? World{} : found->second;
  }
  ObservedInstance observe_a() {
    const World world = observe();
    for (const auto& instance : world.instances) {
      if (instance.arn.value == "a") return instance;
    }
    ADD_FAILURE() << "no instance a";
    return {};
  }

  Records records_;
  client::ClusterMirror::Tasks tasks_;
  client::ClusterMirror::Instances instances_;
  std::string store_id_ = "store-1";
  std::uint64_t list_count_ = 2;
  TimePoint now_{std::chrono::hours{1}};
  LaunchMemory memory_;
  Observer observer_{memory_};
  std::map<EnvironmentUid, World> worlds_;  // Of the last round.
};

TEST_F(ObserverTest, StampsThePicture) {
  const World world = observe();
  EXPECT_TRUE(world.picture.loaded);
  EXPECT_FALSE(world.picture.store_changed);
  EXPECT_EQ(world.picture.synced_age, minutes{2});
  EXPECT_EQ(world.picture.contact_age, seconds{3});
  records_.environments[kUid].cluster = ClusterArn{"another"};
  EXPECT_FALSE(observe().picture.synced_age.has_value());
  EXPECT_TRUE(observe().instances.empty());
}

TEST_F(ObserverTest, AnInstanceIsConfirmedByItsOwnChangesAlone) {
  EXPECT_EQ(observe_a().confirmed_at, std::nullopt) << "a list may be old";
  now_ += minutes{1};
  EXPECT_EQ(observe_a().confirmed_at, std::nullopt) << "a bookmark says nothing of it";
  changed_a();
  const TimePoint changed_at = now_;
  EXPECT_EQ(observe_a().confirmed_at, changed_at);
  now_ += minutes{1};
  add_instance("b");
  EXPECT_EQ(observe_a().confirmed_at, changed_at);
  EXPECT_EQ(observe().instances[1].confirmed_at, now_) << "it has joined";
  now_ += minutes{1};
  changed_a();
  ++list_count_;
  EXPECT_EQ(observe_a().confirmed_at, changed_at) << "a list brought the change";
  instances_.erase(ContainerInstanceArn{"a"});
  EXPECT_EQ(observe().instances.size(), 1U);
  add_instance("a");
  EXPECT_EQ(observe_a().confirmed_at, now_);
}

TEST_F(ObserverTest, AnotherStoreCountsOnceItsListsWereRead) {
  EXPECT_FALSE(observe().picture.store_changed);
  store_id_ = "store-2";
  EXPECT_TRUE(observe().picture.store_changed);
  list_count_ += 1;
  EXPECT_TRUE(observe().picture.store_changed);
  list_count_ += 1;
  EXPECT_FALSE(observe().picture.store_changed);
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
  EXPECT_EQ(a.unclaimed, std::vector{TaskArn{"x"}});
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
  EXPECT_EQ(heir_a().unclaimed, (std::vector{TaskArn{"t"}, TaskArn{"u"}}));
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
  EXPECT_EQ(heir_a().unclaimed, std::vector{TaskArn{"t"}});
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

TEST_F(ObserverTest, SeesTheEffectOfIntents) {
  add_task("t", "new", "STOPPED");
  add_intent(IntentKind::kStart, {TaskArn{"t"}});
  EXPECT_FALSE(observe_a().intent->effect_seen);
  add_task("u", "old");
  EXPECT_FALSE(observe_a().intent->effect_seen) << "another deployment's";
  add_task("v", "new", "STOPPED");
  EXPECT_TRUE(observe_a().intent->effect_seen) << "it was started, though it ended since";

  add_intent(IntentKind::kStop, {TaskArn{"w"}});
  EXPECT_TRUE(observe_a().intent->effect_seen) << "no trace of it";
  add_outcome("w");
  EXPECT_FALSE(observe_a().intent->effect_seen) << "ECS said that it started it";
  add_task("w", "new", "DEACTIVATING");
  EXPECT_FALSE(observe_a().intent->effect_seen);
  tasks_[TaskArn{"w"}].object.last_status = make_task_status("STOPPED");
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

TEST_F(ObserverTest, CountsFailuresInARow) {
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

// Whether or not the picture ever shows the task: or a crash loop would go on without a wait.
TEST_F(ObserverTest, CountsDeathsThatOnlyDescribeToldOf) {
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

TEST_F(ObserverTest, TheWaitStartsWhenTheDeathIsSeen) {
  add_ended("t", seconds{3}, seconds{10});
  const TimePoint first_seen = now_;
  EXPECT_EQ(observe_a().failures.last_at, first_seen);
  now_ += seconds{5};
  EXPECT_EQ(observe_a().failures.last_at, first_seen);
  add_ended("u", seconds{3}, seconds{1});
  EXPECT_EQ(observe_a().failures.last_at, now_);
}

TEST_F(ObserverTest, AChangeOfTheInstanceForgivesFailures) {
  add_ended("t", seconds{3}, seconds{10});
  EXPECT_EQ(observe_a().failures.count, 1);
  changed_a().remaining_resources = {{"MEMORY", "INTEGER", "9"}};
  EXPECT_EQ(observe_a().failures.count, 1) << "our own failing tasks change those";
  changed_a().registered_resources = {{"MEMORY", "INTEGER", "99"}};
  EXPECT_EQ(observe_a().failures.count, 0);
  add_ended("u", seconds{3}, seconds{5});
  EXPECT_EQ(observe_a().failures.count, 1);
}

TEST_F(ObserverTest, RefusalsCountUntilResourcesOrTheDeploymentChange) {
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

TEST_F(ObserverTest, KnowsSinceWhenThingsAreSo) {
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

TEST_F(ObserverTest, RemembersWhoEmptiedAnInstance) {
  add_ended("t", minutes{10}, seconds{30}, "blox: its task is outdated");
  EXPECT_TRUE(observe_a().emptied_by_us);
  add_ended("u", seconds{3}, seconds{20});
  EXPECT_TRUE(observe_a().emptied_by_us) << "its heir failed";
  tasks_.clear();
  EXPECT_TRUE(observe_a().emptied_by_us) << "also when the trace is gone";
  add_task("v", "new");
  EXPECT_FALSE(observe_a().emptied_by_us);
  tasks_.clear();
  add_ended("w", minutes{10}, seconds{5});
  EXPECT_FALSE(observe_a().emptied_by_us) << "it went by itself";
}

// What an earlier process has seen and stored; the picture knows nothing, or what it missed.
TEST_F(ObserverTest, TakesFromTheRecordsWhoWasEmptied) {
  add_task("t", "new");
  records_.emptied[{kUid, ContainerInstanceArn{"a"}}] = {
      kUid, ContainerInstanceArn{"a"}, {}, TaskArn{"t"}};
  EXPECT_TRUE(observe_a().emptied_by_us);
  EXPECT_TRUE(observe_a().tasks.empty());
  EXPECT_EQ(observe_a().known_tasks, std::vector{TaskArn{"t"}});
  add_ended("s", minutes{10}, minutes{30});
  records_.emptied.begin()->second.noted_at = kDate - minutes{20};
  EXPECT_TRUE(observe_a().emptied_by_us) << "what ended before says nothing";
  add_ended("r", minutes{10}, minutes{10});
  EXPECT_FALSE(observe_a().emptied_by_us) << "what ended since does";
  tasks_.erase(TaskArn{"r"});
  EXPECT_TRUE(observe_a().emptied_by_us);
  add_task("u", "new");
  EXPECT_FALSE(observe_a().emptied_by_us) << "it serves again";
  EXPECT_EQ(observe_a().tasks.size(), 1U);
}

// The picture may go on showing it, and its end may be known to the process before.
TEST_F(ObserverTest, ATaskThatIsBeingStoppedServesNoMore) {
  add_task("t", "new");
  add_intent(IntentKind::kStop, {TaskArn{"t"}});
  records_.emptied[{kUid, ContainerInstanceArn{"a"}}] = {kUid, ContainerInstanceArn{"a"}, kDate,
                                                         TaskArn{}};
  EXPECT_TRUE(observe_a().emptied_by_us);
  records_.intents.clear();
  EXPECT_FALSE(observe_a().emptied_by_us);
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
