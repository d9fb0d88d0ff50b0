#include "model/status.h"

#include <algorithm>
#include <utility>

namespace blox {
namespace {

using TaskWord = std::pair<std::string_view, TaskStatusKind>;
constexpr TaskWord kTaskWords[] = {
    {"PROVISIONING", TaskStatusKind::kProvisioning},
    {"PENDING", TaskStatusKind::kPending},
    {"ACTIVATING", TaskStatusKind::kActivating},
    {"RUNNING", TaskStatusKind::kRunning},
    {"DEACTIVATING", TaskStatusKind::kDeactivating},
    {"STOPPING", TaskStatusKind::kStopping},
    {"DEPROVISIONING", TaskStatusKind::kDeprovisioning},
    {"STOPPED", TaskStatusKind::kStopped},
    {"DELETED", TaskStatusKind::kDeleted},
};

using InstanceWord = std::pair<std::string_view, InstanceStatusKind>;
constexpr InstanceWord kInstanceWords[] = {
    {"REGISTERING", InstanceStatusKind::kRegistering},
    {"REGISTRATION_FAILED", InstanceStatusKind::kRegistrationFailed},
    {"ACTIVE", InstanceStatusKind::kActive},
    {"DRAINING", InstanceStatusKind::kDraining},
    {"DEREGISTERING", InstanceStatusKind::kDeregistering},
    {"INACTIVE", InstanceStatusKind::kInactive},
};

char to_upper(char letter) {
  return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
}

bool equal_in_any_case(std::string_view text, std::string_view upper) {
  return std::ranges::equal(text, upper, {}, to_upper);
}

template <class Status, class Words>
Status make_status(std::string_view text, const Words& words) {
  for (const auto& [word, kind] : words) {
    if (equal_in_any_case(text, word)) return Status{kind, {}};
  }
  return Status{{}, std::string{text}};
}

template <class Status, class Words>
std::string_view format_status(const Status& status, const Words& words) {
  for (const auto& [word, kind] : words) {
    if (status.kind == kind) return word;
  }
  return status.other;
}

}  // namespace

TaskStatus make_task_status(std::string_view text) {
  auto status = make_status<TaskStatus>(text, kTaskWords);
  if (!status.other.empty() || text.empty()) status.kind = TaskStatusKind::kOther;
  return status;
}
std::string_view format(const TaskStatus& status) { return format_status(status, kTaskWords); }

InstanceStatus make_instance_status(std::string_view text) {
  auto status = make_status<InstanceStatus>(text, kInstanceWords);
  if (!status.other.empty() || text.empty()) status.kind = InstanceStatusKind::kOther;
  return status;
}
std::string_view format(const InstanceStatus& status) {
  return format_status(status, kInstanceWords);
}

}  // namespace blox
