// RecentLines: the last changes of one kind as stream lines, encoded once and shared by all
// readers. Those who fall further behind read the store's history instead.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string_view>

#include "base/time.h"
#include "codec/api_objects.h"

namespace blox::cluster_state {

struct Line {
  codec::EntityVersion version = 0;
  std::shared_ptr<const void> owner;
  std::string_view bytes;  ///< With its end. Good as long as `owner`.
  bool deleted = false;    ///< Not for plain readers of v0.3.
  /// The ARN of the object's cluster, good as long as `owner`; empty when it is deleted.
  std::string_view cluster{};
  WallTime told_at{};  ///< As Shown has it.
};

/// A queue of lines, bounded by count and bytes; the oldest leave first.
class RecentLines {
 public:
  struct Bounds {
    std::size_t count_max = 65'536;
    std::size_t bytes_max = 64 << 20;
  };

  explicit RecentLines(Bounds bounds) : bounds_(bounds) {}

  /// Forgets all. `floor`: the version of the last change that came before what follows.
  void reset(codec::EntityVersion floor);
  /// Requires: a version above all before.
  void append(Line line);

  /// All changes with a version above this one are here.
  codec::EntityVersion floor() const { return floor_; }
  /// The place of the first line above `version`; size() if there is none.
  std::size_t find_after(codec::EntityVersion version) const;
  std::size_t size() const { return lines_.size(); }
  std::size_t bytes() const { return bytes_; }
  const Line& operator[](std::size_t place) const { return lines_[place]; }

 private:
  Bounds bounds_;
  std::deque<Line> lines_;
  std::size_t bytes_ = 0;
  codec::EntityVersion floor_ = -1;
};

}  // namespace blox::cluster_state
