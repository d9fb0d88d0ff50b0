// How much of the past a store keeps: the same three bounds for every store of one machine.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace blox::store {

/// History is compacted when it is older than `age`, and sooner when there is more of it than the
/// other two allow. Values in force do not count and are never compacted.
struct HistoryBounds {
  Duration age = std::chrono::hours{1};
  std::int64_t changes_max = 2'000'000;
  std::int64_t bytes_max = std::int64_t{4} << 30;  ///< Keys and values, as they are kept.
};

}  // namespace blox::store
