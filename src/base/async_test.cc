// Coroutines, scopes, signals and gather on the simulated loop: order, time and what a crash
// leaves.
#include "base/async.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/scope.h"
#include "base/signal.h"
#include "base/sim_loop.h"

namespace blox {
namespace {

using namespace std::chrono_literals;

struct Probe {
  explicit Probe(int& count) : alive(count) { ++alive; }
  Probe(const Probe& other) : alive(other.alive) { ++alive; }
  ~Probe() { --alive; }
  int& alive;
};

Async<int> answer_after(Executor& executor, Duration wait, int answer) {
  co_await sleep_for(executor, wait);
  co_return answer;
}

TEST(AsyncDeathTest, IsAwaitedOnce) {
  SimLoop loop{1};
  Scope scope{loop};
  const auto twice = [&]() -> Async<void> {
    auto work = answer_after(loop, 1s, 1);
    co_await work;
    co_await work;
  };
  scope.spawn(twice());
  EXPECT_DEATH(loop.run_for(4s), "awaited once");
}

TEST(Async, AddsUpWhatItAwaits) {
  SimLoop loop{1};
  Scope scope{loop};
  int sum = 0;
  const auto work = [&]() -> Async<void> {
    sum += co_await answer_after(loop, 2s, 40);
    sum += co_await answer_after(loop, 3s, 2);
  };
  scope.spawn(work());
  loop.run_for(4s);
  EXPECT_EQ(sum, 40);
  loop.run_for(1s);
  EXPECT_EQ(sum, 42);
  EXPECT_EQ(scope.size(), 0u);
}

TEST(Scope, DestroysWhatStillWaits) {
  SimLoop loop{1};
  int alive = 0;
  bool reached_end = false;
  const auto work = [&](Probe probe) -> Async<void> {
    const Probe inner{probe};
    co_await answer_after(loop, 10s, 1);
    reached_end = true;
  };
  {
    Scope scope{loop};
    scope.spawn(work(Probe{alive}));
    loop.run_for(1s);
    EXPECT_EQ(alive, 2);
    scope.spawn(work(Probe{alive}));  // This one has not even begun.
  }
  EXPECT_EQ(alive, 0);
  loop.run_for(20s);
  EXPECT_FALSE(reached_end);
}

TEST(Signal, WakesWaitersAndRespectsDeadlines) {
  SimLoop loop{3};
  Scope scope{loop};
  Signal signal{loop};
  std::vector<std::string> seen;
  const auto wait = [&](TimePoint deadline) -> Async<void> {
    const bool notified = co_await signal.wait_until(deadline);
    seen.push_back(notified ? "notified" : "late");
  };
  scope.spawn(wait(TimePoint{1s}));
  scope.spawn(wait(TimePoint{5s}));
  loop.run_until(TimePoint{2s});
  signal.notify_all();
  loop.run_until(TimePoint{9s});
  EXPECT_EQ(seen, (std::vector<std::string>{"late", "notified"}));
}

TEST(Signal, DoesNotTouchAWaiterThatDiedAfterTheNotification) {
  SimLoop loop{3};
  Signal signal{loop};
  auto scope = std::make_unique<Scope>(loop);
  bool woken = false;
  const auto wait = [&]() -> Async<void> {
    co_await signal.wait();
    woken = true;
  };
  scope->spawn(wait());
  loop.run_for(1s);
  signal.notify_all();
  scope.reset();
  loop.run_for(1s);
  EXPECT_FALSE(woken);
}

TEST(Promise, DeliversOnceWhetherAwaitedBeforeOrAfter) {
  SimLoop loop{5};
  Scope scope{loop};
  std::vector<int> seen;
  const auto take = [&](Future<int> future, Duration wait) -> Async<void> {
    co_await sleep_for(loop, wait);
    seen.push_back(co_await future);
  };
  auto early = make_promise<int>(loop);
  auto late = make_promise<int>(loop);
  auto dropped = make_promise<int>(loop);
  scope.spawn(take(std::move(early.second), 0s));
  scope.spawn(take(std::move(late.second), 5s));
  {
    const auto gone = std::move(dropped.second);
  }
  loop.run_for(1s);
  early.first.set(1);
  late.first.set(2);
  dropped.first.set(3);
  loop.run_for(9s);
  EXPECT_EQ(seen, (std::vector<int>{1, 2}));
}

TEST(Promise, KnowsWhetherAnyoneStillWaits) {
  SimLoop loop{5};
  auto kept = make_promise<int>(loop);
  auto awaited = make_promise<int>(loop);
  const auto take = [](Future<int> future) -> Async<void> { co_await future; };
  auto scope = std::make_unique<Scope>(loop);
  scope->spawn(take(std::move(awaited.second)));
  {
    const auto future = std::move(kept.second);
    loop.run_for(1s);
    EXPECT_FALSE(kept.first.is_abandoned()) << "moved, and alive";
    EXPECT_FALSE(awaited.first.is_abandoned());
  }
  EXPECT_TRUE(kept.first.is_abandoned());
  scope.reset();
  EXPECT_TRUE(awaited.first.is_abandoned()) << "the coroutine that waited is destroyed";
}

TEST(Gather, KeepsOrderAndItsBound) {
  SimLoop loop{7};
  Scope scope{loop};
  int running = 0;
  int running_max = 0;
  const auto one = [&](int number) -> Async<int> {
    running_max = std::max(running_max, ++running);
    co_await sleep_for(loop, std::chrono::seconds{10 - number});
    --running;
    co_return number;
  };
  std::vector<int> results;
  const auto all = [&]() -> Async<void> {
    std::vector<Async<int>> works;
    for (int i = 0; i < 8; ++i) works.push_back(one(i));
    results = co_await gather(loop, std::move(works), 3);
  };
  scope.spawn(all());
  loop.run_for(100s);
  EXPECT_EQ(results, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(running_max, 3);
}

}  // namespace
}  // namespace blox
