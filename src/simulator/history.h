// History<T>: the present state of an object, and for lagging lists its states of the last while.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "base/time.h"

namespace blox::simulator {

/// Bounded by `keep` at each change: states that ended longer ago are forgotten.
template <class T>
class History {
 public:
  History(TimePoint now, T first) { states_.emplace_back(now, std::move(first)); }

  const T& present() const { return states_.back().second; }
  /// When the present state began.
  TimePoint since() const { return states_.back().first; }
  /// The state at `time`: none if the object did not exist then. What is forgotten counts as the
  /// oldest state kept.
  const T* as_of(TimePoint time) const {
    if (time >= since()) return &present();
    if (!trimmed_ && time < states_.front().first) return nullptr;
    const auto after = std::ranges::upper_bound(states_, time, {}, &Entry::first);
    return after == states_.begin() ? &states_.front().second : &std::prev(after)->second;
  }
  /// Makes `next` the present state.
  void change(TimePoint now, T next, Duration keep) {
    const TimePoint horizon = now - keep;
    // A state ends when the next one begins; the last always ends just now.
    auto kept = states_.begin();
    while (kept != states_.end()) {
      const auto following = std::next(kept);
      const TimePoint end = following == states_.end() ? now : following->first;
      if (end > horizon && keep > Duration::zero()) break;
      ++kept;
    }
    trimmed_ = trimmed_ || kept != states_.begin();
    states_.erase(states_.begin(), kept);
    states_.emplace_back(now, std::move(next));
  }

 private:
  using Entry = std::pair<TimePoint, T>;
  std::vector<Entry> states_;  // In the order of time; never empty.
  bool trimmed_ = false;
};

}  // namespace blox::simulator
