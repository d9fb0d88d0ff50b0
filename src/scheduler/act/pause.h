// Pause: calls wait after a failure, longer with each one in a row.
#pragma once

#include <string>

#include "scheduler/act/assumptions.h"

namespace blox::scheduler {

struct Pause {
  TimePoint until;
  int count = 0;    ///< Failures in a row.
  std::string why;  ///< The newest that began a pause.

  bool is_on(TimePoint now) const { return now < until; }
  /// Notes a failure. Calls that were sent together and fail together count once: false if it is on
  /// already.
  bool begin(TimePoint now, const Backoff& retry, const std::string& reason) {
    if (is_on(now)) return false;
    until = now + retry.after(++count);
    why = reason;
    return true;
  }
};

}  // namespace blox::scheduler
