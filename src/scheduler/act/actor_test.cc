// The launch protocol against a fake ECS and a store in memory: what is written before and after
// each call, what a lost answer and a crash leave, and how it is resolved.
#include "scheduler/act/actor.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "aws/fake_ecs.h"
#include "base/sim_loop.h"
#include "scheduler/environments/repository_for_tests.h"

namespace blox::scheduler {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const EnvironmentUid kUid{"uid-1"};
const DeploymentId kDeployment{"deployment-1"};
const ClusterArn kCluster{"arn:aws:ecs:eu-west-1:123456789012:cluster/prod"};
const ContainerInstanceArn kA{"a"};
const ContainerInstanceArn kB{"b"};

// ECS as the fake has it, but calls can be kept without an answer, for ever.
class HoldingControl final : public aws::EcsControl {
 public:
  explicit HoldingControl(Executor& executor) : never_(executor) {}
  aws::FakeEcsControl fake;
  bool holds = false;

  Async<Result<std::vector<aws::StartedOn>>> start_task(aws::StartRequest request) override {
    auto answer = co_await fake.start_task(std::move(request));
    while (holds) co_await never_.wait();
    co_return answer;
  }
  Async<Status> stop_task(ClusterArn cluster, TaskArn task, std::string reason) override {
    co_return co_await fake.stop_task(std::move(cluster), std::move(task), std::move(reason));
  }

 private:
  Signal never_;
};

// ECS as the fake has it, but lists may take their time.
class SlowQuery final : public aws::EcsQuery {
 public:
  explicit SlowQuery(Executor& executor) : executor_(executor) {}
  aws::FakeEcsQuery fake;
  Duration list_time = Duration::zero();

  Async<Result<std::vector<ClusterArn>>> list_clusters() override { return fake.list_clusters(); }
  Async<Result<ClusterArn>> describe_cluster(std::string cluster) override {
    return fake.describe_cluster(std::move(cluster));
  }
  Async<Result<std::vector<ContainerInstanceArn>>> list_container_instances(
      ClusterArn cluster) override {
    return fake.list_container_instances(std::move(cluster));
  }
  Async<Result<aws::DescribedInstances>> describe_container_instances(
      ClusterArn cluster, std::vector<ContainerInstanceArn> instances) override {
    return fake.describe_container_instances(std::move(cluster), std::move(instances));
  }
  Async<Result<std::vector<TaskArn>>> list_tasks(ClusterArn cluster,
                                                 aws::TaskFilter filter) override {
    co_await sleep_for(executor_, list_time);
    co_return co_await fake.list_tasks(std::move(cluster), std::move(filter));
  }
  Async<Result<aws::DescribedTasks>> describe_tasks(ClusterArn cluster,
                                                    std::vector<TaskArn> tasks) override {
    return fake.describe_tasks(std::move(cluster), std::move(tasks));
  }
  Async<Result<aws::DescribedTaskDefinition>> describe_task_definition(std::string name) override {
    return fake.describe_task_definition(std::move(name));
  }

 private:
  Executor& executor_;
};

// Everything that a crash takes away.
struct Process {
  Process(SimLoop& loop, Random& random, Metrics& metrics, std::shared_ptr<store::MemoryDisk> disk,
          aws::EcsControl& control, aws::EcsQuery& query, const client::ClusterMirror::Tasks& tasks)
      : store(loop, std::move(disk)),
        repository(loop, store),
        log(repository),
        context{loop,   random,       repository,          log,         control, query, tasks,
                memory, ActOptions{}, ActMetrics{metrics}, Signal{loop}},
        actor(context) {}
  store::MemoryStore store;
  Repository repository;
  RepositoryIntentLog log;
  LaunchMemory memory;
  ActContext context;
  Actor actor;
};

class ActorTest : public testing::Test {
 protected:
  ActorTest() {
    boot();
    Environment environment;
    environment.uid = kUid;
    environment.name = EnvironmentName{"logs"};
    environment.cluster = kCluster;
    environment.deployment = kDeployment;
    Deployment deployment;
    deployment.id = kDeployment;
    deployment.environment = kUid;
    deployment.environment_name = environment.name;
    deployment.task_definition = TaskDefinitionArn{"logs:1"};
    const auto stored = await(process_->repository.put({environment}, {deployment}));
    EXPECT_TRUE(stored.has_value());
  }

