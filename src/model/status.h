// The states of tasks and container instances: all that ECS documents, and text it may yet add.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace blox {

/// Source: Amazon ECS developer guide, "Task lifecycle". In the order a task passes through them.
enum class TaskStatusKind : std::uint8_t {
  kProvisioning,
  kPending,
  kActivating,
  kRunning,
  kDeactivating,
  kStopping,
  kDeprovisioning,
  kStopped,
  kDeleted,
  kOther,  ///< A word newer than this program.
};

/// A task's lastStatus or desiredStatus. Unknown words are kept as they came.
struct TaskStatus {
  TaskStatusKind kind = TaskStatusKind::kOther;
  std::string other;  ///< The word, for kOther alone.

  friend bool operator==(const TaskStatus&, const TaskStatus&) = default;
  /// STOPPED or DELETED: it holds nothing on its instance any more and never will again.
  bool is_final() const {
    return kind == TaskStatusKind::kStopped || kind == TaskStatusKind::kDeleted;
  }
  bool is_running() const { return kind == TaskStatusKind::kRunning; }
};

/// Takes any word; letters in any case count for the known ones. Cannot fail.
TaskStatus make_task_status(std::string_view text);
/// ECS's spelling, "RUNNING".
std::string_view format(const TaskStatus& status);

/// Source: botocore's model of ContainerInstance.status.
enum class InstanceStatusKind : std::uint8_t {
  kRegistering,
  kRegistrationFailed,
  kActive,
  kDraining,
  kDeregistering,
  kInactive,
  kOther,
};

/// A container instance's status. Unknown words are kept as they came.
struct InstanceStatus {
  InstanceStatusKind kind = InstanceStatusKind::kOther;
  std::string other;

  friend bool operator==(const InstanceStatus&, const InstanceStatus&) = default;
  bool is_active() const { return kind == InstanceStatusKind::kActive; }
  bool is_draining() const { return kind == InstanceStatusKind::kDraining; }
  bool is_final() const { return kind == InstanceStatusKind::kInactive; }
};

InstanceStatus make_instance_status(std::string_view text);
std::string_view format(const InstanceStatus& status);

}  // namespace blox
