// FastClock: an executor whose clock runs at another speed than the world's: a mutant's.
#pragma once

#include <utility>

#include "base/executor.h"

namespace blox::simulation {

/// Breaks A3. The date stays the world's. Requires: `real` outlives it.
class FastClock final : public Executor {
 public:
  FastClock(Executor& real, double speed) : real_(real), speed_(speed) {}

  void post(Job job) override { real_.post(std::move(job)); }
  TimePoint now() const override {
    return TimePoint{scale(real_.now().time_since_epoch(), speed_)};
  }
  WallTime wall_now() const override { return real_.wall_now(); }
  TimerId call_at(TimePoint time, Job job) override {
    // Never too early by rounding: who waits would wait again, at the same moment.
    const Duration at = scale(time.time_since_epoch(), 1 / speed_) + std::chrono::microseconds{1};
    return real_.call_at(TimePoint{at}, std::move(job));
  }
  void cancel(TimerId timer) override { real_.cancel(timer); }

 private:
  static Duration scale(Duration duration, double by) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double, Duration::period>(
        static_cast<double>(duration.count()) * by));
  }
  Executor& real_;
  double speed_;
};

}  // namespace blox::simulation
