#include "simulator/world.h"

#include <utility>

#include "base/check.h"
#include "model/arn.h"

namespace blox::simulator {
namespace {

// What a task counts for on its instance.
struct Share {
  bool holds = false;  // Its resources are taken.
  bool pending = false;
  bool running = false;
  friend bool operator==(const Share&, const Share&) = default;
};

Share share_of(const TaskState* state) {
  if (state == nullptr) return {};
  return {.holds = state->is_live(),
          .pending = state->last_status < TaskStatusKind::kRunning,
          .running = state->is_running()};
}

template <class Map>
auto find_in(const Map& map, std::string_view id_or_arn) ->
    typename Map::mapped_type::element_type* {
  const auto found = map.find(short_id(id_or_arn));
  if (found == map.end()) return nullptr;
  auto* object = found->second.get();
  return id_or_arn.starts_with("arn:") && object->arn != id_or_arn ? nullptr : object;
}

}  // namespace

World::World(Executor& executor, Random& random, Identity identity, const Faults& faults)
    : executor_(executor), random_(random), identity_(std::move(identity)), faults_(faults) {}

std::string World::make_arn(std::string_view kind, std::string_view rest) const {
  std::string arn =
      "arn:" + identity_.partition + ":ecs:" + identity_.region + ":" + identity_.account + ":";
  arn.append(kind).append("/").append(rest);
  return arn;
}

std::string World::arn_of_missing(const Cluster& cluster, std::string_view kind,
                                  const std::string& name) const {
  return name.starts_with("arn:") ? name : make_arn(kind, cluster.name + "/" + name);
}

Duration World::history_kept() const {
  return faults_.list_lagging > 0 ? faults_.list_lag_max : Duration::zero();
}

Cluster& World::create_cluster(std::string_view name) {
  check(is_cluster_name(name), "World::create_cluster needs a cluster name");
  auto& cluster = clusters_[std::string{name}];
  if (!cluster) {
    cluster = std::make_unique<Cluster>();
    cluster->name = name;
    cluster->arn = make_arn("cluster", name);
  }
  cluster->active = true;
  return *cluster;
}

Cluster* World::find_cluster(std::string_view name_or_arn) {
  const auto found = clusters_.find(std::string{short_id(name_or_arn)});
  if (found == clusters_.end()) return nullptr;
  Cluster* cluster = found->second.get();
  return name_or_arn == cluster->name || name_or_arn == cluster->arn ? cluster : nullptr;
}

Instance* World::find_instance(std::string_view id_or_arn) const {
  return find_in(instances_, id_or_arn);
}

Task* World::find_task(std::string_view id_or_arn) const { return find_in(tasks_, id_or_arn); }

Instance* World::find_instance(const Cluster& cluster, std::string_view id_or_arn) const {
  Instance* instance = find_instance(id_or_arn);
  return instance != nullptr && instance->cluster == &cluster ? instance : nullptr;
}

Task* World::find_task(const Cluster& cluster, std::string_view id_or_arn) const {
  Task* task = find_task(id_or_arn);
  return task != nullptr && task->instance->cluster == &cluster ? task : nullptr;
}

Instance& World::add_instance(Cluster& cluster, std::unique_ptr<Instance> instance) {
  Instance& added = *instance;
  added.id = random_.hex(32);
  added.cluster = &cluster;
  added.arn = make_arn("container-instance", cluster.name + "/" + added.id);
  added.registered_at = executor_.wall_now();
  cluster.instances.emplace(added.id, &added);
  instances_.emplace(added.id, std::move(instance));
  for (WorldObserver* observer : observers_) observer->on_instance(added, nullptr);
  return added;
}

std::unique_ptr<Task> World::make_task(Instance& instance,
                                       std::shared_ptr<const TaskDefinition> definition) {
  TaskState first;
  first.updated_at = executor_.wall_now();
  auto task = std::make_unique<Task>(executor_.now(), std::move(first));
  task->id = random_.hex(32);
  task->arn = make_arn("task", instance.cluster->name + "/" + task->id);
  task->instance = &instance;
  task->definition = std::move(definition);
  task->created_at = executor_.wall_now();
  for (std::size_t i = 0; i < task->definition->containers.size(); ++i) {
    task->container_ids.push_back(random_.uuid());
  }
  return task;
}

Task& World::place(std::unique_ptr<Task> task, TaskStatusKind first_status) {
  Task& placed = *task;
  TaskState first = placed.present();
  first.last_status = first_status;
  first.updated_at = executor_.wall_now();
  placed.states = History<TaskState>{executor_.now(), std::move(first)};
  placed.instance->tasks.emplace(placed.id, &placed);
  placed.instance->cluster->tasks.emplace(placed.id, &placed);
  started_by_[placed.started_by].emplace(placed.id, &placed);
  tasks_.emplace(placed.id, std::move(task));
  for (WorldObserver* observer : observers_) observer->on_task(placed, nullptr);
  account(placed, nullptr);
  return placed;
}

void World::change(Task& task, TaskState next) {
  const TaskState before = task.present();
  next.version = before.version + 1;
  next.updated_at = executor_.wall_now();
  task.states.change(executor_.now(), std::move(next), history_kept());
  for (WorldObserver* observer : observers_) observer->on_task(task, &before);
  account(task, &before);
}

void World::change(Instance& instance, InstanceState next) {
  const InstanceState before = instance.present();
  next.version = before.version + 1;
  next.updated_at = executor_.wall_now();
  const bool fit = next.status == InstanceStatusKind::kActive && next.agent_connected;
  if (fit) {
    instance.unfit_since.reset();
  } else if (!instance.unfit_since) {
    instance.unfit_since = executor_.now();
  }
  instance.states.change(executor_.now(), std::move(next), history_kept());
  for (WorldObserver* observer : observers_) observer->on_instance(instance, &before);
}

// Keeps what the instance reports in step with what its tasks do.
void World::account(const Task& task, const TaskState* before) {
  const Share old_share = share_of(before);
  const Share new_share = share_of(&task.present());
  if (old_share == new_share) return;
  InstanceState next = task.instance->present();
  next.pending_count += int{new_share.pending} - int{old_share.pending};
  next.running_count += int{new_share.running} - int{old_share.running};
  const Capacity& needs = task.definition->needs;
  if (const int taken = int{new_share.holds} - int{old_share.holds}; taken != 0) {
    next.used.cpu += taken * needs.cpu;
    next.used.memory += taken * needs.memory;
    if (taken > 0) {
      next.used.ports.insert(needs.ports.begin(), needs.ports.end());
      next.used.udp_ports.insert(needs.udp_ports.begin(), needs.udp_ports.end());
    } else {
      for (const auto port : needs.ports) next.used.ports.erase(port);
      for (const auto port : needs.udp_ports) next.used.udp_ports.erase(port);
    }
  }
  change(*task.instance, std::move(next));
}

void World::forget_task(Task& task) {
  check(!task.present().is_live(), "only a STOPPED task is forgotten");
  task.instance->tasks.erase(task.id);
  task.instance->cluster->tasks.erase(task.id);
  const auto siblings = started_by_.find(task.started_by);
  siblings->second.erase(task.id);
  if (siblings->second.empty()) started_by_.erase(siblings);
  tasks_.erase(tasks_.find(task.id));
}

void World::forget_instance(Instance& instance) {
  check(instance.tasks.empty() && instance.present().status == InstanceStatusKind::kInactive,
        "only an INACTIVE instance without tasks is forgotten");
  instance.cluster->instances.erase(instance.id);
  instances_.erase(instances_.find(instance.id));
}

const std::map<std::string, Task*>& World::tasks_started_by(const std::string& started_by) const {
  static const std::map<std::string, Task*> kNone;
  const auto found = started_by_.find(started_by);
  return found == started_by_.end() ? kNone : found->second;
}

}  // namespace blox::simulator
