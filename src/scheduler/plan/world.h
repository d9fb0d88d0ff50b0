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
  bool seen = true;            ///< The picture shows it; false: ECS said that it started it.
  bool stopped_by_us = false;  ///< It is on its way down by our StopTask.
  bool unhealthy = false;      ///< ECS's health check says so.
  /// Of the wanted definition: it may have a health check, which is not known to have said
  /// anything.
  bool awaits_health = false;
  /// Since when it was seen in its phase, by this process; none: for longer than anything here
  /// asks for.
  std::optional<TimePoint> phase_since;
  std::optional<TimePoint> unhealthy_since;  ///< Likewise, while it is so.
  std::optional<TimePoint> silent_since;     ///< Since when ECS says that its check says nothing.
  /// Likewise, while it is older than one that is known to be over, on an instance that our stop
  /// emptied since: it was over before, and the picture is wrong.
  std::optional<TimePoint> doubted_since = {};
  WallTime started_at{};  ///< By ECS; the epoch while it has not run.
  WallTime created_at;    ///< Orders by age, and for nothing else.
};

enum class OpenIntentKind : std::uint8_t { kStart, kStop };

/// A live task of our group that is none of this environment's: nobody knows who started it, or an
/// environment of our name that is deleted did.
struct UnclaimedTask {
  TaskArn arn;
  TaskDefinitionArn task_definition;
  std::string started_by;  ///< As the task has it; may be empty.
  bool will_end = false;   ///< The delete of its environment stops it.
  WallTime created_at;
};

/// An intent that is not closed: a call is on its way, or nobody knows what became of it.
struct OpenIntent {
  OpenIntentKind kind = OpenIntentKind::kStart;
  std::string started_by;          ///< Of the start, or of the task to stop.
  TaskArn task;                    ///< The task to stop.
  std::string reason;              ///< Why it was opened.
  std::optional<TimePoint> since;  ///< When; none: not for long.
  int refused_count = 0;           ///< Calls for a stop that ECS refused one after the other, …
  std::string refusal;             ///< … and what it said last.
  bool effect_seen = false;        ///< The picture shows the task started, or the task gone.
  std::vector<TaskArn> started;  ///< Of a start whose effect is seen: the live tasks that show it.
};

/// Starts of the deployment in force that failed one after the other: refused by ECS, or the task
/// ended by itself in less than a minute.
struct StartFailures {
  int count = 0;
  TimePoint last_at;     ///< Of the newest; meaningless when count is 0.
  std::string reason;    ///< Of the newest, in words.
  bool refused = false;  ///< ECS refused at least one of them, so it would refuse the next.
};

/// A task of the deployment in force that ended by itself soon after its start.
struct EarlyDeath {
  TaskArn task;
  std::string reason;  ///< In words.
  /// Since when a task that is older than it serves beside: one that makes nothing good.
  std::optional<TimePoint> outlived_since = {};
};

struct ObservedInstance {
  ContainerInstanceArn arn;
  InstanceStatus status;
  bool agent_connected = false;
  bool superseded = false;  ///< An ACTIVE, connected registration of the same machine exists.
  std::optional<TimePoint> draining_since;      ///< When we first saw it so, while it lasts.
  std::optional<TimePoint> disconnected_since;  ///< Likewise.
  std::optional<TimePoint> unserved_since;      ///< Likewise: no RUNNING task of ours, ACTIVE.
  std::optional<TimePoint> confirmed_at;        ///< When ECS said so, where that is known.
  std::vector<ObservedTask> tasks;              ///< Of this environment, oldest first.
  std::vector<UnclaimedTask> unclaimed;
  bool predecessor_starts = false;  ///< Such an environment has a start under way here.
  /// When we first saw an unclaimed task or such a start here, while one is.
  std::optional<TimePoint> held_up_since;
  int other_task_count = 0;  ///< While it drains: those it waits for.
  /// All of this environment that were ever seen here, those that ended among them: a look for what
  /// became of a start must not take one of them for it.
  std::vector<TaskArn> known_tasks;
  std::optional<OpenIntent> intent;
  StartFailures failures;
  /// Our StopTask ended the last task that served, and none has served for min_healthy since.
  bool emptied_by_us = false;
  bool is_supposed_emptied = false;  ///< That is a guess, of records that were copied back.
  /// The newest one, until a task has served for as long as a death is early.
  std::optional<EarlyDeath> early_death;
  int new_deaths = 0;  ///< Tasks that ended by themselves since the last round.
  /// The picture does not show the registration, and was read anew so lately that until then ECS's
  /// lists may have left it out.
  std::optional<TimePoint> hidden_until;
};

/// How far the picture can be trusted.
struct Picture {
  bool loaded = false;  ///< Read whole, from one store.
  /// The cluster was read from ECS since the cluster state's store was opened. Else the store may
  /// be a copy from before: each start is preceded by a question to ECS.
  bool confirmed = true;
  /// The last complete reconcile left out tasks, of which nobody knows where they are. Each start
  /// is preceded by a question to ECS: they may be ours.
  bool lacks_tasks = false;
  std::optional<Duration> synced_age;  ///< Since the last complete reconcile of this cluster began.
  std::optional<Duration> contact_age;  ///< Since the cluster state last gave a sign of life.
  /// The scheduler's store was copied back, and no complete reconcile has begun since it was taken
  /// over.
  bool awaits_read = false;
};

enum class RolloutStatus : std::uint8_t { kPending, kRunning, kCompleted, kFailed };

/// The deployment in force.
struct DesiredDeployment {
  std::string id;
  TaskDefinitionArn task_definition;
  RolloutStatus status = RolloutStatus::kPending;
  std::vector<ContainerInstanceArn> failed_instances;  ///< As stored; sorted.
  bool left_some_out = false;  ///< Completed without some, of whom some are missing still.
  /// When it was made; none: longer ago than anything here asks for.
  std::optional<TimePoint> since = std::nullopt;
  std::string reason = {};  ///< As stored.
};

struct DesiredState {
  std::string environment_name;
  std::optional<DesiredDeployment> deployment;
  bool deployed_before = false;  ///< This deployment was completed, or there was one before it.
  bool has_predecessor = false;  ///< There was one before it: what that runs may stay.
  int unavailable_max = 1;
  bool unavailable_is_percent = false;
  Duration drain_deadline = std::chrono::minutes{15};
  /// For so long a task has to serve before its instance gives back its place in the budget.
  Duration min_healthy = std::chrono::seconds{10};
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
