// EcsControl: the calls by which Blox changes the world; nothing else does.
#pragma once

#include <string>
#include <vector>

#include "base/async.h"
#include "base/result.h"
#include "model/arn.h"

namespace blox::aws {

/// Instances in one StartTask call, at most. Source: API/StartTask.
inline constexpr std::size_t kStartInstancesMax = 10;

struct StartRequest {
  ClusterArn cluster;
  TaskDefinitionArn task_definition;
  std::vector<ContainerInstanceArn> instances;  ///< 1 to kStartInstancesMax, each once.
  std::string started_by;                       ///< Up to 36 letters, digits, '-', '/', '_'.
  std::string group;                            ///< "blox:<environment name>".
};

/// Why ECS did not start a task on one instance. Source: "API failures messages".
struct StartFailure {
  std::string reason;  ///< "RESOURCE:MEMORY", "AGENT", "MISSING", "INACTIVE", …
  std::string detail;
};

/// One entry an instance that the answer speaks of, in the order asked for: the task started there,
/// or why none was. Of an instance without an entry the outcome is unknown.
struct StartedOn {
  ContainerInstanceArn instance;
  std::expected<TaskArn, StartFailure> task;
};

/// Threading: one strand. Never retries by itself: who calls holds an intent and resolves it.
class EcsControl {
 public:
  virtual ~EcsControl() = default;
  /// StartTask, on a connection of its own.
  /// Errors: kInvalid, kNotFound, kDenied, kThrottled, kUnavailable: nothing was started.
  /// kUnknown: nobody knows; resolve the intent by looking (design/scheduling.md, "Launching" 5).
  virtual Async<Result<std::vector<StartedOn>>> start_task(StartRequest request) = 0;
  /// StopTask; may be repeated. `reason` (up to 255 characters) shows in DescribeTasks.
  /// Errors: kNotFound (no such task any more; never for a missing cluster, which is kInvalid),
  /// else as start_task.
  virtual Async<Status> stop_task(ClusterArn cluster, TaskArn task, std::string reason) = 0;
};

}  // namespace blox::aws
