// The two times of Blox. Deciding code takes them as values; only an Executor reads them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace blox {

/// Time since boot, suspension included (CLOCK_BOOTTIME): never set back, so it measures waits,
/// deadlines and leases. Says nothing about the date, and nothing to another machine.
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};
using TimePoint = BootClock::time_point;
using Duration = BootClock::duration;

/// The date, in UTC, to the millisecond: for records and for people, never to measure with.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// RFC 3339 in UTC with milliseconds: "2026-08-20T10:00:03.100Z".
std::string format_time(WallTime time);

/// Parses RFC 3339 with any offset and any number of decimals (cut to milliseconds).
/// Errors: kInvalid, also for what is in UTC before the year 0 or after 9999.
Result<WallTime> parse_time(std::string_view text);

/// Parses a duration as flags and config take it: "250ms", "10s", "15m", "3h", "14d". At most
/// 3,650 days, so that sums and small multiples of what was parsed do not overflow.
/// Errors: kInvalid, naming the text and what is allowed.
Result<Duration> parse_duration(std::string_view text);

/// The shortest text that parse_duration reads back: "15m".
std::string format_duration(Duration duration);

}  // namespace blox
