// Whole numbers that came as doubles: JSON makes no difference between 4 and 4.0, and some writers
// of it know doubles alone.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>

namespace blox::codec {

/// `number` when it is a whole number that no rounding has touched: below 2^53 either way.
inline std::optional<std::int64_t> to_whole(double number) {
  constexpr double kExactMax = 9'007'199'254'740'991.0;
  if (!(std::abs(number) <= kExactMax) || std::trunc(number) != number) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

}  // namespace blox::codec
