// What act needs of a report besides its typed fields: read from the text of ECS that it carries.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/report.h"
#include "scheduler/plan/launch_memory.h"

namespace blox::scheduler {

/// The value of a member of `detail` that is a string, up to its first quote; empty when there is
/// none. Requires: minified JSON. Within a JSON string the quotes would be escaped, so this finds
/// members alone.
std::string_view find_text(std::string_view detail, std::string_view member);

bool has_connected_agent(const InstanceReport& report);

/// What ECS wants of the task; kOther when the report does not say.
TaskStatus desired_status(const TaskReport& report);

/// When the task was created, or the epoch when the report does not say.
WallTime created_at(const TaskReport& report);

/// What the health checks of those containers say together: one that fails is enough, and all have
/// to pass.
HealthWord health_of(const TaskReport& report, const std::vector<std::string>& containers);

/// How the task ended. `now` stands for the time of its end when the report does not say.
EndedTask end_of(const TaskReport& report, WallTime now);

}  // namespace blox::scheduler
