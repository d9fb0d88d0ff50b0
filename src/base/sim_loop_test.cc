// The simulated loop: a run is a function of its seed, and time moves only when nothing is ready.
#include "base/sim_loop.h"

#include <gtest/gtest.h>

#include <string>

namespace blox {
namespace {

using namespace std::chrono_literals;

std::pair<std::string, std::uint64_t> order_of(std::uint64_t seed) {
  SimLoop loop{seed};
  std::string order;
  for (char name = 'a'; name <= 'f'; ++name) {
    loop.post([&order, name] { order.push_back(name); });
  }
  loop.run_for(1s);
  return {order, loop.trace_hash()};
}

TEST(SimLoop, PicksByTheSeed) {
  EXPECT_EQ(order_of(1), order_of(1));
  EXPECT_NE(order_of(1).first, order_of(2).first);
  EXPECT_NE(order_of(1).second, order_of(2).second);
}

TEST(SimLoop, TimersRunAtTheirTime) {
  SimLoop loop{1};
  std::vector<Duration> times;
  const auto note = [&] { times.push_back(loop.now().time_since_epoch()); };
  loop.call_at(TimePoint{3s}, note);
  loop.call_at(TimePoint{1s}, [&] {
    note();
    loop.call_at(TimePoint{0s}, note);  // In the past: at once.
  });
  loop.run_until(TimePoint{2s});
  EXPECT_EQ(times, (std::vector<Duration>{1s, 1s}));
  EXPECT_EQ(loop.now(), TimePoint{2s});
  loop.run_until(TimePoint{5s});
  EXPECT_EQ(times.back(), Duration{3s});
}

TEST(SimLoop, ACancelledTimerDoesNotRunEvenWhenDue) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SimLoop loop{seed};
    int runs = 0;
    Executor::TimerId first = 0;
    Executor::TimerId second = 0;
    first = loop.call_at(TimePoint{1s}, [&] {
      ++runs;
      loop.cancel(second);
    });
    second = loop.call_at(TimePoint{1s}, [&] {
      ++runs;
      loop.cancel(first);
    });
    loop.run_for(5s);
    EXPECT_EQ(runs, 1);
  }
}

TEST(SimLoop, TracesWhatWasDone) {
  const auto hash_of = [](std::string_view bytes) {
    SimLoop loop{1};
    loop.trace(bytes);
    return loop.trace_hash();
  };
  EXPECT_EQ(hash_of("a call"), hash_of("a call"));
  EXPECT_NE(hash_of("a call"), hash_of("another"));
  EXPECT_NE(hash_of(""), SimLoop{1}.trace_hash());
}

}  // namespace
}  // namespace blox
