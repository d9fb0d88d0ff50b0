// Ended: a task that is over, whoever told of it. What observe makes waits and budgets of.
#pragma once

#include <string_view>

#include "base/time.h"
#include "model/arn.h"
#include "model/task.h"
#include "scheduler/environments/records.h"
#include "scheduler/plan/launch_memory.h"

namespace blox::scheduler {

/// A time of ECS, or the epoch when there is none (or none that can be read).
inline WallTime time_or_epoch(std::string_view text) {
  return text.empty() ? WallTime{} : parse_time(text).value_or(WallTime{});
}

/// From one time of ECS or of ours to another; zero where one is none, or they cannot both be: they
/// differ by more than what a task lives, or in the wrong order.
inline Duration time_between(WallTime from, WallTime to) {
  constexpr std::chrono::milliseconds kMax = std::chrono::years{10};
  const auto between = to - from;  // In milliseconds: as nanoseconds the years 0 to 9999 overflow.
  const bool can_be = from != WallTime{} && to != WallTime{} && between.count() > 0;
  return can_be && between <= kMax ? Duration{between} : Duration{};
}

/// A task that has ended, by the picture or by what we asked: what the newest of them says decides
/// about waits and budgets. Refers to the records, the picture and the memory.
struct Ended {
  TaskArn arn;
  std::string_view started_by;
  std::string_view created_at;
  std::string_view started_at;
  std::string_view stopped_reason;
  std::string_view stop_code;
  WallTime stopped_at;
  Duration served_for() const { return time_between(time_or_epoch(started_at), stopped_at); }
  bool is_by_us() const { return stopped_reason.starts_with(kStopReasonPrefix); }
  /// It ended by itself: neither by a StopTask of anyone (whose reason is any text, or these words
  /// where none is given) nor with its instance. Source: API/Task ("stopCode").
  bool is_death() const {
    return !is_by_us() && stop_code != "UserInitiated" && stop_code != "TerminationNotice" &&
           stopped_reason != "Task stopped by user";
  }
};

inline Ended ended_of(const Task& task) {
  return {task.arn,
          task.started_by,
          task.created_at,
          task.started_at,
          task.stopped_reason,
          task.stop_code,
          time_or_epoch(task.stopped_at)};
}
inline Ended ended_of(const TaskArn& arn, const DeploymentId& deployment, const EndedTask& task) {
  return {arn,
          deployment.value,
          task.created_at,
          task.started_at,
          task.stopped_reason,
          task.stop_code,
          time_or_epoch(task.stopped_at)};
}

}  // namespace blox::scheduler
