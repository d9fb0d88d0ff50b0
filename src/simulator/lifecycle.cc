#include "simulator/lifecycle.h"

#include <algorithm>
#include <utility>

namespace blox::simulator {
namespace {

// The state that follows on the way from PROVISIONING to STOPPED.
TaskStatusKind following(TaskStatusKind status, bool stop) {
  switch (status) {
    case TaskStatusKind::kProvisioning:
      return stop ? TaskStatusKind::kDeactivating : TaskStatusKind::kPending;
    case TaskStatusKind::kPending:
      return stop ? TaskStatusKind::kDeactivating : TaskStatusKind::kActivating;
    case TaskStatusKind::kActivating:
      return stop ? TaskStatusKind::kDeactivating : TaskStatusKind::kRunning;
    case TaskStatusKind::kRunning: return TaskStatusKind::kDeactivating;
    case TaskStatusKind::kDeactivating: return TaskStatusKind::kStopping;
    case TaskStatusKind::kStopping: return TaskStatusKind::kDeprovisioning;
    case TaskStatusKind::kDeprovisioning:
    case TaskStatusKind::kStopped:
    case TaskStatusKind::kDeleted:
    case TaskStatusKind::kOther: return TaskStatusKind::kStopped;
  }
  return TaskStatusKind::kStopped;
}

constexpr Span kAtRest{};
constexpr std::int64_t kExitBySignal = 137;  // 128 + SIGKILL.
constexpr Duration kHangLook = std::chrono::seconds{5};
constexpr const char* kExited = "Essential container in task exited";

const RevisionFaults* find_faults(const World& world, const Task& task) {
  const auto& revisions = world.faults().revisions;
  const auto found = revisions.find(name_of(*task.definition));
  return found == revisions.end() ? nullptr : &found->second;
}

}  // namespace

Lifecycle::Lifecycle(World& world, Timers& timers, Delays delays)
    : world_(world), timers_(timers), delays_(delays) {}

const Span& Lifecycle::delay_of(TaskStatusKind status) const {
  switch (status) {
    case TaskStatusKind::kProvisioning: return delays_.provisioning;
    case TaskStatusKind::kPending: return delays_.pending;
    case TaskStatusKind::kActivating: return delays_.activating;
    case TaskStatusKind::kDeactivating: return delays_.deactivating;
    case TaskStatusKind::kStopping: return delays_.stopping;
    case TaskStatusKind::kDeprovisioning: return delays_.deprovisioning;
    case TaskStatusKind::kRunning:
    case TaskStatusKind::kStopped:
    case TaskStatusKind::kDeleted:
    case TaskStatusKind::kOther: return kAtRest;
  }
  return kAtRest;
}

TaskStatusKind Lifecycle::next_after(const TaskState& state) const {
  const bool stop = state.desired_status == TaskStatusKind::kStopped;
  TaskStatusKind next = following(state.last_status, stop);
  while (next != TaskStatusKind::kRunning && next != TaskStatusKind::kStopped &&
         delay_of(next).is_zero()) {
    next = following(next, stop);
  }
  return next;
}

Task& Lifecycle::begin(std::unique_ptr<Task> task) {
  TaskStatusKind first = TaskStatusKind::kProvisioning;
  if (delay_of(first).is_zero()) first = TaskStatusKind::kPending;
  Task& placed = world_.place(std::move(task), first);
  plan(placed);
  return placed;
}

// Bound: one timer a task counts, that with the newest step; overtaken ones end without effect.
void Lifecycle::plan(Task& task) {
  const TaskState& state = task.present();
  const bool stop = state.desired_status == TaskStatusKind::kStopped;
  ++task.step;
  if (!state.is_live() || (state.is_running() && !stop)) return;
  if (!task.instance->present().agent_connected) return;  // continue_on takes it up again.
  const RevisionFaults* faults = find_faults(world_, task);
  const bool hangs = faults && faults->hangs && state.last_status == TaskStatusKind::kPending;
  if (hangs && !stop) {
    // Until the fault is taken back.
    timers_.after(kHangLook, [this, id = task.id, step = task.step] {
      Task* hanging = world_.find_task(id);
      if (hanging != nullptr && hanging->step == step) plan(*hanging);
    });
    return;
  }
  const bool asked_to_stop = stop && state.last_status <= TaskStatusKind::kRunning;
  const Span& wait = asked_to_stop ? delays_.reaction : delay_of(state.last_status);
  timers_.after(wait.draw(world_.random()),
                [this, id = task.id, step = task.step] { advance(id, step); });
}

void Lifecycle::advance(const std::string& id, std::uint64_t step) {
  Task* task = world_.find_task(id);
  if (task == nullptr || task->step != step) return;
  if (!task->instance->present().agent_connected) return;
  TaskState state = task->present();
  TaskStatusKind next = next_after(state);
  if (next == TaskStatusKind::kRunning && happens(world_.random(), world_.faults().start_broken)) {
    state.desired_status = TaskStatusKind::kStopped;
    state.stop_code = "TaskFailedToStart";
    state.stopped_reason = "CannotStartContainerError: broken by the simulator";
    state.stopping_at = world_.executor().wall_now();
    next = next_after(state);
  }
  enter(*task, std::move(state), next);
}

void Lifecycle::enter(Task& task, TaskState state, TaskStatusKind status) {
  const WallTime now = world_.executor().wall_now();
  if (status == TaskStatusKind::kStopped) return end(task, std::move(state));
  if (status == TaskStatusKind::kPending) state.pull_started_at = now;
  if (status == TaskStatusKind::kRunning) {
    if (!state.pull_started_at) state.pull_started_at = now;
    state.pull_stopped_at = now;
    state.started_at = now;
    if (happens(world_.random(), world_.faults().task_dies)) {
      die_after(task, world_.faults().task_life.draw(world_.random()));
    }
    const RevisionFaults* faults = find_faults(world_, task);
    if (faults && faults->life) die_after(task, *faults->life);
    check_health_after(task);
  }
  state.last_status = status;
  world_.change(task, std::move(state));
  plan(task);
}

void Lifecycle::die_after(const Task& task, Duration life) {
  timers_.after(life, [this, id = task.id] {
    if (Task* dying = world_.find_task(id)) die(*dying, 1, kExited);
  });
}

// Bound: one timer a task whose definition has a health check.
void Lifecycle::check_health_after(const Task& task) {
  std::optional<Duration> interval;
  for (const ContainerShape& shape : task.definition->containers) {
    if (!shape.check_interval) continue;
    interval = std::max(interval.value_or(*shape.check_interval), *shape.check_interval);
  }
  if (!interval) return;
  timers_.after(*interval, [this, id = task.id] {
    Task* checked = world_.find_task(id);
    if (checked == nullptr || !checked->present().is_running()) return;
    check_health(*checked);
    check_health_after(*checked);
  });
}

void Lifecycle::check_health(Task& task) {
  if (!task.instance->present().agent_connected) return;
  const RevisionFaults* faults = find_faults(world_, task);
  if (faults && faults->silent) return;
  task.health = faults && faults->ill ? Health::kUnhealthy : Health::kHealthy;
}

void Lifecycle::end(Task& task, TaskState state) {
  const WallTime now = world_.executor().wall_now();
  ++task.step;
  state.last_status = TaskStatusKind::kStopped;
  state.desired_status = TaskStatusKind::kStopped;
  if (!state.stopping_at) state.stopping_at = now;
  state.stopped_at = now;
  if (state.started_at && !state.exit_code) state.exit_code = kExitBySignal;
  world_.change(task, std::move(state));
  timers_.after(delays_.stopped_visible, [this, id = task.id] {
    if (Task* forgotten = world_.find_task(id)) world_.forget_task(*forgotten);
  });
}

void Lifecycle::stop(Task& task, std::string code, std::string reason) {
  TaskState state = task.present();
  if (!state.is_live() || state.desired_status == TaskStatusKind::kStopped) return;
  state.desired_status = TaskStatusKind::kStopped;
  state.stop_code = std::move(code);
  state.stopped_reason = std::move(reason);
  state.stopping_at = world_.executor().wall_now();
  world_.change(task, std::move(state));
  plan(task);
}

void Lifecycle::die(Task& task, std::int64_t exit_code, std::string reason) {
  TaskState state = task.present();
  if (!state.is_live() || state.desired_status == TaskStatusKind::kStopped) return;
  if (!task.instance->present().agent_connected) {
    task.died = true;
    return;
  }
  state.desired_status = TaskStatusKind::kStopped;
  state.stop_code = state.started_at ? "EssentialContainerExited" : "TaskFailedToStart";
  state.stopped_reason = std::move(reason);
  state.stopping_at = world_.executor().wall_now();
  state.exit_code = exit_code;
  const TaskStatusKind next = next_after(state);
  enter(task, std::move(state), next);
}

void Lifecycle::abandon(Task& task, std::string reason) {
  TaskState state = task.present();
  if (!state.is_live()) return;
  if (state.stop_code.empty()) {
    state.stop_code = "TerminationNotice";
    state.stopped_reason = std::move(reason);
  }
  end(task, std::move(state));
}

void Lifecycle::continue_on(Instance& instance) {
  for (const auto& [id, task] : instance.tasks) {
    if (task->died) {
      task->died = false;
      die(*task, kExitBySignal, kExited);
    }
    plan(*task);
  }
}

}  // namespace blox::simulator
