// SimLoop: the executor of the simulation. One thread, virtual time, and a seed that decides which
// of the ready jobs runs next. A crash is the end of a process's scopes; the loop ends after them.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/executor.h"
#include "base/random.h"

namespace blox {

/// An Executor on which a run is a function of its seed. Time stands still while jobs are ready
/// and then jumps to the next timer.
class SimLoop final : public Executor {
 public:
  /// `start` is the date at time zero.
  explicit SimLoop(std::uint64_t seed, WallTime start = WallTime{std::chrono::days{20'000}});

  void post(Job job) override;
  TimePoint now() const override { return now_; }
  WallTime wall_now() const override;
  TimerId call_at(TimePoint time, Job job) override;
  void cancel(TimerId timer) override;

  /// Runs one ready job, or else jumps to the next timer that is due by `until`. False when
  /// neither is there.
  bool step(TimePoint until = TimePoint::max());
  /// Runs everything up to `time`, then stands at `time`.
  void run_until(TimePoint time);
  void run_for(Duration duration) { run_until(now_ + duration); }
  /// Runs until `holds()` or until `limit` has passed; true in the first case. Asked at each step.
  bool run_while_not(const std::function<bool()>& holds, Duration limit);

  std::uint64_t step_count() const { return step_count_; }
  /// A digest of every choice and time so far: equal runs, equal hashes.
  std::uint64_t trace_hash() const { return trace_hash_; }
  /// Mixes what a component did into the trace hash.
  void trace(std::uint64_t value);
  void trace(std::string_view bytes);

 private:
  struct Ready {
    TimerId timer;  // 0: a posted job.
    Job job;
  };

  Random random_;
  WallTime start_;
  TimePoint now_{};
  std::vector<Ready> ready_;
  std::map<std::pair<TimePoint, TimerId>, Job> timers_;
  std::unordered_map<TimerId, TimePoint> times_;  // Of timers that are neither run nor cancelled.
  TimerId last_timer_ = 0;
  std::uint64_t step_count_ = 0;
  std::uint64_t trace_hash_ = 0;
};

}  // namespace blox
