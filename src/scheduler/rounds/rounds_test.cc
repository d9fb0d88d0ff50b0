// The whole loop in virtual time: real mirror, planner, act and records against a small cluster
// that answers late and loses answers, with crashes of the scheduler. The judge is the cluster.
#include "scheduler/rounds/rounds.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "aws/fake_ecs.h"
#include "base/sim_loop.h"
#include "scheduler/environments/repository_for_tests.h"

namespace blox::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const EnvironmentUid kUid{"uid-1"};
const ClusterArn kCluster{"arn:aws:ecs:eu-west-1:123456789012:cluster/prod"};

// The cluster, its cluster-state-service and its API in one. Outlives the scheduler's processes.
class TinyCluster final : public client::ClusterState, public aws::EcsControl {
 public:
  explicit TinyCluster(SimLoop& loop) : loop_(loop), random_(11), changed_(loop), scope_(loop) {}

  int lost_answer_percent = 0;
  std::size_t most_live = 0;  // Of tasks on one instance, ever.
  int start_calls = 0;
  std::optional<Error> start_fault;  // Of all calls, while it is set.
  std::optional<Error> stop_fault;   // Likewise.
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
      arns.emplace_back("task-" + std::to_string(task_count_++));
      started.push_back({instance, arns.back()});
    }
    for (std::size_t i = 0; i < arns.size(); ++i) begin(request, request.instances[i], arns[i]);
    const bool lost = random_.percent(static_cast<unsigned>(lost_answer_percent));
    co_await sleep_for(loop_, milliseconds{50});
    if (lost) co_return fail(ErrorKind::kUnknown, "the answer was lost");
    co_return started;
  }
  Async<Status> stop_task(ClusterArn, TaskArn task, std::string reason) override {
    if (stop_fault) co_return std::unexpected(*stop_fault);
    scope_.spawn(stop(std::move(task), std::move(reason)));
    co_await sleep_for(loop_, milliseconds{50});
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
      const TimePoint bookmark_at = cluster_.loop_.now() + seconds{10};
      while (opened_ && sent_ == log_.size() && cluster_.loop_.now() < bookmark_at) {
        co_await cluster_.changed_.wait_until(bookmark_at);
      }
      opened_ = true;
      Log<Object> changes(log_.begin() + static_cast<std::ptrdiff_t>(sent_), log_.end());
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
    co_await sleep_for(loop_, random_.between(milliseconds{1}, seconds{3}));
    set_status(arn, "PENDING");
    co_await sleep_for(loop_, random_.between(milliseconds{1}, seconds{3}));
    set_status(arn, "RUNNING");
  }
  Async<void> stop(TaskArn arn, std::string reason) {
    co_await sleep_for(loop_, random_.between(milliseconds{1}, seconds{2}));
    set_status(arn, "STOPPING", reason);
    co_await sleep_for(loop_, random_.between(milliseconds{1}, seconds{2}));
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
    push(tasks_, task);
  }

  SimLoop& loop_;
  Random random_;
  std::map<TaskArn, Task> truth_;
  int task_count_ = 0;
  Log<Task> tasks_;
  Log<ContainerInstance> instances_;
  client::EntityVersion version_ = 0;
  Signal changed_;
  Scope scope_;
};

// One life of the scheduler.
struct Process {
  Process(SimLoop& loop, TinyCluster& cluster, std::shared_ptr<store::MemoryDisk> disk)
      : random(3),
        store(loop, std::move(disk)),
        repository(loop, store),
        log(repository),
        mirror(loop, random, cluster),
        rounds({loop, random, repository, mirror, planner, log, cluster, cluster.query, board,
                metrics}),
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
  store::MemoryStore store;
  Repository repository;
  RepositoryIntentLog log;
  client::ClusterMirror mirror;
  DaemonPlanner planner;
  StatusBoard board;
  Rounds rounds;
  Scope scope;
};

class RoundsTest : public testing::Test {
 protected:
  RoundsTest() { process_ = std::make_unique<Process>(loop_, cluster_, disk_); }

