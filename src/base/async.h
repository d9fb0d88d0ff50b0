// Async<T>: a lazy coroutine that yields one T, the form of everything in Blox that waits.
// It is owned by whoever awaits it (or by a Scope, see scope.h), starts when awaited and is
// destroyed with its owner, at whatever point it stands. docs/decisions/0002 says why not Asio's.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "base/check.h"

namespace blox {

template <class T>
class Async;

namespace internal {

struct AsyncPromiseBase {
  std::coroutine_handle<> continuation = std::noop_coroutine();
  bool awaited = false;

  struct ResumeContinuation {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      return self.promise().continuation;
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  ResumeContinuation final_suspend() const noexcept { return {}; }
  [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
};

template <class T>
struct AsyncPromise : AsyncPromiseBase {
  std::optional<T> value;
  Async<T> get_return_object();
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() { return std::move(*value); }
};

template <>
struct AsyncPromise<void> : AsyncPromiseBase {
  Async<void> get_return_object();
  void return_void() const noexcept {}
  void take() const noexcept {}
};

}  // namespace internal

/// A lazy coroutine. Move it, await it once (`co_await std::move(work)` or the call itself), or
/// hand it to Scope::spawn. A coroutine takes its arguments by value, or says what must outlive it.
/// An exception that leaves it ends the process.
template <class T>
class [[nodiscard]] Async {
 public:
  using promise_type = internal::AsyncPromise<T>;

  explicit Async(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Async(Async&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Async& operator=(Async&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Async(const Async&) = delete;
  Async& operator=(const Async&) = delete;
  ~Async() {
    if (handle_) handle_.destroy();
  }

  struct Awaiter {
    std::coroutine_handle<promise_type> handle;
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) const noexcept {
      handle.promise().continuation = awaiting;
      return handle;
    }
    T await_resume() const { return handle.promise().take(); }
  };
  Awaiter operator co_await() const noexcept {
    check(handle_ && !std::exchange(handle_.promise().awaited, true),
          "an Async is awaited once, and not after it was moved from");
    return Awaiter{handle_};
  }

 private:
  std::coroutine_handle<promise_type> handle_;
};

namespace internal {

template <class T>
Async<T> AsyncPromise<T>::get_return_object() {
  return Async<T>{std::coroutine_handle<AsyncPromise<T>>::from_promise(*this)};
}
inline Async<void> AsyncPromise<void>::get_return_object() {
  return Async<void>{std::coroutine_handle<AsyncPromise<void>>::from_promise(*this)};
}

}  // namespace internal
}  // namespace blox
