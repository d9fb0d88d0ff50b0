#include "base/scope.h"

#include <coroutine>
#include <exception>
#include <utility>

namespace blox {
namespace {

// The coroutine that a Scope holds: it awaits the work and, at its end, takes itself off the list.
struct Root {
  struct promise_type {
    std::list<std::coroutine_handle<promise_type>>* roots = nullptr;
    std::list<std::coroutine_handle<promise_type>>::iterator place;

    struct Leave {
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<promise_type> self) const noexcept {
        self.promise().roots->erase(self.promise().place);
        self.destroy();
      }
      void await_resume() const noexcept {}
    };
    Root get_return_object() {
      return Root{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    Leave final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
};

Root run(Async<void> work) { co_await std::move(work); }

}  // namespace

struct Scope::State {
  explicit State(Executor& used) : executor(used) {}
  Executor& executor;
  std::list<std::coroutine_handle<Root::promise_type>> roots;
};

Scope::Scope(Executor& executor) : state_(std::make_shared<State>(executor)) {}

Scope::~Scope() {
  while (!state_->roots.empty()) {
    const auto newest = state_->roots.back();
    state_->roots.pop_back();
    newest.destroy();
  }
}

void Scope::spawn(Async<void> work) {
  const auto handle = run(std::move(work)).handle;
  state_->roots.push_back(handle);
  handle.promise().roots = &state_->roots;
  handle.promise().place = std::prev(state_->roots.end());
  // The scope may be gone before the job runs; then so is the coroutine.
  state_->executor.post([alive = std::weak_ptr<State>{state_}, handle] {
    if (!alive.expired()) handle.resume();
  });
}

std::size_t Scope::size() const { return state_->roots.size(); }

}  // namespace blox
