// Act as a whole on a fake ECS and a store in memory that is busy, with crashes, for the tests of
// its parts.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aws/fake_ecs.h"
#include "base/insist_for_tests.h"
#include "base/sim_loop.h"
#include "scheduler/act/actor.h"
#include "scheduler/environments/repository_for_tests.h"

namespace blox::scheduler {

inline const EnvironmentUid kUid{"uid-1"};
inline const DeploymentId kDeployment{"deployment-1"};
inline const ClusterArn kCluster{"arn:aws:ecs:eu-west-1:123456789012:cluster/prod"};
inline const ContainerInstanceArn kA{"a"};
inline const ContainerInstanceArn kB{"b"};

// ECS as the fake has it, but calls can be kept without an answer, for ever.
class HoldingControl final : public aws::EcsControl {
 public:
  explicit HoldingControl(Executor& executor) : executor_(executor), never_(executor) {}
  aws::FakeEcsControl fake;
  bool holds = false;
  Duration call_time = Duration::zero();

  Async<Result<std::vector<aws::StartedOn>>> start_task(aws::StartRequest request) override {
    auto answer = co_await fake.start_task(std::move(request));
    co_await sleep_for(executor_, call_time);
    while (holds) co_await never_.wait();
    co_return answer;
  }
  Async<Status> stop_task(ClusterArn cluster, TaskArn task, std::string reason) override {
    co_return co_await fake.stop_task(std::move(cluster), std::move(task), std::move(reason));
  }

 private:
  Executor& executor_;
  Signal never_;
};

// ECS as the fake has it, but answers may take their time.
class SlowQuery final : public aws::EcsQuery {
 public:
  explicit SlowQuery(Executor& executor) : executor_(executor) {}
  aws::FakeEcsQuery fake;
  Duration list_time = Duration::zero();
  Duration describe_time = Duration::zero();  // From what is then so to the answer.

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
    auto described = co_await fake.describe_tasks(std::move(cluster), std::move(tasks));
    co_await sleep_for(executor_, describe_time);
    co_return described;
  }
  Async<Result<aws::DescribedTaskDefinition>> describe_task_definition(std::string name) override {
    return fake.describe_task_definition(std::move(name));
  }

 private:
  Executor& executor_;
};

// The real log, but a disk that is full keeps intents open, and a slow one takes its time.
class FullLog final : public IntentLog {
 public:
  FullLog(Executor& executor, Repository& repository) : executor_(executor), real_(repository) {}
  bool is_full = false;
  Duration open_time = Duration::zero();
  int refused_count = 0;  // Openings that the store was too busy for.

  Async<Result<std::vector<Intent>>> open(std::vector<Intent> intents) override {
    co_await sleep_for(executor_, open_time);
    auto opened = co_await real_.open(std::move(intents));
    if (!opened && opened.error().kind == ErrorKind::kUnavailable) ++refused_count;
    co_return opened;
  }
  Async<Status> close(std::vector<IntentClosing> closings) override {
    if (is_full) co_return fail(ErrorKind::kUnavailable, "told to fail");
    co_return co_await real_.close(std::move(closings));
  }

 private:
  Executor& executor_;
  RepositoryIntentLog real_;
};

// Everything that a crash takes away.
struct Process {
  Process(SimLoop& loop, Random& random, Metrics& metrics, std::shared_ptr<store::MemoryDisk> disk,
          std::uint64_t store_seed, aws::EcsControl& control, aws::EcsQuery& query,
          const client::ClusterMirror::Tasks& tasks)
      : store(loop, std::move(disk), store_seed),
        repository(loop, store.slow),
        log(loop, repository),
        context{loop,   random,       repository,          log,         control, query, tasks,
                memory, ActOptions{}, ActMetrics{metrics}, Signal{loop}},
        actor(context) {}
  StoreForTests store;
  Repository repository;
  FullLog log;
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
    put({environment}, {deployment});
  }

  void boot() {
    process_ = std::make_unique<Process>(loop_, random_, metrics_, disk_, store_seed_++, control_,
                                         slow_query_, tasks_);
    if (refuses_nothing_) process_->store.refuse_nothing();
    const auto loaded = run_to_end(loop_, process_->repository.load());
    EXPECT_TRUE(loaded.has_value());
  }
  // For a test that says when what is stored: the store takes everything, a little later.
  void refuse_nothing() {
    refuses_nothing_ = true;
    process_->store.refuse_nothing();
  }
  void crash_and_boot() {
    process_.reset();
    boot();
  }

  void put(const std::vector<Environment>& environments,
           const std::vector<Deployment>& deployments) {
    const Status stored =
        insist(loop_, [&] { return process_->repository.put(environments, deployments); });
    EXPECT_TRUE(stored.has_value());
  }
  void forget_emptied() {
    EXPECT_TRUE(insist(loop_, [&] { return process_->repository.remove_emptied({{kUid, kA}}); }));
  }

  void run_round(const Plan& plan) {
    if (records().environments.contains(kUid)) carry_out(plan);
    process_->actor.drive();
  }
  // Rounds with this plan, which by itself plans nothing.
  void run_for(Duration duration, const Plan& plan = {}) {
    const TimePoint end = loop_.now() + duration;
    while (loop_.now() < end) {
      run_round(plan);
      loop_.run_for(std::min<Duration>(std::chrono::milliseconds{500}, end - loop_.now()));
    }
    run_round(plan);
  }

  const Records& records() const { return process_->repository.records(); }
  // And lets the store open what is begun by it. What it was too busy for is planned again, as by
  // rounds, once the pause is over.
  void carry_out(Plan plan) {
    while (true) {
      const int refused_count = process_->log.refused_count;
      process_->actor.carry_out(records().environments.at(kUid), plan);
      if (plan.starts.empty() && plan.stops.empty()) return;
      loop_.run_for(std::chrono::milliseconds{10});
      if (process_->log.refused_count == refused_count) return;
      do {
        loop_.run_for(std::chrono::seconds{1});
      } while (!process_->actor.why_paused(kCluster).empty());
      std::erase_if(plan.starts, [&](const auto& start) { return is_begun(start.instance); });
      std::erase_if(plan.stops, [&](const auto& stop) { return is_open(stop.instance); });
    }
  }
  bool is_begun(const ContainerInstanceArn& instance) const {
    return is_open(instance) || std::ranges::any_of(records().outcomes, [&](const auto& entry) {
             return entry.second.instance == instance;
           });
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
    plan.stops.push_back({kA, task, kDeployment.value, "outdated", std::nullopt});
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
    task.report.detail = R"({"desiredStatus":"RUNNING","startedBy":")" + deployment.value +
                         R"(","createdAt":")" + format_time(loop_.wall_now()) + R"("})";
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
  std::uint64_t store_seed_ = 7;
  bool refuses_nothing_ = false;
  HoldingControl control_{loop_};
  SlowQuery slow_query_{loop_};
  aws::FakeEcsQuery& query_ = slow_query_.fake;
  client::ClusterMirror::Tasks tasks_;
  std::unique_ptr<Process> process_;
};

}  // namespace blox::scheduler
