// WrongClock: an executor whose date is off, and is set in the midst of the run: a machine's whose
// clock nobody watches.
#pragma once

#include <algorithm>
#include <utility>

#include "base/executor.h"
#include "simulation/scenario.h"

namespace blox::simulation {

/// The time since boot stays the world's; a mutant's goes with the date instead. Requires: `real`
/// outlives it.
class WrongClock final : public Executor {
 public:
  WrongClock(Executor& real, ClockError error, bool measures_by_date)
      : real_(real), error_(error), measures_by_date_(measures_by_date) {}

  void post(Job job) override { real_.post(std::move(job)); }
  TimePoint now() const override {
    return real_.now() + (measures_by_date_ ? jumped() : Duration{});
  }
  WallTime wall_now() const override {
    return real_.wall_now() +
           std::chrono::floor<std::chrono::milliseconds>(error_.ahead + jumped());
  }
  TimerId call_at(TimePoint time, Job job) override {
    if (!measures_by_date_) return real_.call_at(time, std::move(job));
    // Never too early by the jump: who waits would wait again, at the same moment.
    return real_.call_at(std::max(time - jumped(), real_.now()), std::move(job));
  }
  void cancel(TimerId timer) override { real_.cancel(timer); }

 private:
  Duration jumped() const {
    return real_.now() >= TimePoint{error_.set_at} ? error_.set_by : Duration{};
  }
  Executor& real_;
  ClockError error_;
  bool measures_by_date_;
};

}  // namespace blox::simulation
