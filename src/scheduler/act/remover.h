// Remover: ends the life of environments that are being deleted, once nothing of them is open.
#pragma once

#include <map>
#include <optional>

#include "base/scope.h"
#include "scheduler/act/act_context.h"

namespace blox::scheduler {

/// deleting ─ no open intent, no unresolved outcome ─┬ tasks are left alone: removed
///                                                   └ terminate_tasks: ECS lists no task of any
///                                                     of its deployments, twice, ecs_visible_max
///                                                     apart: removed
/// A task that the picture does not show yet would be unknown to the next environment of the name,
/// which would start another beside it: so its outcome is awaited.
/// Bounds: one removal at a time. Threading: the executor's thread.
class Remover {
 public:
  explicit Remover(ActContext& context) : context_(context), scope_(context.executor) {}

  /// Starts what is due. Call it in every round.
  void drive();
  std::optional<TimePoint> next_due() const;

 private:
  struct Entry {
    TimePoint next_at;
    std::optional<TimePoint> empty_since;
  };
  Async<void> work_on(Environment environment);
  Async<Result<bool>> has_tasks(const Environment& environment);

  ActContext& context_;
  std::map<EnvironmentUid, Entry> entries_;
  bool working_ = false;
  Scope scope_;
};

}  // namespace blox::scheduler
