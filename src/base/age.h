// How old a date is. Dates from outside may be thousands of years off, which is more than a
// Duration can hold: ages are taken in milliseconds and have a bound.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/time.h"

namespace blox {

/// How long before `now` that was: within 0 and `most`, whatever the dates are. Requires: dates as
/// parse_time and an Executor give them.
constexpr std::chrono::milliseconds clamped_age(WallTime then, WallTime now,
                                                std::chrono::milliseconds most) {
  return std::clamp(now - then, std::chrono::milliseconds{}, most);
}

}  // namespace blox
