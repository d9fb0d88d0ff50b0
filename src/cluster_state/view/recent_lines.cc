#include "cluster_state/view/recent_lines.h"

#include <algorithm>

#include "base/check.h"

namespace blox::cluster_state {

void RecentLines::reset(codec::EntityVersion floor) {
  lines_.clear();
  bytes_ = 0;
  floor_ = floor;
}

void RecentLines::append(Line line) {
  check(line.version > (lines_.empty() ? floor_ : lines_.back().version),
        "lines come in the order of their versions");
  bytes_ += line.bytes.size();
  lines_.push_back(std::move(line));
  while (lines_.size() > bounds_.count_max || bytes_ > bounds_.bytes_max) {
    bytes_ -= lines_.front().bytes.size();
    floor_ = lines_.front().version;
    lines_.pop_front();
  }
}

std::size_t RecentLines::find_after(codec::EntityVersion version) const {
  const auto found = std::ranges::partition_point(
      lines_, [&](const Line& line) { return line.version <= version; });
  return static_cast<std::size_t>(found - lines_.begin());
}

}  // namespace blox::cluster_state
