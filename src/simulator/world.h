// World: what exists in the simulated ECS (clusters, definitions, instances, tasks) and how each
// object changes. It holds state; lifecycle.h, launches.h and agents.h decide what happens.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "base/random.h"
#include "model/status.h"
#include "simulator/api_error.h"
#include "simulator/faults.h"
#include "simulator/history.h"

namespace blox::simulator {

/// Whose account and region the world is.
struct Identity {
  std::string partition = "aws";
  std::string region = "us-east-1";
  std::string account = "123456789012";
};

using Attributes = std::map<std::string, std::string>;
using Ports = std::set<std::int64_t>;

/// What an instance has or a task takes: CPU units, MiB, host ports. Ports are those in use when
/// it says what is registered (22, 2375, …).
struct Capacity {
  std::int64_t cpu = 0;
  std::int64_t memory = 0;
  Ports ports;
  Ports udp_ports;
};

/// What tasks show of one container of their definition.
struct ContainerShape {
  std::string name;
  std::string image;
  std::int64_t cpu = 0;
  std::int64_t memory = 0;
  boost::json::array network_bindings;  ///< Of fixed host ports.
  bool essential = true;
  std::optional<Duration> check_interval;  ///< Of its health check, if it has one.
};

/// What the health checks of a running task say.
enum class Health : std::uint8_t { kUnknown, kHealthy, kUnhealthy };

struct TaskDefinition {
  std::string arn;
  std::string family;
  std::int64_t revision = 0;
  bool active = true;
  boost::json::object description;  ///< As DescribeTaskDefinition gives it, status left out.
  boost::json::array tags;
  std::vector<ContainerShape> containers;
  Capacity needs;
  std::optional<WallTime> deregistered_at;
};
/// "family:revision".
inline std::string name_of(const TaskDefinition& definition) {
  return definition.family + ":" + std::to_string(definition.revision);
}

// Not blox::Task, which may be known here as well.
struct Instance;
struct Task;

struct Cluster {
  std::string name;
  std::string arn;
  bool active = true;
  boost::json::array tags;
  std::map<std::string, Instance*> instances;  ///< By id; INACTIVE ones among them.
  std::map<std::string, Task*> tasks;          ///< By id; STOPPED ones among them.
};

/// What changes of an instance. One value a version.
struct InstanceState {
  std::int64_t version = 1;
  InstanceStatusKind status = InstanceStatusKind::kActive;
  bool agent_connected = true;
  std::int64_t running_count = 0;
  std::int64_t pending_count = 0;
  Capacity used;
  Attributes attributes;
  std::string agent_version;
  WallTime updated_at;
};

struct Instance {
  Instance(TimePoint now, InstanceState first) : states(now, std::move(first)) {}
  std::string id;
  std::string arn;
  Cluster* cluster = nullptr;
  std::string ec2_instance_id;
  Capacity registered;
  std::string agent_hash;
  std::string docker_version;
  WallTime registered_at;
  boost::json::array tags;
  History<InstanceState> states;
  /// Since when it is not both ACTIVE and connected.
  std::optional<TimePoint> unfit_since;
  bool gone = false;  ///< Its machine has registered anew: this one never connects again.
  std::map<std::string, Task*> tasks;  ///< By id; STOPPED ones among them.
  const InstanceState& present() const { return states.present(); }
};

/// What changes of a task. One value a version.
struct TaskState {
  std::int64_t version = 1;
  TaskStatusKind last_status = TaskStatusKind::kProvisioning;
  TaskStatusKind desired_status = TaskStatusKind::kRunning;
  std::string stop_code;
  std::string stopped_reason;
  std::optional<std::int64_t> exit_code;
  std::optional<WallTime> pull_started_at, pull_stopped_at, started_at, stopping_at, stopped_at;
  WallTime updated_at;
  bool is_live() const { return last_status != TaskStatusKind::kStopped; }
  bool is_running() const { return last_status == TaskStatusKind::kRunning; }
};

struct Task {
  Task(TimePoint now, TaskState first) : states(now, std::move(first)) {}
  std::string id;
  std::string arn;
  Instance* instance = nullptr;
  std::shared_ptr<const TaskDefinition> definition;
  std::string started_by;
  std::string group;
  boost::json::object overrides;
  boost::json::array tags;
  std::vector<std::string> container_ids;  ///< One a container of the definition, in its order.
  WallTime created_at;
  History<TaskState> states;
  std::uint64_t step = 0;  ///< Raised when what was planned for the task is overtaken.
  bool died = false;       ///< Its process ended while the agent was away; ECS learns it later.
  Health health = Health::kUnknown;  ///< No version counts it and no event tells of it.
  const TaskState& present() const { return states.present(); }
};

/// Is told of every change after it happened, in the order added. Requires: does not change the
/// world.
class WorldObserver {
 public:
  virtual ~WorldObserver() = default;
  /// `before` is null for one that is new.
  virtual void on_task(const Task& task, const TaskState* before) = 0;
  virtual void on_instance(const Instance& instance, const InstanceState* before) = 0;
  /// A launch named `instance`, whatever comes of it.
  virtual void on_start_asked(const Instance& instance, std::string_view group) = 0;
  /// StopTask named `task`, which may have stopped already.
  virtual void on_stop_asked(const Task& task, std::string_view reason) = 0;
};

/// Holds every object; pointers and references to them stay good until `forget_…` or the end.
/// All ARNs are of the long form. Threading: the executor's thread.
class World {
 public:
  World(Executor& executor, Random& random, Identity identity, const Faults& faults);

