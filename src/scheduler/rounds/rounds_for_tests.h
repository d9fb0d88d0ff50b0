// The scheduler's whole loop in virtual time on a small cluster that answers late and loses
// answers, on a store that is busy, for the tests of rounds. The judge is the cluster.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "aws/fake_ecs.h"
#include "base/insist_for_tests.h"
#include "base/sim_loop.h"
#include "scheduler/environments/operations.h"
#include "scheduler/environments/repository_for_tests.h"
#include "scheduler/rounds/rounds.h"

namespace blox::scheduler {

inline const EnvironmentUid kUid{"uid-1"};
inline const ClusterArn kCluster{"arn:aws:ecs:eu-west-1:123456789012:cluster/prod"};

// The cluster, its cluster-state-service and its API in one. Outlives the scheduler's processes.
class TinyCluster final : public client::ClusterState, public aws::EcsControl {
 public:
  explicit TinyCluster(SimLoop& loop) : loop_(loop), random_(11), changed_(loop), scope_(loop) {}

  int lost_answer_percent = 0;
  std::size_t most_live = 0;  // Of tasks on one instance, ever.
  int start_calls = 0;
  std::optional<Error> start_fault;         // Of all calls, while it is set.
  std::set<std::string> refused_on;         // Instances, of which a call says RESOURCE:MEMORY.
  std::optional<Error> stop_fault;          // Of all stops.
  Duration event_delay = Duration::zero();  // Of tasks; ECS itself knows at once.
  std::map<std::string, Duration> life_of;  // By definition: then its tasks die.
  Duration told_age = Duration::zero();     // Of what changes say of instances.
  aws::FakeEcsQuery query;

  void put_instance(const std::string& arn, const std::string& status = "ACTIVE",
                    bool connected = true) {
    ContainerInstance instance;
    instance.arn = ContainerInstanceArn{arn};
    instance.cluster = kCluster;
    instance.status = make_instance_status(status);
    instance.agent_connected = connected;
    InstanceReport& report = query.instances[instance.arn];
    report.arn = instance.arn;
    report.cluster = kCluster;
    report.status = instance.status;
    report.detail = connected ? R"({"agentConnected":true})" : R"({"agentConnected":false})";
    push(instances_, instance);
  }
  // As after hours: no trace of the tasks that are over. Requires: no stream is open.
  void forget_stopped() {
    std::erase_if(truth_, [](const auto& entry) { return entry.second.last_status.is_final(); });
    std::erase_if(tasks_,
                  [this](const auto& change) { return !truth_.contains(change.entry.object.arn); });
    std::erase_if(query.tasks, [this](const auto& entry) { return !truth_.contains(entry.first); });
  }
  // No event tells of it. The definition has a health check then.
  void set_health(const std::string& definition, const std::string& word) {
    health_of_[definition] = word;
    query.task_definitions[definition] = {TaskDefinitionArn{definition}, true, {"main"}};
    for (const auto& [arn, task] : truth_) {
      if (task.task_definition.value == definition) describe_health(task);
    }
  }
  // A task that somebody else started.
  void put_foreign(const std::string& instance, const std::string& group) {
    aws::StartRequest request;
    request.started_by = "somebody";
    request.group = group;
    begin(request, ContainerInstanceArn{instance}, TaskArn{"foreign"});
  }
  void end_task(const TaskArn& arn) { set_status(arn, "STOPPED", "Essential container exited"); }

  std::vector<Task> live_on(const std::string& instance) const {
    std::vector<Task> live;
    for (const auto& [arn, task] : truth_) {
      if (task.container_instance->value == instance && !task.last_status.is_final()) {
        live.push_back(task);
      }
    }
    return live;
  }
  std::size_t running_count(const std::string& definition) const {
    return static_cast<std::size_t>(std::ranges::count_if(truth_, [&](const auto& entry) {
      return entry.second.last_status.is_running() &&
             entry.second.task_definition.value == definition;
    }));
  }

