// World: one environment and everything about its cluster that decides what to do, as plain
// values. Made by observe, read by plan; knows neither stores nor calls nor clocks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/arn.h"
#include "model/status.h"

namespace blox::scheduler {

/// What a live task gives: nothing yet, service, or nothing any more.
enum class TaskPhase : std::uint8_t { kStarting, kServing, kEnding };

/// The phase of a task that is not STOPPED. A task that was told to stop serves no more, whatever
/// it still does.
TaskPhase phase_of(const TaskStatus& last, const TaskStatus& desired);

/// A task of ours that is not STOPPED, or one that ECS said it started and nobody saw yet.
struct ObservedTask {
  TaskArn arn;
  TaskDefinitionArn task_definition;  ///< Of the deployment that started it.
  std::string started_by;             ///< That deployment's id.
  TaskPhase phase = TaskPhase::kStarting;
  bool seen = true;        ///< The picture shows it; false: ECS said that it started it.
  bool unhealthy = false;  ///< ECS's health check says so; not knowing counts as healthy.
  WallTime created_at;     ///< Orders by age, and for nothing else.
};

enum class OpenIntentKind : std::uint8_t { kStart, kStop };

/// An intent that is not closed: a call is on its way, or nobody knows what became of it.
struct OpenIntent {
  OpenIntentKind kind = OpenIntentKind::kStart;
  std::string started_by;    ///< Of the start, or of the task to stop.
  TaskArn task;              ///< The task to stop.
  std::string reason;        ///< Why it was opened.
  bool effect_seen = false;  ///< The picture shows the task started, or the task gone.
};

/// Starts of the deployment in force that failed one after the other: refused by ECS, or the task
/// ended by itself in less than a minute.
struct StartFailures {
  int count = 0;
  TimePoint last_at;   ///< Of the newest; meaningless when count is 0.
  std::string reason;  ///< Of the newest, in words.
};

struct ObservedInstance {
  ContainerInstanceArn arn;
  InstanceStatus status;
  bool agent_connected = false;
  bool superseded = false;  ///< An ACTIVE, connected registration of the same machine exists.
  std::optional<TimePoint> draining_since;      ///< When we first saw it so, while it lasts.
  std::optional<TimePoint> disconnected_since;  ///< Likewise.
  std::optional<TimePoint> unserved_since;      ///< Likewise: no RUNNING task of ours, ACTIVE.
  std::optional<TimePoint> confirmed_at;        ///< When ECS last told of it, if we were there.
  std::vector<ObservedTask> tasks;              ///< Of this environment, oldest first.
  /// Our group, but started by nobody we know, or by an environment of our name that is deleted.
  std::vector<TaskArn> unclaimed;
  bool predecessor_starts = false;  ///< Such an environment has a start under way here.
  int other_task_count = 0;         ///< While it drains: those it waits for.
  /// All of this environment that were ever seen here, those that ended among them: a look for what
  /// became of a start must not take one of them for it.
  std::vector<TaskArn> known_tasks;
  std::optional<OpenIntent> intent;
  StartFailures failures;
  bool emptied_by_us = false;  ///< Our StopTask ended the last task that served.
};

/// How far the picture can be trusted.
struct Picture {
  bool loaded = false;                 ///< Read whole, from one store.
  bool store_changed = false;          ///< Another store answers, and its list was not read yet.
  std::optional<Duration> synced_age;  ///< Since the last complete reconcile of this cluster began.
  std::optional<Duration> contact_age;  ///< Since the cluster state last gave a sign of life.
};

enum class RolloutStatus : std::uint8_t { kPending, kRunning, kCompleted };

/// The deployment in force.
struct DesiredDeployment {
  std::string id;
  TaskDefinitionArn task_definition;
  RolloutStatus status = RolloutStatus::kPending;
  std::vector<ContainerInstanceArn> failed_instances;  ///< As stored; sorted.
};

struct DesiredState {
  std::string environment_name;
  std::optional<DesiredDeployment> deployment;
  bool deployed_before = false;  ///< This deployment was completed, or there was one before it.
  int unavailable_max = 1;
  bool unavailable_is_percent = false;
  Duration drain_deadline = std::chrono::minutes{15};
  bool deleting = false;
  bool terminate_tasks = false;  ///< Of a delete.
};

struct World {
  TimePoint now;
  DesiredState desired;
  Picture picture;
  std::vector<ObservedInstance> instances;  ///< Of the environment's cluster; sorted, each once.
};

}  // namespace blox::scheduler