  void boot() {
    process_ =
        std::make_unique<Process>(loop_, random_, metrics_, disk_, control_, slow_query_, tasks_);
    const auto loaded = await(process_->repository.load());
    EXPECT_TRUE(loaded.has_value());
  }
  void crash_and_boot() {
    process_.reset();
    boot();
  }

  template <class T>
  T await(Async<T> work) {
    std::optional<T> result;
    Scope scope{loop_};
    auto keep = [&]() -> Async<void> { result.emplace(co_await std::move(work)); };
    scope.spawn(keep());
    EXPECT_TRUE(loop_.run_while_not([&] { return result.has_value(); }, minutes{1}));
    return std::move(*result);
  }

  // Rounds that plan nothing.
  void run_for(Duration duration) {
    const TimePoint end = loop_.now() + duration;
    while (loop_.now() < end) {
      process_->actor.drive();
      loop_.run_for(std::min<Duration>(std::chrono::milliseconds{500}, end - loop_.now()));
    }
    process_->actor.drive();
  }

  const Records& records() const { return process_->repository.records(); }
  void carry_out(const Plan& plan) {
    process_->actor.carry_out(records().environments.at(kUid), plan);
  }
  Plan starts_on(std::vector<ContainerInstanceArn> instances) {
    Plan plan;
    for (const auto& arn : instances) {
      plan.starts.push_back({arn, 1, "no task there", {}, loop_.now(), loop_.now()});
    }
    return plan;
  }
  Plan stop_of(const TaskArn& task) {
    Plan plan;
    plan.stops.push_back({kA, task, kDeployment.value, "outdated"});
    return plan;
  }

  void put_in_ecs(const std::string& arn, const ContainerInstanceArn& instance,
                  const std::string& status, const DeploymentId& deployment = kDeployment) {
    aws::FakeEcsQuery::Task task;
    task.report.arn = TaskArn{arn};
    task.report.cluster = kCluster;
    task.report.container_instance = instance;
    task.report.last_status = make_task_status(status);
    task.started_by = deployment.value;
    task.family = "logs";
    task.stopped = status == "STOPPED";
    task.report.detail = R"({"startedBy":")" + deployment.value + R"("})";
    query_.tasks[task.report.arn] = task;
  }
  void show(const std::string& arn, const ContainerInstanceArn& instance,
            const std::string& status) {
    Task task;
    task.arn = TaskArn{arn};
    task.cluster = kCluster;
    task.container_instance = instance;
    task.last_status = make_task_status(status);
    task.started_by = kDeployment.value;
    tasks_[task.arn] = {1, task};
  }
  bool is_open(const ContainerInstanceArn& arn) const {
    return records().intents.contains({kUid, arn});
  }
  static Error error(ErrorKind kind) { return {kind, "told to fail"}; }

