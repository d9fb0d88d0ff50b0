// RepeatFilter: a line that is said again and again is written once, with a count later.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace blox::log {

/// Of lines that are the same to the letter. Bounds: it knows the last 64 lines; of more at a time
/// some are written again. Threading: one thread at a time.
class RepeatFilter {
 public:
  /// A line that is held back for so long.
  static constexpr std::chrono::milliseconds kPause = std::chrono::minutes{1};
  static constexpr std::size_t kLinesMax = 64;

  /// What is to be written besides: a line, and how often it was held back since it was written.
  struct Held {
    int level;
    std::string line;
    std::uint64_t count;
  };

  /// Whether `line` is to be written now: it was not within the pause. Else it is counted.
  /// `level` is the caller's, for Held.
  bool take(int level, std::string_view line, WallTime now);
  /// Those whose pause is over and that were held back meanwhile, oldest first: their next pause
  /// begins. To be asked at each line, whatever it is.
  std::vector<Held> take_due(WallTime now);

 private:
  struct Entry {
    Held said;
    WallTime at;
  };
  std::vector<Entry> entries_;  // By `at`, oldest first, but for dates that were set back.
  std::vector<Held> pushed_out_;
};

}  // namespace blox::log
