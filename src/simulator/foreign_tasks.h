// Tasks of a Blox group that are not ours, where they bar a start.
#pragma once

#include <algorithm>
#include <string_view>

#include "simulator/judge.h"

namespace blox::simulator {

/// A live task of that group is there which is not ours: nothing may be started beside it.
inline bool has_foreign_task(const Judge& judge, const Instance& instance, std::string_view group) {
  return std::ranges::any_of(instance.tasks, [&](const auto& entry) {
    const Task& task = *entry.second;
    return task.group == group && !judge.is_ours(task) && task.present().is_live();
  });
}

}  // namespace blox::simulator