  SimLoop loop_{7};
  Random random_{7};
  Metrics metrics_;
  std::shared_ptr<store::MemoryDisk> disk_ = store::make_memory_disk(7);
  HoldingControl control_{loop_};
  SlowQuery slow_query_{loop_};
  aws::FakeEcsQuery& query_ = slow_query_.fake;
  client::ClusterMirror::Tasks tasks_;
  std::unique_ptr<Process> process_;
};

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

TEST_F(ActorTest, WhatIsDeniedPausesItsClusterAndSaysWhy) {
  for (const Error& fault : {Error{ErrorKind::kDenied, "no right to StartTask"},
                             Error{ErrorKind::kInvalid, "ClusterNotFoundException: gone"}}) {
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

TEST_F(ActorTest, AStopIsRepeatedUntilThePictureShowsItsEnd) {
  show("task-a", kA, "RUNNING");
  put_in_ecs("task-a", kA, "RUNNING");
  carry_out(stop_of(TaskArn{"task-a"}));
  run_for(seconds{1});
  ASSERT_EQ(control_.fake.stops.size(), 1U);
  EXPECT_EQ(control_.fake.stops.front().reason, "blox: outdated");
  run_for(seconds{11});
  EXPECT_EQ(control_.fake.stops.size(), 2U);
  crash_and_boot();
  run_for(seconds{1});
  EXPECT_EQ(control_.fake.stops.size(), 3U) << "an open stop outlives the process";
  Plan seen;
  seen.closings = {kA};
  carry_out(seen);
  run_for(minutes{5});
  EXPECT_FALSE(is_open(kA));
  EXPECT_EQ(control_.fake.stops.size(), 3U);
}

TEST_F(ActorTest, AStopWhoseEventWasLostIsSeenByDescribe) {
  show("task-a", kA, "RUNNING");
  put_in_ecs("task-a", kA, "STOPPED");
  carry_out(stop_of(TaskArn{"task-a"}));
  run_for(seconds{5});
  EXPECT_FALSE(process_->memory.ended.contains(TaskArn{"task-a"}));
  run_for(seconds{10});
  EXPECT_TRUE(process_->memory.ended.contains(TaskArn{"task-a"}));
}

// DRAINING and ACTIVE again, or a deployment that rolls back, while no call could be made.
TEST_F(ActorTest, AStopThatWasNotSentIsTakenBack) {
  Plan withdrawal;
  withdrawal.withdrawals = {kA};
  for (const auto kind : {ErrorKind::kThrottled, ErrorKind::kUnavailable, ErrorKind::kDenied}) {
    control_.fake.faults = {error(kind)};
    const auto count = control_.fake.stops.size();
    carry_out(stop_of(TaskArn{"task-a"}));
    run_for(std::chrono::milliseconds{900});
    EXPECT_TRUE(is_open(kA));
    carry_out(withdrawal);
    run_for(minutes{1});
    EXPECT_FALSE(is_open(kA));
    EXPECT_EQ(control_.fake.stops.size(), count + 1) << "what was taken back is not sent";
  }
}

TEST_F(ActorTest, AStopThatMayHaveTakenEffectIsNotTakenBack) {
  Plan withdrawal;
  withdrawal.withdrawals = {kA};
  control_.fake.faults = {error(ErrorKind::kUnknown), error(ErrorKind::kThrottled)};
  carry_out(stop_of(TaskArn{"task-a"}));
  run_for(seconds{2});
  ASSERT_EQ(control_.fake.stops.size(), 2U);
  carry_out(withdrawal);
  run_for(seconds{1});
  EXPECT_TRUE(is_open(kA)) << "nobody knows what became of the first call";
  crash_and_boot();
  control_.fake.faults = {error(ErrorKind::kThrottled)};
  run_for(std::chrono::milliseconds{900});
  carry_out(withdrawal);
  run_for(seconds{1});
  EXPECT_TRUE(is_open(kA)) << "an earlier process may have sent it";
}

TEST_F(ActorTest, NoStopIsSentToWhereNobodyListens) {
  Plan silent;
  silent.silent_stops = {kA};
  carry_out(stop_of(TaskArn{"task-a"}));
  loop_.run_while_not([&] { return is_open(kA); }, seconds{1});
  for (int i = 0; i < 60; ++i) {
    carry_out(silent);
    process_->actor.drive();
    loop_.run_for(seconds{1});
  }
  EXPECT_TRUE(control_.fake.stops.empty());
  run_for(seconds{15});
  EXPECT_FALSE(control_.fake.stops.empty()) << "somebody does again";
}

TEST_F(ActorTest, AStopThatFailsIsTriedAgain) {
  control_.fake.faults.emplace_back(error(ErrorKind::kUnknown));
  control_.fake.faults.emplace_back(error(ErrorKind::kThrottled));
  carry_out(stop_of(TaskArn{"task-a"}));
  run_for(seconds{1});
  EXPECT_TRUE(is_open(kA));
  run_for(seconds{5});
  EXPECT_EQ(control_.fake.stops.size(), 3U);
  EXPECT_TRUE(is_open(kA));
}

// The picture shows a task that ECS knows no more: the stop of it must not become a fast loop.
TEST_F(ActorTest, AStopOfWhatIsNotThereWaitsAndIsOverInTheEnd) {
  show("task-a", kA, "RUNNING");
  for (int i = 0; i < 100; ++i) control_.fake.faults.emplace_back(error(ErrorKind::kNotFound));
  carry_out(stop_of(TaskArn{"task-a"}));
  run_for(minutes{5});
  EXPECT_TRUE(is_open(kA)) << "ECS may not show it yet";
  EXPECT_FALSE(process_->memory.ended.contains(TaskArn{"task-a"}));
  run_for(minutes{1});
  EXPECT_FALSE(is_open(kA));
  EXPECT_TRUE(process_->memory.ended.contains(TaskArn{"task-a"}));
  EXPECT_LT(control_.fake.stops.size(), 20U);
}

TEST_F(ActorTest, StopsNothingThatIsNotOurs) {
  Plan plan = stop_of(TaskArn{"task-a"});
  plan.stops.front().started_by = "somebody";
  carry_out(plan);
  run_for(seconds{5});
  EXPECT_TRUE(control_.fake.stops.empty());
  EXPECT_FALSE(is_open(kA));
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
  carry_out(starts_on({kA}));
  run_for(seconds{1});
  ASSERT_EQ(records().outcomes.size(), 1U);
  const std::string started = records().outcomes.begin()->first.value;
  run_for(seconds{298});
  put_in_ecs(started, kA, "PENDING");  // A2 allows it to be seen so late.
  run_for(seconds{60});
  EXPECT_EQ(records().outcomes.size(), 1U);
  query_.tasks.clear();  // It was never there after all.
  run_for(seconds{4});
  EXPECT_EQ(records().outcomes.size(), 1U) << "A1 and A2 add up to 363.6 s";
  run_for(seconds{5});
  EXPECT_TRUE(records().outcomes.empty());
}

TEST_F(ActorTest, AnOldObservationIsConfirmedByDescribeFirst) {
  InstanceReport report;
  report.arn = kA;
  report.cluster = kCluster;
  report.status = make_instance_status("ACTIVE");
  report.detail = R"({"agentConnected":true})";
  query_.instances[kA] = report;
  report.arn = kB;
  report.detail = R"({"agentConnected":false})";
  query_.instances[kB] = report;
  Plan plan = starts_on({kA, kB});
  plan.starts[0].confirmed_at = std::nullopt;
  plan.starts[1].confirmed_at = std::nullopt;
  carry_out(plan);
  run_for(seconds{1});
  EXPECT_TRUE(control_.fake.starts.empty());
  carry_out(plan);
  run_for(seconds{1});
  ASSERT_EQ(control_.fake.starts.size(), 1U);
  EXPECT_EQ(control_.fake.starts.front().instances, std::vector{kA});
}

TEST_F(ActorTest, ManyStartsAreConfirmedByListTasksFirst) {
  put_in_ecs("unseen", kA, "RUNNING");
  Plan plan = starts_on({kA, kB});
  plan.needs_confirmation = true;
  carry_out(plan);
  run_for(seconds{1});
  EXPECT_TRUE(control_.fake.starts.empty());
  carry_out(plan);
  run_for(seconds{1});
  ASSERT_EQ(control_.fake.starts.size(), 1U);
  EXPECT_EQ(control_.fake.starts.front().instances, std::vector{kB});
  EXPECT_TRUE(process_->actor.next_due().has_value());
}

TEST_F(ActorTest, AConfirmationThatTakesLongServesAllTheSame) {
  slow_query_.list_time = seconds{30};
  put_in_ecs("going", kB, "STOPPING");
  query_.tasks.at(TaskArn{"going"}).stopped = true;
  put_in_ecs("foreign", kA, "RUNNING", DeploymentId{"somebody"});
  for (int i = 0; i < 90 && control_.fake.starts.empty(); ++i) {
    Plan plan = starts_on({kA, kB});
    plan.needs_confirmation = true;
    carry_out(plan);
    run_for(seconds{1});
  }
  ASSERT_EQ(control_.fake.starts.size(), 1U);
  EXPECT_EQ(control_.fake.starts.front().instances, std::vector{kA});
  EXPECT_EQ(std::ranges::count(query_.calls, "ListTasks prod"), 2) << "one family, two statuses";
}

TEST_F(ActorTest, AConfirmationThatFailsIsNotRepeatedAtOnce) {
  query_.broken["ListTasks"] = error(ErrorKind::kThrottled);
  for (int i = 0; i < 60; ++i) {
    Plan plan = starts_on({kA});
    plan.needs_confirmation = true;
    carry_out(plan);
    run_for(seconds{1});
  }
  EXPECT_LE(query_.calls.size(), 7U);
  EXPECT_TRUE(control_.fake.starts.empty());
}

TEST_F(ActorTest, ADeleteThatOvertakesAStartPreventsIt) {
  Environment environment = records().environments.at(kUid);
  environment.deleting = true;
  std::optional<Status> deleted;
  Scope scope{loop_};
  auto remove = [&]() -> Async<void> {
    std::vector<Environment> environments{environment};
    deleted.emplace(co_await process_->repository.put(std::move(environments), {}));
  };
  scope.spawn(remove());
  carry_out(starts_on({kA}));  // Planned before the delete is known.
  run_for(minutes{1});
  ASSERT_TRUE(deleted && *deleted);
  EXPECT_TRUE(records().environments.empty());
  EXPECT_TRUE(records().intents.empty());
  EXPECT_TRUE(records().outcomes.empty()) << "or it was started, and waited for";
}

// ECS refuses every question about a cluster that was deleted: nothing may wait for an answer.
TEST_F(ActorTest, ADeletedClusterLeavesNothingOpen) {
  const Error gone{ErrorKind::kNotFound, "ecs: 400 ClusterNotFoundException: Cluster not found."};
  carry_out(starts_on({kA}));
  run_for(seconds{1});
  control_.fake.faults.emplace_back(error(ErrorKind::kUnknown));
  carry_out(starts_on({kB}));
  run_for(seconds{1});
  EXPECT_EQ(records().outcomes.size(), 1U);
  EXPECT_TRUE(is_open(kB));
  query_.broken["ListTasks"] = gone;
  query_.broken["DescribeTasks"] = gone;
  Environment environment = records().environments.at(kUid);
  environment.deleting = true;
  environment.terminate_tasks = true;
  ASSERT_TRUE(await(process_->repository.put({environment}, {})).has_value());
  run_for(minutes{6});
  EXPECT_EQ(records().outcomes.size(), 1U) << "not before the settle time";
  EXPECT_TRUE(is_open(kB)) << "not before the settle time";
  run_for(minutes{7});
  EXPECT_TRUE(records().outcomes.empty());
  EXPECT_FALSE(is_open(kB));
  EXPECT_TRUE(records().environments.empty());
}

TEST_F(ActorTest, ADeletedEnvironmentGoesWhenNothingOfItIsOpen) {
  carry_out(starts_on({kA}));
  run_for(seconds{1});
  Environment environment = records().environments.at(kUid);
  environment.deleting = true;
  environment.terminate_tasks = true;
  put_in_ecs("left", kA, "RUNNING");
  ASSERT_TRUE(await(process_->repository.put({environment}, {})).has_value());
  run_for(minutes{10});
  EXPECT_TRUE(records().environments.contains(kUid)) << "ECS lists a task of it";
  query_.tasks.clear();
  run_for(minutes{5});
  EXPECT_TRUE(records().environments.contains(kUid)) << "the list may lag";
  run_for(minutes{1});
  EXPECT_TRUE(records().environments.empty());
  EXPECT_TRUE(records().outcomes.empty());
}

}  // namespace
}  // namespace blox::scheduler
