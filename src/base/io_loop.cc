#include "base/io_loop.h"

#include <time.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <map>
#include <unordered_map>
#include <utility>

namespace blox {

namespace asio = boost::asio;

struct IoLoop::Impl {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  asio::steady_timer alarm{context};  // Rings for the first of `timers`.
  asio::signal_set signals{context};
  std::map<std::pair<TimePoint, TimerId>, Job> timers;
  std::unordered_map<TimerId, TimePoint> times;
  TimerId last_timer = 0;
  TimePoint alarm_time = TimePoint::max();

  void set_alarm(const IoLoop& loop) {
    if (timers.empty()) return;
    const TimePoint first = timers.begin()->first.first;
    if (first >= alarm_time) return;
    alarm_time = first;
    alarm.expires_after(std::max(first - loop.now(), Duration::zero()));
    alarm.async_wait([this, &loop](const boost::system::error_code& error) {
      if (error) return;  // Set anew for an earlier timer.
      alarm_time = TimePoint::max();
      // Bounded by what is due now: timers that these jobs set run at the next alarm.
      const TimePoint now = loop.now();
      const TimerId newest = last_timer;
      while (!timers.empty() && timers.begin()->first.first <= now &&
             timers.begin()->first.second <= newest) {
        auto due = timers.extract(timers.begin());
        times.erase(due.key().second);
        due.mapped()();
      }
      set_alarm(loop);
    });
  }

  void await_signal(Job job) {
    signals.async_wait(
        [this, job = std::move(job)](const boost::system::error_code& error, int) mutable {
          if (error) return;
          job();
          await_signal(std::move(job));
        });
  }
};

IoLoop::IoLoop() : impl_(std::make_unique<Impl>()) {}
IoLoop::~IoLoop() = default;

void IoLoop::post(Job job) { asio::post(impl_->context, std::move(job)); }

TimePoint IoLoop::now() const {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return TimePoint{std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec}};
}

WallTime IoLoop::wall_now() const {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

Executor::TimerId IoLoop::call_at(TimePoint time, Job job) {
  const TimerId timer = ++impl_->last_timer;
  impl_->timers.emplace(std::pair{time, timer}, std::move(job));
  impl_->times.emplace(timer, time);
  impl_->set_alarm(*this);
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
  impl_->signals.add(SIGINT);
  impl_->signals.add(SIGTERM);
  impl_->await_signal(std::move(job));
}

asio::io_context& IoLoop::context() { return impl_->context; }

}  // namespace blox
