// What coroutines wait on besides time: Signal (something changed, look again) and the pair
// Promise/Future (one value, set from any thread).
#pragma once

#include <atomic>
#include <coroutine>
#include <list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/executor.h"
#include "base/scope.h"

namespace blox {

/// Wakes coroutines that wait for a change. It holds no state: check the condition, wait, check
/// again. Threading: the executor's thread.
class Signal {
  struct Waiter {
    std::coroutine_handle<> handle;  // Null once woken or gone.
    bool notified = false;
  };

 public:
  explicit Signal(Executor& executor) : executor_(executor) {}
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  /// Wakes all that wait now, by way of the executor.
  void notify_all() {
    auto waiters = std::exchange(waiters_, {});
    for (auto& weak : waiters) {
      if (auto waiter = weak.lock()) {
        waiter->notified = true;
        executor_.post([weak = std::move(weak)] {
          if (auto woken = weak.lock()) resume(*woken);
        });
      }
    }
  }

  class [[nodiscard]] Wait {
   public:
    Wait(Signal& signal, std::optional<TimePoint> deadline)
        : signal_(signal), executor_(signal.executor_), deadline_(deadline) {}
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    ~Wait() {
      if (timer_ != 0) executor_.cancel(timer_);
    }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) {
      waiter_->handle = waiting;
      signal_.forget_gone();
      signal_.waiters_.push_back(waiter_);
      if (!deadline_) return;
      timer_ = executor_.call_at(*deadline_, [this] {
        timer_ = 0;
        resume(*waiter_);
      });
    }
    /// True if notified, false if the deadline came first.
    bool await_resume() const noexcept { return waiter_->notified; }

   private:
    Signal& signal_;
    Executor& executor_;
    std::optional<TimePoint> deadline_;
    std::shared_ptr<Waiter> waiter_ = std::make_shared<Waiter>();
    Executor::TimerId timer_ = 0;
  };

  /// `co_await signal.wait()`. The signal must outlive the wait.
  Wait wait() { return Wait{*this, std::nullopt}; }
  /// `co_await signal.wait_until(deadline)`: false when nothing was notified by then.
  Wait wait_until(TimePoint deadline) { return Wait{*this, deadline}; }

 private:
  static void resume(Waiter& waiter) {
    if (const auto handle = std::exchange(waiter.handle, nullptr)) handle.resume();
  }
  // Bounds the list by twice the number of live waiters (those timed out or destroyed leave stubs).
  void forget_gone() {
    if (waiters_.size() < forget_at_) return;
    std::erase_if(waiters_, [](const auto& weak) {
      const auto waiter = weak.lock();
      return !waiter || !waiter->handle;
    });
    forget_at_ = 2 * waiters_.size() + 8;
  }

  Executor& executor_;
  std::vector<std::weak_ptr<Waiter>> waiters_;
  std::size_t forget_at_ = 8;
};

namespace internal {
template <class T>
struct FutureState {
  explicit FutureState(Executor& used) : executor(used) {}
  Executor& executor;
  std::optional<T> value;
  std::coroutine_handle<> waiting;
  std::atomic<bool> abandoned = false;  // The Future is gone.
};
}  // namespace internal

/// The end on which the one value is set. Threading: any thread; `set` once.
template <class T>
class Promise {
 public:
  explicit Promise(std::shared_ptr<internal::FutureState<T>> state) : state_(std::move(state)) {}
  /// True once the Future is destroyed: nobody will take the value, and what is not done for it
  /// yet need not be. Requires: not set.
  bool is_abandoned() const { return state_->abandoned; }
  /// Delivers `value` by way of the executor, to whoever awaits the Future or will.
  /// Requires: the executor lives.
  void set(T value) {
    Executor& executor = state_->executor;
    executor.post([state = std::move(state_), value = std::move(value)]() mutable {
      state->value.emplace(std::move(value));
      if (const auto waiting = std::exchange(state->waiting, nullptr)) waiting.resume();
    });
  }

 private:
  std::shared_ptr<internal::FutureState<T>> state_;
};

/// The end that is awaited, once: `co_await future`. Destroying it drops the value.
template <class T>
class [[nodiscard]] Future {
 public:
  explicit Future(std::shared_ptr<internal::FutureState<T>> state) : state_(std::move(state)) {}
  Future(Future&&) noexcept = default;
  Future& operator=(Future&&) = delete;
  ~Future() {
    if (!state_) return;
    state_->waiting = nullptr;
    state_->abandoned = true;
  }
  bool await_ready() const noexcept { return state_->value.has_value(); }
  void await_suspend(std::coroutine_handle<> waiting) noexcept { state_->waiting = waiting; }
  T await_resume() { return std::move(*state_->value); }

 private:
  std::shared_ptr<internal::FutureState<T>> state_;
};

/// A connected pair: `auto [promise, future] = make_promise<T>(executor);`.
template <class T>
std::pair<Promise<T>, Future<T>> make_promise(Executor& executor) {
  auto state = std::make_shared<internal::FutureState<T>>(executor);
  return {Promise<T>{state}, Future<T>{state}};
}

/// Awaits all of `works`, at most `concurrency_max` (>= 1) of them at a time. Shape: one result
/// each, in their order.
template <class T>
Async<std::vector<T>> gather(Executor& executor, std::vector<Async<T>> works,
                             std::size_t concurrency_max) {
  std::vector<std::optional<T>> results(works.size());
  std::size_t next = 0;
  std::size_t ended = 0;
  Signal progress{executor};
  auto worker = [&]() -> Async<void> {
    while (next < works.size()) {
      const std::size_t mine = next++;
      results[mine].emplace(co_await std::move(works[mine]));
      ++ended;
      progress.notify_all();
    }
  };
  Scope scope{executor};
  for (std::size_t i = 0; i < concurrency_max && i < works.size(); ++i) scope.spawn(worker());
  while (ended < works.size()) co_await progress.wait();
  std::vector<T> all;
  all.reserve(results.size());
  for (auto& result : results) all.push_back(std::move(*result));
  co_return all;
}

}  // namespace blox
