// What act does when the store refuses or cannot say, and what it gives back after a failure.
#include "scheduler/act/act_for_tests.h"
#include "scheduler/act/launcher.h"

namespace blox::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// It takes intents and cannot say so.
class UnsureLog final : public IntentLog {
 public:
  explicit UnsureLog(Repository& repository) : real_(repository) {}
  Async<Result<std::vector<Intent>>> open(std::vector<Intent> intents) override {
    const auto opened = co_await real_.open(std::move(intents));
    EXPECT_TRUE(opened.has_value());
    co_return fail(ErrorKind::kUnknown, "told to fail");
  }
  Async<Status> close(std::vector<IntentClosing> closings) override {
    return real_.close(std::move(closings));
  }

 private:
  RepositoryIntentLog real_;
};

class BusyStoreTest : public ActorTest {
 protected:
  BusyStoreTest() { refuse_nothing(); }
  // Every other commit from here on, the next one first.
  void refuse_every_other() { process_->store.slow.options().refused_percent = 100; }
  // One round, without waiting for what it begins.
  void begin(const Plan& plan) {
    process_->actor.carry_out(records().environments.at(kUid), plan);
    loop_.run_for(milliseconds{10});
  }
  Intent intent_on(const ContainerInstanceArn& instance) const {
    return records().intents.at({kUid, instance});
  }
  bool was_started(const ContainerInstanceArn& instance) const {
    return std::ranges::any_of(control_.fake.starts, [&](const auto& call) {
      return std::ranges::find(call.instances, instance) != call.instances.end();
    });
  }
};

TEST_F(BusyStoreTest, AStopThatCouldNotBeOpenedIsOpenedAfterAPause) {
  refuse_every_other();
  begin(stop_of(TaskArn{"task-a"}));
  EXPECT_FALSE(is_open(kA));
  begin(stop_of(TaskArn{"task-a"}));
  EXPECT_FALSE(is_open(kA)) << "a store that is busy is left alone for a while";
  loop_.run_for(seconds{1});
  begin(stop_of(TaskArn{"task-a"}));
  EXPECT_TRUE(is_open(kA));
}

TEST_F(BusyStoreTest, IntentsThatItTookWithoutSayingSoAreClosed) {
  UnsureLog log{process_->repository};
  ActContext context{
      loop_,        random_, process_->repository, log,          control_,
      slow_query_,  tasks_,  process_->memory,     ActOptions{}, ActMetrics{metrics_},
      Signal{loop_}};
  Launcher launcher{context};
  Launch launch;
  launch.intent.environment = kUid;
  launch.intent.instance = kA;
  launch.intent.cluster = kCluster;
  launch.intent.deployment = kDeployment;
  launch.intent.launch_id = "launch";
  launch.confirmed_at = loop_.now();
  launcher.start({launch});
  ASSERT_TRUE(loop_.run_while_not([&] { return is_open(kA); }, seconds{1}));
  loop_.run_for(seconds{5});
  EXPECT_FALSE(is_open(kA));
  EXPECT_TRUE(control_.fake.starts.empty());
}

// Nobody else may close the others for it.
TEST_F(BusyStoreTest, WhatSomebodyElseHasClosedKeepsNoOtherOpen) {
  control_.holds = true;
  carry_out(starts_on({kA, kB}));
  ASSERT_TRUE(is_open(kA) && is_open(kB));
  std::vector<IntentClosing> both{closing_of(intent_on(kA)), closing_of(intent_on(kB))};
  ASSERT_TRUE(run_to_end(loop_, process_->log.close({both.back()})));
  Scope scope{loop_};
  scope.spawn(close_durably(process_->context, both));
  loop_.run_for(seconds{5});
  EXPECT_FALSE(is_open(kA));
  EXPECT_EQ(scope.size(), 0U) << "it ends";
}

TEST_F(BusyStoreTest, WhatLivesUnseenIsRememberedWhenItCannotBeStored) {
  put_in_ecs("unseen", kA, "RUNNING");
  refuse_every_other();
  for (int i = 0; i < 30; ++i) {
    Plan plan = starts_on({kA});
    plan.needs_confirmation = true;
    begin(plan);
    loop_.run_for(seconds{1});
  }
  EXPECT_FALSE(was_started(kA));
  EXPECT_TRUE(records().outcomes.contains(TaskArn{"unseen"})) << "at the second attempt";
}

TEST_F(BusyStoreTest, OutcomesThatCouldNotBeForgottenAreForgottenLater) {
  carry_out(starts_on({kA}));
  run_for(seconds{1});
  ASSERT_EQ(records().outcomes.size(), 1U);
  show(records().outcomes.begin()->first.value, kA, "STOPPED");
  refuse_every_other();
  run_for(seconds{1});
  EXPECT_EQ(records().outcomes.size(), 1U);
  run_for(seconds{6});
  EXPECT_TRUE(records().outcomes.empty());
}