  // What happens to the call happens whether or not its caller lives.
  Async<Result<std::vector<aws::StartedOn>>> start_task(aws::StartRequest request) override {
    ++start_calls;
    if (start_fault) co_return std::unexpected(*start_fault);
    std::vector<aws::StartedOn> started;
    std::vector<TaskArn> arns;
    for (const auto& instance : request.instances) {
      if (refused_on.contains(instance.value)) {
        started.push_back({instance, std::unexpected(aws::StartFailure{"RESOURCE:MEMORY", ""})});
        continue;
      }
      arns.emplace_back("task-" + std::to_string(task_count_++));
      started.push_back({instance, arns.back()});
      begin(request, instance, arns.back());
    }
    const bool lost = random_.percent(static_cast<unsigned>(lost_answer_percent));
    co_await sleep_for(loop_, std::chrono::milliseconds{50});
    if (lost) co_return fail(ErrorKind::kUnknown, "the answer was lost");
    co_return started;
  }
  Async<Status> stop_task(ClusterArn, TaskArn task, std::string reason) override {
    if (stop_fault) co_return std::unexpected(*stop_fault);
    scope_.spawn(stop(std::move(task), std::move(reason)));
    co_await sleep_for(loop_, std::chrono::milliseconds{50});
    co_return done();
  }

  Async<Result<client::TaskListing>> list_tasks(client::TaskFilter) override {
    co_return fail(ErrorKind::kInternal, "not asked for by the mirror");
  }
  Async<Result<client::InstanceListing>> list_instances(client::InstanceFilter) override {
    co_return fail(ErrorKind::kInternal, "not asked for by the mirror");
  }
  Async<Result<client::Versioned<Task>>> get_task(std::string, TaskArn) override {
    co_return fail(ErrorKind::kInternal, "not asked for by the mirror");
  }
  Async<Result<client::Versioned<ContainerInstance>>> get_instance(std::string,
                                                                   ContainerInstanceArn) override {
    co_return fail(ErrorKind::kInternal, "not asked for by the mirror");
  }
  Async<Result<std::unique_ptr<client::TaskStream>>> open_task_stream(
      client::StreamStart) override {
    co_return std::make_unique<Stream<Task>>(*this, tasks_);
  }
  Async<Result<std::unique_ptr<client::InstanceStream>>> open_instance_stream(
      client::StreamStart) override {
    co_return std::make_unique<Stream<ContainerInstance>>(*this, instances_);
  }

 private:
  template <class Object>
  using Log = std::vector<client::Change<Object>>;

  // Sends the whole history as the snapshot, a bookmark, then what comes.
  template <class Object>
  class Stream final : public client::ChangeStream<Object> {
   public:
    Stream(TinyCluster& cluster, const Log<Object>& log) : cluster_(cluster), log_(log) {}
    Async<Result<std::vector<client::Change<Object>>>> next() override {
      const TimePoint bookmark_at = cluster_.loop_.now() + std::chrono::seconds{10};
      while (opened_ && sent_ == log_.size() && cluster_.loop_.now() < bookmark_at) {
        co_await cluster_.changed_.wait_until(bookmark_at);
      }
      Log<Object> changes(log_.begin() + static_cast<std::ptrdiff_t>(sent_), log_.end());
      // What the snapshot holds is of any age.
      for (auto& change : changes) {
        if (opened_) change.entry.age = cluster_.told_age;
      }
      opened_ = true;
      sent_ = log_.size();
      client::Change<Object> bookmark;
      bookmark.kind = client::ChangeKind::kBookmark;
      bookmark.bookmark = {"store", cluster_.version_, {{kCluster, cluster_.loop_.wall_now()}}};
      changes.push_back(bookmark);
      co_return changes;
    }

   private:
    TinyCluster& cluster_;
    const Log<Object>& log_;
    std::size_t sent_ = 0;
    bool opened_ = false;
  };

  template <class Object>
  void push(Log<Object>& log, const Object& object) {
    client::Change<Object> change;
    change.entry = {++version_, object};
    log.push_back(change);
    changed_.notify_all();
  }