  void add_instances(int count) {
    for (int i = 0; i < count; ++i) {
      names_.push_back("i" + std::to_string(100 + static_cast<int>(names_.size())));
      cluster_.put_instance(names_.back());
    }
  }
  void crash(bool hours_pass = false) {
    process_.reset();
    if (hours_pass) cluster_.forget_stopped();
    process_ = std::make_unique<Process>(loop_, cluster_, disk_);
    loop_.run_for(milliseconds{10});
  }
  const Records& records() const { return process_->repository.records(); }

  // What the API does for "deploy".
  void deploy(const std::string& id, const std::string& definition) {
    loop_.run_for(milliseconds{10});
    Environment environment;
    const auto found = records().environments.find(kUid);
    if (found != records().environments.end()) environment = found->second;
    environment.uid = kUid;
    environment.name = EnvironmentName{"logs"};
    environment.cluster = kCluster;
    environment.deployment = DeploymentId{id};
    Deployment deployment;
    deployment.id = DeploymentId{id};
    deployment.environment = kUid;
    deployment.environment_name = environment.name;
    deployment.task_definition = TaskDefinitionArn{definition};
    std::optional<Status> stored;
    Scope scope{loop_};
    auto put = [&]() -> Async<void> {
      std::vector<Environment> environments{environment};
      std::vector<Deployment> deployments{deployment};
      stored.emplace(
          co_await process_->repository.put(std::move(environments), std::move(deployments)));
    };
    scope.spawn(put());
    ASSERT_TRUE(loop_.run_while_not([&] { return stored.has_value(); }, minutes{1}));
    ASSERT_TRUE(stored->has_value()) << stored->error().message;
  }
  bool runs_everywhere(const std::string& definition) {
    return loop_.run_while_not([&] { return cluster_.running_count(definition) == names_.size(); },
                               minutes{30});
  }
  DeploymentStatus status_of(const std::string& id) const {
    return records().deployments.at(DeploymentId{id}).status;
  }

  SimLoop loop_{5};
  TinyCluster cluster_{loop_};
  std::shared_ptr<store::MemoryDisk> disk_ = store::make_memory_disk(5);
  std::vector<std::string> names_;
  std::unique_ptr<Process> process_;
};

TEST_F(RoundsTest, DeploysJoinsRepairsAndRollsOut) {
  add_instances(25);
  deploy("one", "logs:1");
  EXPECT_TRUE(runs_everywhere("logs:1"));
  EXPECT_LE(cluster_.start_calls, 4) << "ten instances share a call";
  loop_.run_for(seconds{1});
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
  loop_.run_for(seconds{1});
  EXPECT_EQ(status_of("two"), DeploymentStatus::kCompleted);
  EXPECT_TRUE(records().intents.empty());
  EXPECT_EQ(cluster_.most_live, 1U);
  loop_.run_for(minutes{10});
  EXPECT_TRUE(records().outcomes.empty());
  const std::string metrics = process_->metrics.to_text();
  EXPECT_NE(metrics.find("\ndoubled_tasks_total 0"), std::string::npos);
}

TEST_F(RoundsTest, SaysWhatAllInstancesWaitFor) {
  cluster_.start_fault = Error{ErrorKind::kDenied, "no right to StartTask"};
  add_instances(2);
  deploy("one", "logs:1");
  loop_.run_for(minutes{1});
  for (const auto& line : process_->board.environments.at(kUid).instances) {
    EXPECT_EQ(line.state, "waiting");
    EXPECT_EQ(line.reason, "no task there; waits: starts pause: no right to StartTask");
  }
  EXPECT_EQ(status_of("one"), DeploymentStatus::kPending) << "no instance has failed";
  EXPECT_LT(cluster_.start_calls, 10);
  cluster_.start_fault.reset();
  EXPECT_TRUE(runs_everywhere("logs:1"));
  loop_.run_for(seconds{1});
  EXPECT_EQ(status_of("one"), DeploymentStatus::kCompleted);
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

// A bad revision overnight: its budget stays spent, whoever looks at it in the morning.
TEST_F(RoundsTest, ARestartAfterHoursEmptiesNoMoreInstances) {
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
  cluster_.start_fault.reset();
  EXPECT_TRUE(runs_everywhere("logs:2"));
  loop_.run_for(minutes{1});
  EXPECT_TRUE(records().emptied.empty());
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

  crash();  // The next process goes on at once.
  loop_.run_for(seconds{1});
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
