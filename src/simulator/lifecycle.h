// Lifecycle: moves each task through its states, as the agent of its instance would.
#pragma once

#include <string>

#include "simulator/timers.h"
#include "simulator/world.h"

namespace blox::simulator {

/// How long a task stays in each state. A Span of zero leaves the state out, without an event.
struct Delays {
  Span provisioning{std::chrono::milliseconds{10}, std::chrono::milliseconds{50}};
  Span pending{std::chrono::milliseconds{100}, std::chrono::milliseconds{800}};
  Span activating{std::chrono::milliseconds{10}, std::chrono::milliseconds{50}};
  /// How long the agent takes to learn that a task shall stop.
  Span reaction{std::chrono::milliseconds{10}, std::chrono::milliseconds{100}};
  Span deactivating{std::chrono::milliseconds{10}, std::chrono::milliseconds{50}};
  Span stopping{std::chrono::milliseconds{100}, std::chrono::milliseconds{800}};
  Span deprovisioning{std::chrono::milliseconds{10}, std::chrono::milliseconds{50}};
  /// How long a STOPPED task and an INACTIVE instance can still be described. Source: API
  /// reference, DescribeTasks ("at least an hour").
  Duration stopped_visible = std::chrono::hours{1};
};

/// ```
/// PROVISIONING -> PENDING -> ACTIVATING -> RUNNING -> DEACTIVATING -> STOPPING -> DEPROVISIONING
///       \____________\___________\__ stop, death ______^                              -> STOPPED
/// ```
/// A task stands still while its agent is disconnected, and goes on when it is back.
class Lifecycle {
 public:
  Lifecycle(World& world, Timers& timers, Delays delays);

  /// Puts the task into the world in its first state and sets it going.
  Task& begin(std::unique_ptr<Task> task);
  /// Asks for the end of the task. Nothing happens to one whose end was asked for already.
  void stop(Task& task, std::string code, std::string reason);
  /// The task's process ends by itself. While the agent is away ECS does not learn of it.
  void die(Task& task, std::int64_t exit_code, std::string reason);
  /// STOPPED at once, as when ECS gives the instance up.
  void abandon(Task& task, std::string reason);
  /// Sets the tasks of an instance going again, whose agent is back.
  void continue_on(Instance& instance);

 private:
  void plan(Task& task);
  void advance(const std::string& id, std::uint64_t step);
  TaskStatusKind next_after(const TaskState& state) const;
  const Span& delay_of(TaskStatusKind status) const;
  void enter(Task& task, TaskState state, TaskStatusKind status);
  void die_after(const Task& task, Duration life);
  void check_health_after(const Task& task);
  void check_health(Task& task);
  void end(Task& task, TaskState state);

  World& world_;
  Timers& timers_;
  Delays delays_;
};

}  // namespace blox::simulator
