#include "base/sim_loop.h"

#include <algorithm>
#include <utility>

namespace blox {

SimLoop::SimLoop(std::uint64_t seed, WallTime start) : random_(seed), start_(start) {}

void SimLoop::post(Job job) { ready_.push_back(Ready{0, std::move(job)}); }

WallTime SimLoop::wall_now() const {
  return start_ + std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch());
}

Executor::TimerId SimLoop::call_at(TimePoint time, Job job) {
  const TimerId timer = ++last_timer_;
  timers_.emplace(std::pair{time, timer}, std::move(job));
  times_.emplace(timer, time);
  return timer;
}

void SimLoop::cancel(TimerId timer) {
  const auto found = times_.find(timer);
  if (found == times_.end()) return;
  if (timers_.erase({found->second, timer}) == 0) {
    // Already due: it waits among the ready jobs.
    const auto due = std::ranges::find(ready_, timer, &Ready::timer);
    if (due != ready_.end()) ready_.erase(due);
  }
  times_.erase(found);
}

void SimLoop::trace(std::uint64_t value) {
  trace_hash_ = (trace_hash_ ^ value) * 0x9e3779b97f4a7c15ULL;
  trace_hash_ ^= trace_hash_ >> 32;
}

// FNV-1a: the same on every platform.
void SimLoop::trace(std::string_view bytes) {
  std::uint64_t digest = 0xcbf29ce484222325ULL;
  for (const char byte : bytes) {
    digest = (digest ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
  }
  trace(digest);
}

bool SimLoop::step(TimePoint until) {
  if (ready_.empty() && !timers_.empty() && timers_.begin()->first.first <= until) {
    now_ = std::max(now_, timers_.begin()->first.first);
  }
  while (!timers_.empty() && timers_.begin()->first.first <= now_) {
    auto due = timers_.extract(timers_.begin());
    ready_.push_back(Ready{due.key().second, std::move(due.mapped())});
  }
  if (ready_.empty()) return false;
  const std::size_t choice = random_.below(ready_.size());
  trace(choice);
  trace(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
  ++step_count_;
  std::swap(ready_[choice], ready_.back());
  Ready chosen = std::move(ready_.back());
  ready_.pop_back();
  if (chosen.timer != 0) times_.erase(chosen.timer);
  chosen.job();
  return true;
}

void SimLoop::run_until(TimePoint time) {
  while (step(time)) {
  }
  now_ = std::max(now_, time);
}

bool SimLoop::run_while_not(const std::function<bool()>& holds, Duration limit) {
  const TimePoint end = now_ + limit;
  while (!holds()) {
    if (!step(end)) return false;
  }
  return true;
}

}  // namespace blox
