// AwsClock: the date by the clock of AWS, told by its answers. The times of tasks, instances and
// events are AWS's; ours are compared with them, and the clock of this machine may be off by
// minutes, or be set while Blox runs.
#pragma once

#include <atomic>
#include <string_view>

#include "base/executor.h"
#include "http/transport.h"

namespace blox::aws {

/// The executor `real` with another date. From the first answer on the date goes with the time
/// since boot, so that nobody sets it; each answer holds it within the second that it tells and the
/// time that it took. Before, it is that of this machine.
/// Threading: as Executor; `note` on its thread. Requires: `real` outlives it.
class AwsClock final : public Executor {
 public:
  explicit AwsClock(Executor& real) : real_(real) {}

  void post(Job job) override { real_.post(std::move(job)); }
  TimePoint now() const override { return real_.now(); }
  WallTime wall_now() const override;
  TimerId call_at(TimePoint time, Job job) override { return real_.call_at(time, std::move(job)); }
  void cancel(TimerId timer) override { real_.cancel(timer); }

  /// How far the date may be off once it is known: an answer tells whole seconds, and took two.
  static constexpr Duration kErrorMax = std::chrono::seconds{3};
  /// True once AWS has answered a call so quickly, or several so that together they tell as much,
  /// or one without telling a date.
  bool is_known() const { return known_; }
  /// AWS has answered a call that was sent at `sent_at`, just now, with this `Date` header. One
  /// that cannot be read, or is empty, changes nothing but that AWS has answered.
  void note(TimePoint sent_at, std::string_view date);

 private:
  void narrow(Duration earliest, Duration latest);

  static constexpr Duration::rep kUnknown = INT64_MIN;
  Executor& real_;
  std::atomic<Duration::rep> at_boot_{kUnknown};  // The date then, in nanoseconds.
  // What all answers allow it to be; at first anything.
  Duration earliest_ = Duration::min();
  Duration latest_ = Duration::max();
  bool known_ = false;
};

/// Notes the dates of the answers. Requires: both outlive it.
class DatedTransport final : public http::Transport {
 public:
  DatedTransport(http::Transport& real, AwsClock& clock) : real_(real), clock_(clock) {}

  Async<Result<http::Answer>> send(http::OutgoingRequest request) override;
  Async<Result<std::unique_ptr<http::LineStream>>> open_lines(http::OutgoingRequest request,
                                                              Duration idle_max) override;

 private:
  http::Transport& real_;
  AwsClock& clock_;
};

}  // namespace blox::aws
