// What exactly-once launching assumes of ECS, and the waits and bounds of act. The simulation keeps
// the assumptions, or breaks them in a suite of its own.
#pragma once

#include <cstddef>

#include "base/time.h"

namespace blox::scheduler {

struct Assumptions {
  /// A1: a call that starts or stops a task takes effect within this time of being sent, or never.
  Duration launch_effect_max = std::chrono::seconds{60};
  /// A2: the lists and Describes of ECS show an effect within this time. Source: API/RunTask,
  /// "eventual consistency".
  Duration ecs_visible_max = std::chrono::minutes{5};
  /// A3: clock rates err by less than this.
  int clock_error_percent = 1;
  /// A launch names only instances that were known to be eligible less than this ago.
  Duration observation_age_max = std::chrono::seconds{60};

  /// How long nothing is concluded from not finding a task that was to start, or from finding
  /// unharmed one that was to stop: A1 and A2, by a clock as wrong as A3 allows.
  Duration settle_time() const {
    return (launch_effect_max + ecs_visible_max) * (100 + clock_error_percent) / 100;
  }
  Duration visible_time() const { return ecs_visible_max * (100 + clock_error_percent) / 100; }
};

/// Waits double from the first to the last.
struct Backoff {
  Duration first;
  Duration last;
  Duration after(int count) const {
    Duration wait = first;
    for (int i = 1; i < count && wait < last; ++i) wait *= 2;
    return wait < last ? wait : last;
  }
};

struct ActOptions {
  Assumptions assumptions;
  std::size_t start_calls_max = 8;  ///< StartTask calls at a time, each for up to ten instances.
  std::size_t stop_calls_max = 8;
  std::size_t lookup_calls_max = 4;
  std::size_t ask_calls_max = 4;                             ///< Confirmations, of each kind.
  std::size_t ask_instances_max = 200;                       ///< In one of them.
  Duration confirmation_age_max = std::chrono::seconds{10};  ///< Then ECS is asked again.
  Backoff lookup{std::chrono::seconds{2}, std::chrono::seconds{60}};
  Backoff outcome_check{std::chrono::seconds{5}, std::chrono::seconds{60}};
  Backoff stop_repeat{std::chrono::seconds{10},
                      std::chrono::minutes{2}};  ///< After an accepted one.
  Backoff call_retry{std::chrono::seconds{1}, std::chrono::seconds{30}};  ///< After a refused one.
  Backoff write_retry{std::chrono::milliseconds{100}, std::chrono::seconds{5}};
  Duration removal_check = std::chrono::seconds{10};
  Duration health_check = std::chrono::seconds{10};  ///< Between two questions about a new task, …
  Duration health_check_slow = std::chrono::minutes{1};   ///< … and when the answer was the same …
  Duration health_slow_after = std::chrono::minutes{10};  ///< … for so long.
  /// Until a definition is asked about again that ECS did not describe to us.
  Duration definition_retry = std::chrono::minutes{10};
};

}  // namespace blox::scheduler
