#include "base/io_loop.h"

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <map>
#include <unordered_map>
#include <utility>

#include "base/check.h"

namespace blox {

namespace asio = boost::asio;

namespace {

// Asio's own timers wait on CLOCK_MONOTONIC, which stands still while the machine is suspended.
int open_boot_timer() {
  const int timer = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  check(timer >= 0, "the system has a timer for each loop");
  return timer;
}

TimePoint boot_now() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return TimePoint{std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec}};
}

timespec to_timespec(TimePoint time) {
  const auto since_boot = std::max(time.time_since_epoch(), Duration{1});  // 0 would disarm it.
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
  return {.tv_sec = seconds.count(), .tv_nsec = (since_boot - seconds).count()};
}

}  // namespace

struct IoLoop::Impl {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  asio::posix::stream_descriptor alarm{context, open_boot_timer()};  // For the first of `timers`.
  // A set of signals, and what is to be done at each.
  struct Signals {
    asio::signal_set set;
    Job job;
  };
  Signals ends{asio::signal_set{context}, {}};
  Signals hangups{asio::signal_set{context}, {}};
  std::map<std::pair<TimePoint, TimerId>, Job> timers;
  std::unordered_map<TimerId, TimePoint> times;
  TimerId last_timer = 0;
  TimePoint alarm_time = TimePoint::max();

  void set_alarm(TimePoint now) {
    if (timers.empty()) return;
    const TimePoint first = timers.begin()->first.first;
    if (first >= alarm_time) return;
    alarm_time = first;
    if (first <= now) {  // A yield: spares the way through the kernel.
      asio::post(context, [this] { ring(); });
      return;
    }
    itimerspec setting{};
    setting.it_value = to_timespec(first);
    check(timerfd_settime(alarm.native_handle(), TFD_TIMER_ABSTIME, &setting, nullptr) == 0,
          "a timer can be set");
  }

  void wait_for_alarm() {
    alarm.async_wait(
        asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
          if (error) return;
          std::uint64_t expirations = 0;
          const auto ignored = ::read(alarm.native_handle(), &expirations, sizeof expirations);
          static_cast<void>(ignored);  // None when the timer was set anew meanwhile.
          wait_for_alarm();
          ring();
        });
  }

  // Runs what is due now: timers that these jobs set run at the next alarm.
  void ring() {
    alarm_time = TimePoint::max();
    const TimePoint now = boot_now();
    const TimerId newest = last_timer;
    auto next = timers.begin();
    while (next != timers.end() && next->first.first <= now) {
      const auto place = next->first;
      if (place.second <= newest) {
        auto due = timers.extract(next);
        times.erase(place.second);
        due.mapped()();
      }
      next = timers.upper_bound(place);  // Whatever the job has set or cancelled.
    }
    set_alarm(boot_now());
  }

  void wait_for(Signals& signals) {
    signals.set.async_wait([this, &signals](const boost::system::error_code& error, int) {
      if (error) return;
      wait_for(signals);
      signals.job();
    });
  }
};

IoLoop::IoLoop() : impl_(std::make_unique<Impl>()) { impl_->wait_for_alarm(); }
IoLoop::~IoLoop() = default;

void IoLoop::post(Job job) { asio::post(impl_->context, std::move(job)); }

TimePoint IoLoop::now() const { return boot_now(); }

WallTime IoLoop::wall_now() const {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

Executor::TimerId IoLoop::call_at(TimePoint time, Job job) {
  const TimerId timer = ++impl_->last_timer;
  impl_->timers.emplace(std::pair{time, timer}, std::move(job));
  impl_->times.emplace(timer, time);
  impl_->set_alarm(boot_now());
  return timer;
}

void IoLoop::cancel(TimerId timer) {
  const auto found = impl_->times.find(timer);
  if (found == impl_->times.end()) return;
  impl_->timers.erase({found->second, timer});
  impl_->times.erase(found);
}

void IoLoop::run() {
  impl_->context.run();
  impl_->context.restart();  // Afterwards, so that a stop() that comes before run() is kept.
}
void IoLoop::stop() { impl_->context.stop(); }

void IoLoop::on_signal(Job job) {
  check(!impl_->ends.job, "a loop has one job for signals");
  impl_->ends.job = std::move(job);
  impl_->ends.set.add(SIGINT);
  impl_->ends.set.add(SIGTERM);
  impl_->wait_for(impl_->ends);
}

void IoLoop::on_hangup(Job job) {
  check(!impl_->hangups.job, "a loop has one job for SIGHUP");
  impl_->hangups.job = std::move(job);
  impl_->hangups.set.add(SIGHUP);
  impl_->wait_for(impl_->hangups);
}

asio::io_context& IoLoop::context() { return impl_->context; }

}  // namespace blox
