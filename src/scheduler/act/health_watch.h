// HealthWatch: asks ECS whether the new tasks of a rollout are healthy, and first whether their
// definition has a health check at all: a task does not say so, and no event tells of its health.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/scope.h"
#include "scheduler/act/act_context.h"

namespace blox::scheduler {

/// Level, as all else: each round says of which tasks it wants to know, and a later one finds the
/// answers in LaunchMemory. A definition that ECS does not describe to us counts as having no check
/// until it does, which is asked again every definition_retry; while ECS cannot be reached, nothing
/// is known of it. Bounds: one question an environment and ask_calls_max in all at a time,
/// ask_instances_max tasks in one; kDefinitionsMax definitions are remembered.
/// Threading: the executor's thread.
class HealthWatch {
 public:
  explicit HealthWatch(ActContext& context) : context_(context), scope_(context.executor) {}

  /// Begins to ask about those of `tasks`, all of them of `definition`, that are due. Call it in
  /// every round of an environment, also without any.
  void watch(const Environment& environment, const TaskDefinitionArn& definition,
             const std::vector<TaskArn>& tasks);
  /// When the first task or definition may be asked about again.
  std::optional<TimePoint> next_due() const;

  static constexpr std::size_t kDefinitionsMax = 1'000;

 private:
  struct Definition {
    bool asking = false;
    int failure_count = 0;
    TimePoint next_at = TimePoint::min();
  };
  using Dues = std::map<TaskArn, TimePoint>;

  void watch_definition(const TaskDefinitionArn& definition);
  Async<void> ask_definition(TaskDefinitionArn definition);
  Async<void> ask_tasks(EnvironmentUid environment, ClusterArn cluster,
                        TaskDefinitionArn definition, std::vector<TaskArn> tasks);
  void note(const TaskReport& report, const std::vector<std::string>& checked);
  void note_silence(const std::vector<TaskArn>& asked);
  Duration wait_for_next(const TaskArn& task) const;

  ActContext& context_;
  std::map<TaskDefinitionArn, Definition> definitions_;
  std::map<EnvironmentUid, Dues> dues_;  // Of the tasks that the newest round wants to know of.
  std::set<EnvironmentUid> asking_;
  Scope scope_;
};

}  // namespace blox::scheduler
