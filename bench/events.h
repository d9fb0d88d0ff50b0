// Events as ECS sends them, made up for load: tasks of one cluster whose versions rise.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"

namespace blox::bench {

/// The name of the cluster that all made-up objects belong to.
inline constexpr const char* kCluster = "bench";

/// Marks what a task carries of its newest event: `NAME=VALUE` in the overrides, which the API
/// shows, so that a reader can tell which event a line or a list stems from.
inline constexpr const char* kMark = "BENCH_MARK";

std::string cluster_arn();
/// The ARN of made-up task number `task`.
std::string task_arn(std::uint64_t task);
std::string instance_arn(std::uint64_t instance);

/// One event envelope of about 2 KB: task `task` on instance `instance`, RUNNING, at `version` (>=
/// 1), with `mark` as the value of kMark.
std::string make_task_event(std::uint64_t task, std::uint64_t instance, std::int64_t version,
                            std::uint64_t mark, WallTime sent_at);

/// One event envelope: the instance is ACTIVE and connected.
std::string make_instance_event(std::uint64_t instance, std::int64_t version, WallTime sent_at);

/// The value of kMark in a line or list item of the API; -1 when there is none.
std::int64_t find_mark(std::string_view text);

}  // namespace blox::bench
