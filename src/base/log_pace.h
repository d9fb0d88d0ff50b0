// LogPace: what goes wrong again and again is said once in a while, with a count.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace blox {

/// Lets the first of equal lines through, and from then on one every `every`. Threading: none.
class LogPace {
 public:
  explicit LogPace(Duration every = std::chrono::minutes{1}) : every_(every) {}

  /// What to put behind the line, if it is to be written: "", or how many were kept back since the
  /// last one.
  std::optional<std::string> next(TimePoint now) {
    if (written_at_ && now - *written_at_ < every_) {
      ++kept_back_;
      return std::nullopt;
    }
    written_at_ = now;
    const std::uint64_t kept_back = kept_back_;
    kept_back_ = 0;
    if (kept_back == 0) return std::string{};
    return " (and " + std::to_string(kept_back) + " more like this since the last such line)";
  }

 private:
  Duration every_;
  std::optional<TimePoint> written_at_;
  std::uint64_t kept_back_ = 0;
};

}  // namespace blox