TEST_F(BusyStoreTest, OutcomesThatCouldNotBeDescribedAreDescribedLater) {
  carry_out(starts_on({kA}));
  run_for(seconds{1});
  ASSERT_EQ(records().outcomes.size(), 1U);
  const TaskArn started = records().outcomes.begin()->first;
  put_in_ecs(started.value, kA, "STOPPED");
  query_.broken["DescribeTasks"] = error(ErrorKind::kUnavailable);
  run_for(seconds{30});
  EXPECT_FALSE(process_->memory.ended.contains(started));
  query_.broken.clear();
  run_for(minutes{2});
  EXPECT_TRUE(process_->memory.ended.contains(started));
}

// As many as may be under way at once, and the picture shows their ends meanwhile.
TEST_F(BusyStoreTest, StopsThatAreClosedWhileTheyAreAskedAboutLeaveNoCallTaken) {
  Plan many;
  Plan over;
  for (std::size_t i = 0; i < ActOptions{}.stop_calls_max; ++i) {
    const ContainerInstanceArn instance{"i" + std::to_string(i)};
    many.stops.push_back(
        {instance, TaskArn{"t" + std::to_string(i)}, kDeployment.value, "outdated", std::nullopt});
    over.closings.push_back({instance, {}});
    control_.fake.faults.emplace_back(error(ErrorKind::kNotFound));
  }
  slow_query_.describe_time = minutes{1};
  run_round(many);
  loop_.run_for(seconds{1});
  ASSERT_EQ(control_.fake.stops.size(), many.stops.size());
  run_round(over);
  loop_.run_for(seconds{1});
  EXPECT_TRUE(records().intents.empty());
  run_for(minutes{2});
  run_round(stop_of(TaskArn{"wanted"}));
  run_for(seconds{1});
  EXPECT_EQ(control_.fake.stops.back().task, TaskArn{"wanted"});
}

TEST_F(BusyStoreTest, HalvesAreNotSentAfterACallThatNobodyAnswered) {
  control_.fake.faults = {error(ErrorKind::kInvalid), error(ErrorKind::kUnknown)};
  std::vector<ContainerInstanceArn> instances;
  for (int i = 0; i < 4; ++i) instances.emplace_back("i" + std::to_string(i));
  carry_out(starts_on(instances));
  run_for(milliseconds{900});
  EXPECT_EQ(control_.fake.starts.size(), 2U) << "four, and two of them";
  EXPECT_EQ(records().intents.size(), 2U) << "of those nobody knows";
}

TEST_F(BusyStoreTest, AnAnswerOfEcsThatHasGrownOldIsAskedForAgain) {
  InstanceReport report;
  report.arn = kA;
  report.cluster = kCluster;
  report.status = make_instance_status("ACTIVE");
  report.detail = R"({"agentConnected":true})";
  query_.instances[kA] = report;
  Plan plan = starts_on({kA});
  plan.starts.front().confirmed_at = std::nullopt;
  begin(plan);
  EXPECT_FALSE(was_started(kA)) << "asked first";
  loop_.run_for(seconds{55});
  begin(plan);
  EXPECT_FALSE(was_started(kA)) << "asked again: too little is left of its minute";
  begin(plan);
  EXPECT_TRUE(was_started(kA));
}

TEST_F(BusyStoreTest, AnInstanceThatCouldNotBeListedIsListedAgain) {
  Plan plan = starts_on({kA});
  plan.needs_listing = true;
  query_.broken["ListTasks"] = error(ErrorKind::kUnavailable);
  begin(plan);
  begin(plan);
  query_.broken.clear();
  EXPECT_FALSE(was_started(kA));
  loop_.run_for(seconds{20});
  plan.starts = starts_on({kA}).starts;
  begin(plan);
  begin(plan);
  EXPECT_TRUE(was_started(kA));
}

TEST_F(BusyStoreTest, ADenialLeavesTheCallThatIsUnderWayItsPlace) {
  const Error denied{ErrorKind::kDenied, "ecs: 400 AccessDeniedException: iam:PassRole"};
  control_.fake.faults = {denied, denied};
  control_.call_time = seconds{1};
  begin(starts_on({kA}));
  control_.call_time = seconds{20};
  begin(starts_on({kB}));
  loop_.run_for(seconds{2});
  ASSERT_TRUE(process_->memory.denials.contains(kDeployment.value));
  begin(starts_on({ContainerInstanceArn{"c"}}));
  EXPECT_EQ(control_.fake.starts.size(), 2U) << "one at a time from then on";
}

TEST_F(BusyStoreTest, ARemovalThatIsMadeMeanwhileLeavesTheNextItsTurn) {
  Environment first = records().environments.at(kUid);
  first.deleting = true;
  first.terminate_tasks = true;
  Environment second = first;
  second.uid = EnvironmentUid{"uid-2"};
  second.name = EnvironmentName{"second"};
  second.mod_revision = 0;
  put({first, second}, {});
  slow_query_.list_time = minutes{1};
  process_->actor.drive();
  loop_.run_for(seconds{1});
  ASSERT_TRUE(run_to_end(loop_, process_->repository.remove(kUid)));
  run_for(minutes{10});
  EXPECT_TRUE(records().environments.empty());
}

}  // namespace
}  // namespace blox::scheduler
