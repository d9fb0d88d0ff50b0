// IoLoop: the executor of the real programs, on Asio's io_context.
#pragma once

#include <memory>

#include "base/executor.h"

namespace boost::asio {
class io_context;
}

namespace blox {

/// Runs on the thread that calls run(). Timers wait on CLOCK_BOOTTIME: those that came due while
/// the machine was suspended ring when it wakes.
class IoLoop final : public Executor {
 public:
  IoLoop();
  ~IoLoop() override;

  void post(Job job) override;
  TimePoint now() const override;
  WallTime wall_now() const override;
  TimerId call_at(TimePoint time, Job job) override;
  void cancel(TimerId timer) override;

  /// Runs jobs on this thread until stop(); may be called again after that.
  void run();
  /// Makes run() return soon. Threading: any thread; not safe in a signal handler (see on_signal).
  void stop();
  /// Calls `job` on the loop each time that the process gets SIGINT or SIGTERM, which then do
  /// nothing else. Requires: called once.
  void on_signal(Job job);
  /// As on_signal, for SIGHUP.
  void on_hangup(Job job);

  /// For `http`, the only other user of Asio.
  boost::asio::io_context& context();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace blox