  Executor& executor() const { return executor_; }
  Random& random() const { return random_; }
  const Identity& identity() const { return identity_; }
  const Faults& faults() const { return faults_; }
  /// Requires: `observer` outlives the world's changes.
  void add_observer(WorldObserver& observer) { observers_.push_back(&observer); }
  const std::vector<WorldObserver*>& observers() const { return observers_; }

  /// Creates or wakes the cluster. Requires: is_cluster_name(name).
  Cluster& create_cluster(std::string_view name);
  /// By name or ARN; INACTIVE ones among them.
  Cluster* find_cluster(std::string_view name_or_arn);
  const std::map<std::string, std::unique_ptr<Cluster>>& clusters() const { return clusters_; }

  /// By id or ARN, in that cluster.
  Instance* find_instance(const Cluster& cluster, std::string_view id_or_arn) const;
  Task* find_task(const Cluster& cluster, std::string_view id_or_arn) const;
  /// Everywhere, by id or ARN.
  Instance* find_instance(std::string_view id_or_arn) const;
  Task* find_task(std::string_view id_or_arn) const;

  /// Brings the instance into the world: gives it id and ARN, tells the observers.
  Instance& add_instance(Cluster& cluster, std::unique_ptr<Instance> instance);
  /// A task that is not in the world yet: `place` brings it there.
  std::unique_ptr<Task> make_task(Instance& instance,
                                  std::shared_ptr<const TaskDefinition> definition);
  /// Puts the task on its instance, where it takes its resources.
  Task& place(std::unique_ptr<Task> task, TaskStatusKind first_status);
  /// Gives the object a new state: raises its version, sets updated_at, tells the observers.
  void change(Task& task, TaskState next);
  void change(Instance& instance, InstanceState next);
  /// Requires: STOPPED. Its id must not be used any more.
  void forget_task(Task& task);
  /// Requires: INACTIVE and without a task.
  void forget_instance(Instance& instance);
  /// Tasks by startedBy; by id within.
  const std::map<std::string, Task*>& tasks_started_by(const std::string& started_by) const;

  std::map<std::string, std::vector<std::shared_ptr<TaskDefinition>>>& families() {
    return families_;
  }
  const std::map<std::string, std::vector<std::shared_ptr<TaskDefinition>>>& families() const {
    return families_;
  }

  /// "arn:aws:ecs:eu-west-1:123456789012:<kind>/<rest>".
  std::string make_arn(std::string_view kind, std::string_view rest) const;
  /// What ECS calls an object of that kind that is not there: `name`, or the ARN it would have.
  std::string arn_of_missing(const Cluster& cluster, std::string_view kind,
                             const std::string& name) const;

 private:
  void account(const Task& task, const TaskState* before);
  /// How long past states are kept for lagging lists.
  Duration history_kept() const;

  Executor& executor_;
  Random& random_;
  Identity identity_;
  const Faults& faults_;
  std::vector<WorldObserver*> observers_;
  std::map<std::string, std::unique_ptr<Cluster>> clusters_;
  std::map<std::string, std::unique_ptr<Instance>, std::less<>> instances_;  // By id.
  std::map<std::string, std::unique_ptr<Task>, std::less<>> tasks_;          // By id.
  std::map<std::string, std::map<std::string, Task*>> started_by_;
  std::map<std::string, std::vector<std::shared_ptr<TaskDefinition>>> families_;
};

}  // namespace blox::simulator
