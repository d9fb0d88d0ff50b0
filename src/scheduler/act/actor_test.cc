// The launch protocol: what is written before and after each call, what a lost answer and a crash
// leave, and how it is resolved.
#include "scheduler/act/actor.h"

#include "scheduler/act/act_for_tests.h"

namespace blox::scheduler {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(ActorTest, StartsTenInACallAndKeepsTheOutcomes) {
  std::vector<ContainerInstanceArn> instances;
  for (int i = 0; i < 23; ++i) instances.emplace_back("i" + std::to_string(100 + i));
  carry_out(starts_on(instances));
  run_for(seconds{1});
  ASSERT_EQ(control_.fake.starts.size(), 3U);
  std::size_t count = 0;
  for (const auto& call : control_.fake.starts) {
    EXPECT_LE(call.instances.size(), aws::kStartInstancesMax);
    count += call.instances.size();
    EXPECT_EQ(call.started_by, kDeployment.value);
    EXPECT_EQ(call.group, "blox:logs");
    EXPECT_EQ(call.task_definition.value, "logs:1");
  }
  EXPECT_EQ(count, 23U);
  EXPECT_TRUE(records().intents.empty());
  EXPECT_EQ(records().outcomes.size(), 23U);
}

TEST_F(ActorTest, TakesNoMoreThanItHasCallsFor) {
  control_.holds = true;
  std::vector<ContainerInstanceArn> instances;
  for (int i = 0; i < 200; ++i) instances.emplace_back("i" + std::to_string(1000 + i));
  carry_out(starts_on(instances));
  carry_out(starts_on(instances));  // The same once more changes nothing.
  run_for(seconds{1});
  EXPECT_EQ(control_.fake.starts.size(), ActOptions{}.start_calls_max);
  EXPECT_EQ(records().intents.size(), 80U);
}

TEST_F(ActorTest, RemembersWhyAnInstanceRefused) {
  control_.fake.start_failures[kB] = {"RESOURCE:MEMORY", ""};
  carry_out(starts_on({kA, kB}));
  run_for(seconds{1});
  EXPECT_TRUE(records().intents.empty());
  EXPECT_EQ(records().outcomes.size(), 1U);
  const auto& refusal = process_->memory.refusals.at({kUid.value, kB});
  EXPECT_EQ(refusal.reason, "RESOURCE:MEMORY");
  EXPECT_EQ(refusal.count, 1);
}

TEST_F(ActorTest, ClosesWhatWasNotDone) {
  const std::tuple<ErrorKind, bool> rows[] = {
      // What failed, and whether the instance is blamed for it.
      {ErrorKind::kThrottled, false}, {ErrorKind::kUnavailable, false}, {ErrorKind::kInvalid, true},
      {ErrorKind::kNotFound, false},  {ErrorKind::kDenied, false},
  };
  for (const auto& [kind, blamed] : rows) {
    process_->memory.refusals.clear();
    control_.fake.faults.emplace_back(error(kind));
    carry_out(starts_on({kA}));
    run_for(seconds{1});
    EXPECT_TRUE(records().intents.empty()) << blox::to_text(kind);
    EXPECT_TRUE(records().outcomes.empty());
    EXPECT_EQ(process_->memory.refusals.size(), blamed ? 1U : 0U) << blox::to_text(kind);
    run_for(minutes{1});  // Past any pause.
  }
}

// iam:PassRole of the definition's role, or a policy that names definitions.
TEST_F(ActorTest, ADenialBelongsToTheDeploymentWhoseStartWasDenied) {
  const DeploymentId other_deployment{"deployment-2"};
  Environment other = records().environments.at(kUid);
  other.uid = EnvironmentUid{"uid-2"};
  other.name = EnvironmentName{"other"};
  other.deployment = other_deployment;
  other.mod_revision = 0;
  Deployment deployment = records().deployments.at(kDeployment);
  deployment.id = other_deployment;
  deployment.environment = other.uid;
  deployment.mod_revision = 0;
  put({other}, {deployment});
  const Error denied{ErrorKind::kDenied, "ecs: 400 AccessDeniedException: iam:PassRole"};
  control_.fake.faults.emplace_back(denied);
  std::vector<ContainerInstanceArn> many;
  for (int i = 0; i < 30; ++i) many.emplace_back("i" + std::to_string(100 + i));
  carry_out(starts_on({kA}));
  run_for(seconds{1});
  EXPECT_EQ(process_->actor.why_paused(kCluster), "") << "others do not wait";
  EXPECT_TRUE(process_->memory.refusals.empty()) << "no instance is to blame";
  EXPECT_EQ(process_->memory.denials.at(kDeployment.value).reason, denied.message);
  control_.fake.faults = {denied, denied};
  carry_out(starts_on(many));
  process_->actor.carry_out(records().environments.at(other.uid), starts_on({kB}));
  run_for(seconds{1});
  ASSERT_EQ(control_.fake.starts.size(), 3U) << "one at a time for what is denied";
  EXPECT_EQ(std::ranges::count(control_.fake.starts, other_deployment.value,
                               &aws::StartRequest::started_by),
            1);
  EXPECT_EQ(process_->memory.denials.at(kDeployment.value).count, 2);
  carry_out(starts_on(many));
  run_for(seconds{1});
  EXPECT_TRUE(process_->memory.denials.contains(other_deployment.value));
  EXPECT_FALSE(process_->memory.denials.contains(kDeployment.value)) << "one was answered";
}

// What was known of the instance has grown old while the disk took its time.
TEST_F(ActorTest, StartsNothingOnWhatWasConfirmedBeforeASlowDisk) {
  refuse_nothing();
  process_->log.open_time = seconds{61};
  carry_out(starts_on({kA}));
  run_for(minutes{2});
  EXPECT_TRUE(control_.fake.starts.empty());
  EXPECT_TRUE(records().intents.empty()) << "it was opened, and closed again";
  process_->log.open_time = seconds{50};
  carry_out(starts_on({kA}));
  run_for(minutes{2});
  EXPECT_EQ(control_.fake.starts.size(), 1U);
}

// Whatever ECS refuses as a whole because of one instance.
TEST_F(ActorTest, ACallThatIsRefusedAsAWholeGoesOutAgainByHalves) {
  std::vector<ContainerInstanceArn> instances;
  for (int i = 0; i < 10; ++i) instances.emplace_back("i" + std::to_string(100 + i));
  control_.fake.refused_as_a_whole.insert(instances[3]);
  carry_out(starts_on(instances));
  run_for(seconds{1});
  EXPECT_EQ(records().outcomes.size(), 9U);
  EXPECT_TRUE(records().intents.empty());
  ASSERT_EQ(process_->memory.refusals.size(), 1U);
  EXPECT_EQ(process_->memory.refusals.begin()->first.second, instances[3]);
  EXPECT_EQ(control_.fake.starts.size(), 9U) << "10, 5 and 5, 2 and 3, 1 and 1, 1 and 2";
}

TEST_F(ActorTest, WhatADefinitionLacksIsNotBlamedOnInstances) {
  control_.fake.faults.emplace_back(
      Error{ErrorKind::kInvalid, "ecs: 400 ClientException: TaskDefinition is inactive"});
  carry_out(starts_on({kA, kB}));
  run_for(seconds{1});
  EXPECT_EQ(control_.fake.starts.size(), 1U);
  EXPECT_TRUE(process_->memory.refusals.empty());
  EXPECT_TRUE(process_->memory.denials.contains(kDeployment.value));
}

TEST_F(ActorTest, HalvesAreNotSentOnAnObservationThatHasGrownOld) {
  control_.fake.refused_as_a_whole.insert(kA);
  control_.call_time = seconds{61};
  carry_out(starts_on({kA, kB}));
  run_for(minutes{3});
  EXPECT_EQ(control_.fake.starts.size(), 1U);
  EXPECT_TRUE(records().intents.empty());
  EXPECT_TRUE(records().outcomes.empty());
}

// A brownout would else leave hundreds of starts to be looked for, six minutes each.
TEST_F(ActorTest, AfterAnUnknownOutcomeOneCallAtATimeGoesOut) {
  std::vector<ContainerInstanceArn> instances;
  for (int i = 0; i < 300; ++i) instances.emplace_back("i" + std::to_string(1000 + i));
  for (int i = 0; i < 1'000; ++i) control_.fake.faults.emplace_back(error(ErrorKind::kUnknown));
  const auto run_rounds = [&](int count) {
    for (int i = 0; i < count; ++i) {
      std::erase_if(instances, [&](const auto& instance) { return is_open(instance); });
      carry_out(starts_on(instances));
      process_->actor.drive();
      loop_.run_for(std::chrono::milliseconds{500});
    }
  };
  run_rounds(10);
  EXPECT_LE(control_.fake.starts.size(), 8U + 3U);
  control_.fake.faults.clear();
  run_rounds(20);
  EXPECT_GE(records().outcomes.size(), 180U) << "one was answered, so all go on";
}

// The task is there, whether or not a picture that is read anew shows it.
TEST_F(ActorTest, AStartThatThePictureClosesLeavesItsOutcome) {
  control_.fake.faults.emplace_back(error(ErrorKind::kUnknown));
  carry_out(starts_on({kA}));
  run_for(std::chrono::milliseconds{500});
  ASSERT_TRUE(is_open(kA));
  show("task-a", kA, "PENDING");
  Plan seen;
  seen.closings = {{kA, {TaskArn{"task-a"}}}};
  carry_out(seen);
  run_for(seconds{1});
  EXPECT_FALSE(is_open(kA));
  EXPECT_TRUE(records().outcomes.contains(TaskArn{"task-a"}));
}

TEST_F(ActorTest, WhatIsDeniedPausesItsClusterAndSaysWhy) {
  for (const Error& fault : {Error{ErrorKind::kDenied, "no right to StartTask"},
                             Error{ErrorKind::kNotFound, "ClusterNotFoundException: gone"}}) {
    control_.fake.faults = {fault};
    const auto count = control_.fake.starts.size();
    carry_out(starts_on({kA}));
    run_for(std::chrono::milliseconds{900});
    EXPECT_EQ(process_->actor.why_paused(kCluster), fault.message);
    EXPECT_EQ(process_->actor.why_paused(ClusterArn{"another"}), "");
    EXPECT_TRUE(process_->actor.next_due().has_value());
    Plan plan = starts_on({kA});
    plan.needs_confirmation = true;
    carry_out(plan);
    run_for(std::chrono::milliseconds{50});
    EXPECT_EQ(control_.fake.starts.size(), count + 1);
    EXPECT_TRUE(query_.calls.empty()) << "nothing is asked that could not be started";
    EXPECT_TRUE(process_->memory.refusals.empty());
    run_for(minutes{1});
    EXPECT_EQ(process_->actor.why_paused(kCluster), "");
  }
}

TEST_F(ActorTest, PausesWhenThrottled) {
  refuse_nothing();
  control_.fake.faults.emplace_back(error(ErrorKind::kThrottled));
  carry_out(starts_on({kA}));
  loop_.run_for(std::chrono::milliseconds{500});
  carry_out(starts_on({kA}));
  loop_.run_for(std::chrono::milliseconds{100});
  EXPECT_EQ(control_.fake.starts.size(), 1U);
  EXPECT_TRUE(process_->actor.next_due().has_value());
  loop_.run_for(seconds{1});
  carry_out(starts_on({kA}));
  loop_.run_for(seconds{1});
  EXPECT_EQ(control_.fake.starts.size(), 2U);
}

TEST_F(ActorTest, ALostAnswerIsLookedUpAndNeverCalledAgain) {
  control_.fake.faults.emplace_back(error(ErrorKind::kUnknown));
  carry_out(starts_on({kA, kB}));
  run_for(seconds{1});
  EXPECT_TRUE(is_open(kA) && is_open(kB));
  put_in_ecs("task-a", kA, "PENDING");
  run_for(seconds{3});
  EXPECT_FALSE(is_open(kA));
  EXPECT_TRUE(records().outcomes.contains(TaskArn{"task-a"}));
  EXPECT_TRUE(is_open(kB)) << "not finding it proves nothing yet";
  run_for(minutes{6});
  EXPECT_TRUE(is_open(kB)) << "A1, A2 and A3 add up to 363.6 s";
  run_for(seconds{10});
  EXPECT_FALSE(is_open(kB));
  EXPECT_EQ(control_.fake.starts.size(), 1U);
}

TEST_F(ActorTest, ALookUpTakesNoOldTaskForTheNewOne) {
  put_in_ecs("known", kA, "STOPPED");
  put_in_ecs("outcome", kA, "STOPPED");
  put_in_ecs("foreign", kA, "RUNNING", DeploymentId{"deployment-2"});
  control_.fake.faults.emplace_back(error(ErrorKind::kUnknown));
  Plan plan = starts_on({kA});
  plan.starts.front().known_tasks = {TaskArn{"known"}, TaskArn{"outcome"}};
  carry_out(plan);
  run_for(seconds{30});
  EXPECT_TRUE(is_open(kA));
  put_in_ecs("forgotten", kA, "STOPPED");
  query_.tasks.at(TaskArn{"forgotten"}).report.detail = R"({"createdAt":"1999-01-01T00:00:00Z"})";
  run_for(seconds{60});
  EXPECT_TRUE(is_open(kA)) << "it is older than the intent";
  put_in_ecs("new", kA, "STOPPED");  // It was started and has ended since.
  query_.tasks.at(TaskArn{"new"}).report.detail =
      R"({"createdAt":")" + format_time(loop_.wall_now()) + R"("})";
  run_for(seconds{60});
  EXPECT_FALSE(is_open(kA));
  EXPECT_TRUE(records().outcomes.contains(TaskArn{"new"}));
  EXPECT_TRUE(process_->memory.ended.contains(TaskArn{"new"}));
}

// ECS shows for a while as alive what has ended, and nobody may remember it. What was started may
// come yet: a start that is taken for done would be made again as soon as the old one is over.
TEST_F(ActorTest, ALookUpTakesNoOldTaskThatIsShownAliveForTheNewOne) {
  put_in_ecs("old", kA, "RUNNING");
  put_in_ecs("also-old", kB, "RUNNING");
  show("also-old", kB, "RUNNING");
  tasks_.at(TaskArn{"also-old"}).object.created_at = format_time(loop_.wall_now());
  loop_.run_for(minutes{1});
  control_.fake.faults.emplace_back(error(ErrorKind::kUnknown));
  carry_out(starts_on({kA, kB}));
  run_for(minutes{1});
  EXPECT_TRUE(is_open(kA) && is_open(kB));
  put_in_ecs("new", kA, "PENDING");
  run_for(minutes{1});
  EXPECT_FALSE(is_open(kA));
  EXPECT_TRUE(records().outcomes.contains(TaskArn{"new"}));
  EXPECT_TRUE(is_open(kB));
  run_for(minutes{5});
  EXPECT_FALSE(is_open(kB));
  EXPECT_TRUE(records().outcomes.contains(TaskArn{"also-old"}))
      << "it may be the new one after all";
}

TEST_F(ActorTest, ALookUpThatFailsProvesNothing) {
  control_.fake.faults.emplace_back(error(ErrorKind::kUnknown));
  carry_out(starts_on({kA}));
  query_.broken["ListTasks"] = error(ErrorKind::kUnavailable);
  run_for(minutes{20});
  EXPECT_TRUE(is_open(kA));
  query_.broken.clear();
  run_for(minutes{2});
  EXPECT_FALSE(is_open(kA));
}

// A task of which ECS will not say where it runs may be the one that is looked for, on the instance
// for which it lists it; one that it does describe is found all the same.
TEST_F(ActorTest, ALookUpConcludesNothingFromWhatCannotBeDescribed) {
  control_.fake.faults.emplace_back(error(ErrorKind::kUnknown));
  put_in_ecs("odd", kA, "RUNNING");
  query_.undescribed["odd"] = "ODD";
  carry_out(starts_on({kA, kB}));
  run_for(minutes{6});
  EXPECT_TRUE(is_open(kA) && is_open(kB));
  run_for(minutes{14});
  EXPECT_TRUE(is_open(kA));
  EXPECT_FALSE(is_open(kB)) << "ECS does not list it there";
  put_in_ecs("found", kA, "RUNNING");
  run_for(minutes{2});
  EXPECT_FALSE(is_open(kA));
  EXPECT_TRUE(records().outcomes.contains(TaskArn{"found"}));
}

// More than are asked about at a time, and the first of them stay open.
TEST_F(ActorTest, InstancesTakeTurnsInALookUpThatIsNotToldAll) {
  std::vector<ContainerInstanceArn> instances;
  for (int i = 10; i < 22; ++i) instances.emplace_back("i" + std::to_string(i));
  for (const auto& instance : instances) {
    if (instance == instances.back()) break;
    put_in_ecs("odd-" + instance.value, instance, "RUNNING");
    query_.undescribed["odd-" + instance.value] = "ODD";
  }
  for (int call = 0; call < 2; ++call) {
    control_.fake.faults.emplace_back(error(ErrorKind::kUnknown));
    const auto first = instances.begin() + 6 * call;
    carry_out(starts_on({first, first + 6}));
    run_for(seconds{1});
  }
  ASSERT_EQ(records().intents.size(), 12U);
  run_for(minutes{20});
  EXPECT_EQ(records().intents.size(), 11U);
  EXPECT_FALSE(is_open(instances.back())) << "ECS lists nothing there that nobody knows";
}

TEST_F(ActorTest, ALookUpConcludesNothingFromWhatIsNotSpokenOf) {
  control_.fake.faults.emplace_back(error(ErrorKind::kUnknown));
  put_in_ecs("odd", kA, "RUNNING");
  query_.unspoken.insert("odd");
  carry_out(starts_on({kA, kB}));
  run_for(minutes{20});
  EXPECT_TRUE(is_open(kA));
  EXPECT_FALSE(is_open(kB)) << "ECS does not list it there";
}

TEST_F(ActorTest, ACrashAfterTheIntentIsResolvedByLooking) {
  control_.holds = true;
  carry_out(starts_on({kA}));
  loop_.run_while_not([&] { return is_open(kA); }, seconds{1});
  control_.holds = false;
  crash_and_boot();
  EXPECT_TRUE(is_open(kA));
  carry_out(starts_on({kB}));
  run_for(minutes{6});
  EXPECT_TRUE(is_open(kA)) << "the time counts from when this process saw it first";
  run_for(seconds{10});
  EXPECT_FALSE(is_open(kA));
}

TEST_F(ActorTest, ACrashAfterTheCallLosesNoTask) {
  control_.holds = true;
  carry_out(starts_on({kA}));
  run_for(seconds{1});
  ASSERT_EQ(control_.fake.starts.size(), 1U);
  put_in_ecs("task-a", kA, "PENDING");
  control_.holds = false;
  crash_and_boot();
  run_for(seconds{3});
  EXPECT_FALSE(is_open(kA));
  EXPECT_TRUE(records().outcomes.contains(TaskArn{"task-a"}));
  EXPECT_EQ(control_.fake.starts.size(), 1U);
}

TEST_F(ActorTest, AnOutcomeIsKeptUntilNobodyNeedsIt) {
  carry_out(starts_on({kA, kB}));
  run_for(seconds{1});
  ASSERT_EQ(records().outcomes.size(), 2U);
  std::map<ContainerInstanceArn, TaskArn> started;
  for (const auto& [arn, outcome] : records().outcomes) started[outcome.instance] = arn;
  put_in_ecs(started[kA].value, kA, "RUNNING");
  show(started[kA].value, kA, "RUNNING");
  put_in_ecs(started[kB].value, kB, "STOPPED");
  run_for(seconds{10});
  EXPECT_TRUE(process_->memory.ended.contains(started[kB]));
  EXPECT_EQ(records().outcomes.size(), 2U);
  run_for(minutes{7});
  EXPECT_FALSE(records().outcomes.contains(started[kA])) << "shown, and long ago";
  EXPECT_TRUE(records().outcomes.contains(started[kB])) << "ECS still lists it";
  query_.tasks.clear();
  run_for(minutes{2});
  EXPECT_TRUE(records().outcomes.empty());
}

TEST_F(ActorTest, AnOutcomeOutlivesAnAnswerThatCameTooEarly) {
  refuse_nothing();
  carry_out(starts_on({kA}));
  run_for(seconds{1});
  ASSERT_EQ(records().outcomes.size(), 1U);
  const std::string started = records().outcomes.begin()->first.value;
  run_for(seconds{349});
  put_in_ecs(started, kA, "PENDING");  // A1 and A2 together allow it to be seen so late.
  run_for(seconds{9});
  EXPECT_EQ(records().outcomes.size(), 1U);
  query_.tasks.clear();  // It was never there after all.
  run_for(seconds{4});
  EXPECT_EQ(records().outcomes.size(), 1U) << "A1 and A2 add up to 363.6 s";
  run_for(seconds{5});
  EXPECT_TRUE(records().outcomes.empty());
}

}  // namespace
}  // namespace blox::scheduler
