#include "base/repeat_filter.h"

#include <algorithm>
#include <utility>

namespace blox::log {

bool RepeatFilter::take(int level, std::string_view line, WallTime now) {
  const auto same = std::ranges::find_if(entries_, [&](const Entry& entry) {
    return entry.said.level == level && entry.said.line == line;
  });
  if (same != entries_.end()) {
    ++same->said.count;
    return false;
  }
  if (entries_.size() == kLinesMax) {
    if (entries_.front().said.count > 0) pushed_out_.push_back(std::move(entries_.front().said));
    entries_.erase(entries_.begin());
  }
  entries_.push_back({{level, std::string{line}, 0}, now});
  return true;
}

std::vector<RepeatFilter::Held> RepeatFilter::take_due(WallTime now) {
  std::vector<Held> due = std::exchange(pushed_out_, {});
  std::vector<Entry> again;
  std::erase_if(entries_, [&](Entry& entry) {
    // A date that was set back would hold a line back for as long.
    const bool is_over = now - entry.at >= kPause || now < entry.at;
    if (!is_over) return false;
    if (entry.said.count > 0) {
      due.push_back(entry.said);
      again.push_back({{entry.said.level, std::move(entry.said.line), 0}, now});
    }
    return true;
  });
  std::ranges::move(again, std::back_inserter(entries_));
  return due;
}

}  // namespace blox::log