  void begin(const aws::StartRequest& request, const ContainerInstanceArn& instance,
             const TaskArn& arn) {
    Task task;
    task.arn = arn;
    task.cluster = kCluster;
    task.container_instance = instance;
    task.task_definition = request.task_definition;
    task.started_by = request.started_by;
    task.group = request.group;
    task.created_at = format_time(loop_.wall_now());
    truth_[arn] = task;
    most_live = std::max(most_live, live_on(instance.value).size());
    scope_.spawn(live(arn));
  }
  Async<void> live(TaskArn arn) {
    co_await sleep_for(loop_,
                       random_.between(std::chrono::milliseconds{1}, std::chrono::seconds{3}));
    set_status(arn, "PENDING");
    co_await sleep_for(loop_,
                       random_.between(std::chrono::milliseconds{1}, std::chrono::seconds{3}));
    set_status(arn, "RUNNING");
    const auto life = life_of.find(truth_.at(arn).task_definition.value);
    if (life == life_of.end()) co_return;
    co_await sleep_for(loop_, life->second);
    set_status(arn, "STOPPED", "Essential container exited");
  }
  void describe_health(const Task& task) {
    const auto health = health_of_.find(task.task_definition.value);
    if (health == health_of_.end()) return;
    query.tasks[task.arn].report.describe_only =
        fmt::format(R"({{"containerHealthStatus":{{"main":"{}"}}}})", health->second);
  }
  Async<void> tell_late(Task task) {
    co_await sleep_for(loop_, event_delay);
    push(tasks_, task);
  }
  Async<void> stop(TaskArn arn, std::string reason) {
    co_await sleep_for(loop_,
                       random_.between(std::chrono::milliseconds{1}, std::chrono::seconds{2}));
    set_status(arn, "STOPPING", reason);
    co_await sleep_for(loop_,
                       random_.between(std::chrono::milliseconds{1}, std::chrono::seconds{2}));
    set_status(arn, "STOPPED", reason);
  }
  void set_status(const TaskArn& arn, const std::string& status, const std::string& reason = "") {
    Task& task = truth_.at(arn);
    const bool ends = !reason.empty();
    if (task.last_status.is_final() || (!ends && task.desired_status.is_final())) return;
    task.last_status = make_task_status(status);
    task.desired_status = make_task_status(ends ? "STOPPED" : "RUNNING");
    if (status == "RUNNING") task.started_at = format_time(loop_.wall_now());
    if (status == "STOPPED") task.stopped_at = format_time(loop_.wall_now());
    task.stopped_reason = reason;
    most_live = std::max(most_live, live_on(task.container_instance->value).size());
    auto& known = query.tasks[arn];
    known.report.arn = arn;
    known.report.cluster = kCluster;
    known.report.last_status = task.last_status;
    known.report.container_instance = task.container_instance;
    known.started_by = task.started_by;
    known.family = "logs";
    known.report.detail = fmt::format(R"({{"desiredStatus":"{}","startedBy":"{}"}})",
                                      format(task.desired_status), task.started_by);
    known.stopped = ends;
    describe_health(task);
    if (event_delay == Duration::zero()) {
      push(tasks_, task);
    } else {
      scope_.spawn(tell_late(task));
    }
  }

  SimLoop& loop_;
  Random random_;
  std::map<TaskArn, Task> truth_;
  std::map<std::string, std::string> health_of_;  // By definition, of those with a check.
  int task_count_ = 0;
  Log<Task> tasks_;
  Log<ContainerInstance> instances_;
  client::EntityVersion version_ = 0;
  Signal changed_;
  Scope scope_;
};

// Nothing is asked of it here.
class NoDirectory final : public Directory {
 public:
  Async<Result<std::optional<ClusterArn>>> find_cluster(std::string) override {
    co_return std::nullopt;
  }
  Async<Result<std::optional<TaskDefinitionArn>>> find_task_definition(std::string) override {
    co_return std::nullopt;
  }
};

// Notes whose turn it was.
class NotingPlanner final : public Planner {
 public:
  Plan plan(const World& world) override {
    turns.push_back(world.desired.environment_name);
    return planner_.plan(world);
  }
  std::vector<std::string> turns;

