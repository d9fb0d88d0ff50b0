#include "scheduler/plan/world.h"

namespace blox::scheduler {

TaskPhase phase_of(const TaskStatus& last, const TaskStatus& desired) {
  if (desired.is_final()) return TaskPhase::kEnding;
  switch (last.kind) {
    case TaskStatusKind::kProvisioning:
    case TaskStatusKind::kPending:
    case TaskStatusKind::kActivating:
    case TaskStatusKind::kOther: return TaskPhase::kStarting;
    case TaskStatusKind::kRunning: return TaskPhase::kServing;
    case TaskStatusKind::kDeactivating:
    case TaskStatusKind::kStopping:
    case TaskStatusKind::kDeprovisioning:
    case TaskStatusKind::kStopped:
    case TaskStatusKind::kDeleted: return TaskPhase::kEnding;
  }
  return TaskPhase::kStarting;
}

}  // namespace blox::scheduler
