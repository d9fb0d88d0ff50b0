#include "cluster_state/ingest/in_flight_watch.h"

#include <algorithm>

namespace blox::cluster_state {

void InFlightWatch::set_held(std::size_t held) {
  if (held < held_) intervals_[0].released += held_ - held;
  held_ = held;
  intervals_[0].peak = std::max(intervals_[0].peak, held);
}

std::size_t InFlightWatch::ours() const {
  std::size_t peak = 0;
  std::size_t released = 0;
  for (const Interval& interval : intervals_) {
    peak = std::max(peak, interval.peak);
    released += interval.released;
  }
  return peak + released;
}

void InFlightWatch::forget_let_go(TimePoint now) {
  while (!let_go_.empty() && let_go_.front().until <= now) {
    let_go_count_ -= let_go_.front().count;
    let_go_.pop_front();
  }
}

void InFlightWatch::let_go(std::size_t count, TimePoint until, TimePoint now) {
  forget_let_go(now);  // Looks may fail for days.
  if (count == 0) return;
  let_go_.push_back({count, until});
  let_go_count_ += count;
}

void InFlightWatch::look(std::optional<std::size_t> in_flight_count, TimePoint now) {
  // What a call under way at the last look brought since, or lost since, is ours too.
  const std::size_t let_go_most = std::max(waiting_let_go_, let_go_count_);
  forget_let_go(now);
  if (waiting_) {
    const std::size_t most = ours() + let_go_most;
    judge(*waiting_ > most ? *waiting_ - most : 0);
  }
  if (!in_flight_count) {
    foreign_.clear();
    foreign_count_ = 0;
    shared_ = false;
  }
  waiting_ = in_flight_count;
  waiting_let_go_ = let_go_count_;
  std::ranges::rotate(intervals_, intervals_.end() - 1);
  intervals_[0] = {held_, 0};
}

void InFlightWatch::judge(std::size_t foreign_count) {
  foreign_count_ = foreign_count;
  foreign_.push_back(foreign_count > 0);
  if (foreign_.size() > kLooks) foreign_.pop_front();
  if (foreign_.size() < kLooks) return;
  const auto many = static_cast<std::size_t>(std::ranges::count(foreign_, true));
  if (many >= kMany) shared_ = true;
  if (many <= kFew) shared_ = false;
}

}  // namespace blox::cluster_state
