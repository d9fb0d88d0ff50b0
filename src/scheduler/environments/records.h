// What the daemon-scheduler remembers: environments, deployments, intents and outcomes, as plain
// values. Keys and bytes: docs/formats/scheduler.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/arn.h"
#include "store/store.h"

namespace blox::scheduler {

using EnvironmentName = Named<struct EnvironmentNameTag, std::string>;
/// A UUID. Names may be used again, uids never: tasks are matched to an environment by its uid's
/// deployments.
using EnvironmentUid = Named<struct EnvironmentUidTag, std::string>;
/// A UUID of 36 characters; the startedBy of every task that the deployment starts.
using DeploymentId = Named<struct DeploymentIdTag, std::string>;

/// How many eligible instances may be without a serving task because we stopped it: a count, or a
/// percent of the eligible instances, rounded down, at least 1 either way.
struct MaxUnavailable {
  int amount = 1;
  bool is_percent = false;
  friend bool operator==(const MaxUnavailable&, const MaxUnavailable&) = default;
};

/// How carefully a deployment replaces tasks. An environment has what the next one will take.
struct RolloutOptions {
  MaxUnavailable max_unavailable;
  Duration drain_deadline = std::chrono::minutes{15};
  Duration min_healthy = std::chrono::seconds{10};  ///< A task has to serve so long to count.
};

/// Desired state: which task definition on which cluster. Changes nothing until deployed.
struct Environment {
  EnvironmentUid uid;
  EnvironmentName name;
  ClusterArn cluster;
  TaskDefinitionArn task_definition;  ///< What the next deployment will take.
  std::string deployment_token;       ///< A UUID; a deployment must show it; PATCH makes a new one.
  bool token_used = false;
  RolloutOptions rollout;
  std::optional<DeploymentId> deployment;  ///< The one in force: the newest not superseded.
  bool deleting = false;                   ///< Hidden; its intents are still being resolved.
  bool terminate_tasks = false;            ///< Of a delete: its tasks are stopped as well.
  WallTime created_at;
  store::Revision mod_revision = 0;  ///< Of the record read; 0 for one not stored yet.
};

/// pending ─ first start ─> running ─┬ every eligible instance served or failed ─> completed
///     │                              └ what fails fills the budget ─> failed
///     └────────────┴─ a newer deployment with supersede ─> superseded
enum class DeploymentStatus : std::uint8_t { kPending, kRunning, kCompleted, kFailed, kSuperseded };

struct Deployment {
  DeploymentId id;
  EnvironmentUid environment;
  EnvironmentName environment_name;
  TaskDefinitionArn task_definition;
  DeploymentStatus status = DeploymentStatus::kPending;
  std::vector<ContainerInstanceArn> failed_instances;  ///< Sorted by ARN; still being retried.
  /// It was completed without some, and some have been missing ever since.
  bool left_some_out = false;
  /// In words: why it failed, or why it was completed without some.
  std::string reason;
  std::optional<RolloutOptions>
      rollout;  ///< Its own; none in records of before: the environment's.
  WallTime created_at;
  std::optional<WallTime> started_at;
  std::optional<WallTime> ended_at;
  store::Revision mod_revision = 0;
};

enum class IntentKind : std::uint8_t { kStart, kStop };

/// What is about to be asked of ECS, written before it is asked. While it is open nothing else is
/// started on that instance for that environment.
struct Intent {
  IntentKind kind = IntentKind::kStart;
  EnvironmentUid environment;
  ContainerInstanceArn instance;
  ClusterArn cluster;
  DeploymentId deployment;  ///< Start: becomes startedBy. Stop: the one that started the task.
  TaskDefinitionArn task_definition;
  std::string group;                 ///< "blox:<environment name>".
  std::string launch_id;             ///< A UUID, new for every attempt.
  int attempt = 1;                   ///< Counts the starts of this deployment on this instance.
  std::vector<TaskArn> known_tasks;  ///< Start: ours that were seen there before. Stop: the task.
  /// Of a stop after which none of ours is left there: when ECS created that task.
  std::optional<WallTime> task_created_at = {};
  std::string reason;  ///< In words, for people: "no task here", "outdated", …
  WallTime created_at;
  store::Revision mod_revision = 0;
};

/// False for a task that ECS created before the intent was written: whoever finds it has not found
/// what the intent started, be it shown as alive. ECS's lists tell of ended tasks for an hour, and
/// as alive for up to ecs_visible_max. (Some of ECS's times are whole seconds.) Source:
/// docs/decisions/0036.
inline bool may_be_of(const Intent& intent, WallTime task_created_at) {
  return task_created_at >= std::chrono::floor<std::chrono::seconds>(intent.created_at);
}

/// A task that ECS said it started and that the cluster state may not show yet. It counts as
/// PENDING until the view shows it, or Describe says that it is STOPPED, or that it is MISSING when
/// asked launch_effect_max + ecs_visible_max (and the clock's error) after this process first saw
/// the outcome. Source: docs/decisions/0011.
struct Outcome {
  EnvironmentUid environment;
  ContainerInstanceArn instance;
  ClusterArn cluster;
  DeploymentId deployment;
  TaskDefinitionArn task_definition;
  TaskArn task;
  WallTime started_at;
  store::Revision mod_revision = 0;
};

/// An instance whose last task that served was ended by our stop. It counts against maxUnavailable
/// until a task has served for minHealthy, also when nobody knows of that task any more.
struct Emptied {
  EnvironmentUid environment;
  ContainerInstanceArn instance;
  WallTime noted_at;  ///< What ended before says nothing about it any more.
  TaskArn task;       ///< That task, where it is known: it is over, whatever the picture shows.
  std::vector<TaskArn> also_over = {};  ///< Likewise: earlier ones, of which no picture told yet.
  /// When ECS created it, where it was the only one there: what is older was over before, whatever
  /// a picture shows, as nothing is started beside a live task.
  std::optional<WallTime> task_created_at = {};
  store::Revision mod_revision = 0;
};

}  // namespace blox::scheduler
