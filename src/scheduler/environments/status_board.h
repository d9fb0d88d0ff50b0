// StatusBoard: what the newest round found out about each environment, for the API and for people.
// In memory alone: it is found out anew after a restart.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "scheduler/environments/records.h"

namespace blox::scheduler {

/// One instance that the environment has to do with, in words: eligible, draining, disconnected, or
/// superseded by another registration of its machine.
struct InstanceStatusLine {
  ContainerInstanceArn instance;
  std::string state;   ///< "serving", "starting", "stopping", "waiting", "blocked", "skipped".
  std::string reason;  ///< A sentence: "waits 4 s after a start failed: RESOURCE:MEMORY".
  std::optional<TaskArn> task;
};

/// A live task of the environment's group that nobody here has started.
struct UnclaimedLine {
  TaskArn task;
  ContainerInstanceArn instance;
  TaskDefinitionArn task_definition;
  std::string started_by;  ///< As the task has it; may be empty.
  bool will_end = false;   ///< The delete of its environment stops it.
  WallTime created_at;
};

struct EnvironmentStatus {
  bool healthy = true;
  std::string reason;                         ///< Why not, in words; empty when healthy.
  std::vector<InstanceStatusLine> instances;  ///< Sorted by instance.
  std::vector<UnclaimedLine> unclaimed;       ///< Likewise.
  WallTime decided_at;
  bool is_decided = true;  ///< False: the picture is not to be trusted yet.
};

/// Threading: the executor's thread.
struct StatusBoard {
  std::map<EnvironmentUid, EnvironmentStatus> environments;
};

}  // namespace blox::scheduler