 private:
  DaemonPlanner planner_;
};

// One life of the scheduler.
struct Process {
  Process(SimLoop& loop, TinyCluster& cluster, std::shared_ptr<store::MemoryDisk> disk,
          std::uint64_t store_seed, RoundsOptions options)
      : random(3),
        store(loop, std::move(disk), store_seed),
        repository(loop, store.slow),
        log(repository),
        mirror(loop, random, cluster),
        rounds({loop, random, repository, mirror, planner, log, cluster, cluster.query, board,
                metrics},
               options),
        scope(loop) {
    scope.spawn(mirror.run());
    scope.spawn(work());
  }
  Async<void> work() {
    const Status loaded = co_await repository.load();
    EXPECT_TRUE(loaded.has_value());
    co_await rounds.run();
  }
  Random random;
  Metrics metrics;
  StoreForTests store;
  Repository repository;
  RepositoryIntentLog log;
  client::ClusterMirror mirror;
  NotingPlanner planner;
  StatusBoard board;
  Rounds rounds;
  Scope scope;
};

class RoundsTest : public testing::Test {
 protected:
  RoundsTest() { boot(cluster_); }

  void boot(TinyCluster& cluster) {
    process_ = std::make_unique<Process>(loop_, cluster, disk_, store_seed_++, options_);
    if (refuses_nothing_) process_->store.refuse_nothing();
  }
  // For a test that says how soon something is begun: the store takes everything, a little later.
  void refuse_nothing() {
    refuses_nothing_ = true;
    process_->store.refuse_nothing();
  }

  void add_instances(int count) {
    for (int i = 0; i < count; ++i) {
      names_.push_back("i" + std::to_string(100 + static_cast<int>(names_.size())));
      cluster_.put_instance(names_.back());
    }
  }
  void crash(bool hours_pass = false) {
    process_.reset();
    if (hours_pass) cluster_.forget_stopped();
    boot(cluster_);
    loop_.run_for(std::chrono::milliseconds{50});
  }
  const Records& records() const { return process_->repository.records(); }

  // What the API does for "deploy".
  void deploy(const std::string& id, const std::string& definition) {
    loop_.run_for(std::chrono::milliseconds{50});  // Until its records are read.
    Environment environment;
    const auto found = records().environments.find(uid_);
    if (found != records().environments.end()) environment = found->second;
    environment.uid = uid_;
    environment.name = EnvironmentName{"logs"};
    environment.cluster = kCluster;
    environment.rollout.max_unavailable = max_unavailable_;
    if (min_healthy_) environment.rollout.min_healthy = *min_healthy_;
    environment.deployment = DeploymentId{id};
    Deployment deployment;
    deployment.id = DeploymentId{id};
    deployment.environment = uid_;
    deployment.environment_name = environment.name;
    deployment.task_definition = TaskDefinitionArn{definition};
    deployment.created_at = loop_.wall_now();
    put(environment, {deployment});
  }
  void delete_environment() {
    Environment environment = records().environments.at(uid_);
    environment.deleting = true;
    put(environment, {});
  }
  void put(const Environment& environment, const std::vector<Deployment>& deployments) {
    const Status stored =
        insist(loop_, [&] { return process_->repository.put({environment}, deployments); });
    ASSERT_TRUE(stored.has_value()) << stored.error().message;
  }
  std::vector<Adoption> adopt(bool dry_run) {
    Operations operations{loop_, process_->random, process_->repository, directory_};
    const auto unclaimed = process_->board.environments.at(uid_).unclaimed;
    const auto adopted =
        insist(loop_, [&] { return operations.adopt("logs", unclaimed, dry_run); });
    EXPECT_TRUE(adopted.has_value());
    return adopted.value_or(std::vector<Adoption>{});
  }
  bool runs_everywhere(const std::string& definition) {
    return loop_.run_while_not([&] { return cluster_.running_count(definition) == names_.size(); },
                               std::chrono::minutes{30});
  }
  DeploymentStatus status_of(const std::string& id) const {
    return records().deployments.at(DeploymentId{id}).status;
  }

  SimLoop loop_{5};
  TinyCluster cluster_{loop_};
  std::shared_ptr<store::MemoryDisk> disk_ = store::make_memory_disk(5);
  std::uint64_t store_seed_ = 5;
  RoundsOptions options_;  // Of the next process.
  bool refuses_nothing_ = false;
  std::vector<std::string> names_;
  EnvironmentUid uid_ = kUid;
  MaxUnavailable max_unavailable_;
  std::optional<Duration> min_healthy_;  // None: the default.
  NoDirectory directory_;
  std::unique_ptr<Process> process_;
};

}  // namespace blox::scheduler
