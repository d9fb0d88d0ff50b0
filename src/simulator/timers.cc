#include "simulator/timers.h"

#include <utility>

namespace blox::simulator {

Timers::~Timers() {
  for (const auto& [key, entry] : entries_) executor_.cancel(entry.timer);
}

void Timers::after(Duration wait, std::move_only_function<void()> job) {
  const std::uint64_t key = ++last_;
  Entry& entry = entries_[key];
  entry.job = std::move(job);
  entry.timer = executor_.call_at(executor_.now() + wait, [this, key] { fall_due(key); });
}

void Timers::fall_due(std::uint64_t key) {
  if (paused_) {
    held_.push_back(key);
  } else {
    fire(key);
  }
}

void Timers::fire(std::uint64_t key) {
  auto entry = entries_.extract(key);
  entry.mapped().job();
}

void Timers::resume() {
  paused_ = false;
  // Through the executor: a job may pause again, and what is held then waits on.
  for (const std::uint64_t key : std::exchange(held_, {})) {
    entries_[key].timer = executor_.call_at(executor_.now(), [this, key] { fall_due(key); });
  }
}

}  // namespace blox::simulator
