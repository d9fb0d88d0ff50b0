// Executor: where all of Blox's work runs and waits. One implementation stands on Asio's
// io_context (io_loop.h), one on a seed and virtual time (sim_loop.h); services know neither.
#pragma once

#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/time.h"

namespace blox {

/// Runs jobs one at a time, on one thread; a service's state belongs to that thread.
/// Threading: `post`, `now` and `wall_now` from any thread; all else from the executor's own.
class Executor {
 public:
  using Job = std::move_only_function<void()>;
  using TimerId = std::uint64_t;

  virtual ~Executor() = default;

  /// Runs `job` soon, never from within this call. Jobs that are ready together may run in any
  /// order: SimLoop picks by its seed.
  virtual void post(Job job) = 0;
  /// Time since boot; see BootClock.
  virtual TimePoint now() const = 0;
  /// The date.
  virtual WallTime wall_now() const = 0;
  /// Runs `job` once, at `time` or soon after.
  virtual TimerId call_at(TimePoint time, Job job) = 0;
  /// Forgets the timer; its job is destroyed unrun. A timer that has run is ignored.
  virtual void cancel(TimerId timer) = 0;
};

/// `co_await sleep_until(executor, time)`: continues at `time` or soon after, by way of the
/// executor even when `time` has passed. Destroying the waiting coroutine forgets the timer.
class [[nodiscard]] SleepUntil {
 public:
  SleepUntil(Executor& executor, TimePoint time) : executor_(executor), time_(time) {}
  SleepUntil(const SleepUntil&) = delete;
  SleepUntil& operator=(const SleepUntil&) = delete;
  ~SleepUntil() {
    if (timer_ != 0) executor_.cancel(timer_);
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    timer_ = executor_.call_at(time_, [this, waiting] {
      timer_ = 0;
      waiting.resume();
    });
  }
  void await_resume() const noexcept {}

 private:
  Executor& executor_;
  TimePoint time_;
  Executor::TimerId timer_ = 0;
};

inline SleepUntil sleep_until(Executor& executor, TimePoint time) {
  return SleepUntil{executor, time};
}
inline SleepUntil sleep_for(Executor& executor, Duration duration) {
  return SleepUntil{executor, executor.now() + duration};
}
/// Lets what else is ready run first.
inline SleepUntil yield(Executor& executor) { return SleepUntil{executor, executor.now()}; }

}  // namespace blox
