// The loop of the real programs: its timers, its threads, its signals. It waits by real time, and
// by as little of it as there is: the tests ask for order, never for how long.
#include "base/io_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace blox {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TEST(IoLoop, TimersRingInTheirOrderAndNotBeforeTheirTime) {
  IoLoop loop;
  std::vector<std::string> rung;
  const TimePoint start = loop.now();
  const auto ring_at = [&](Duration after, const char* name, bool last = false) {
    loop.call_at(start + after, [&rung, &loop, start, after, name, last] {
      EXPECT_GE(loop.now() - start, after);
      rung.emplace_back(name);
      if (last) loop.stop();
    });
  };
  ring_at(20ms, "late", true);
  ring_at(10ms, "early");  // The alarm is set anew.
  ring_at(-1h, "past");
  ring_at(15ms, "between");
  loop.run();
  EXPECT_THAT(rung, ElementsAre("past", "early", "between", "late"));
}

TEST(IoLoop, ATimerSetByATimerDoesNotKeepOthersWaiting) {
  IoLoop loop;
  int again = 0;
  std::function<void()> set_again = [&] {
    ++again;
    loop.call_at(TimePoint{}, [&] { set_again(); });  // Long due, each time.
  };
  loop.call_at(loop.now(), [&] { set_again(); });
  loop.call_at(loop.now() + 1ms, [&] { loop.post([&] { loop.stop(); }); });
  loop.run();
  EXPECT_GT(again, 1);
}

TEST(IoLoop, ATimerIsForgottenWhereverItIsCancelled) {
  IoLoop loop;
  bool rung = false;
  const auto forbidden = [&] { rung = true; };
  loop.cancel(loop.call_at(loop.now() + 1ms, forbidden));
  const TimePoint due = loop.now() + 2ms;
  Executor::TimerId other = 0;
  loop.call_at(due, [&] { loop.cancel(other); });  // Both are due at one alarm.
  other = loop.call_at(due, forbidden);
  Executor::TimerId own = 0;
  own = loop.call_at(due, [&] {
    loop.cancel(own);  // It runs: nothing to forget.
    loop.call_at(loop.now() + 5ms, [&] { loop.stop(); });
  });
  loop.cancel(12'345);  // There is none.
  loop.run();
  EXPECT_FALSE(rung);
}

TEST(IoLoop, JobsComeFromAnyThreadAndRunOnOne) {
  IoLoop loop;
  int count = 0;
  std::thread::id ran_on;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 100; ++k) {
        loop.post([&] {
          ran_on = std::this_thread::get_id();
          if (++count == 400) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(count, 400);
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(IoLoop, AStopBeforeRunIsKeptAndItRunsAgainAfterwards) {
  IoLoop loop;
  int count = 0;
  loop.post([&] { ++count; });
  loop.stop();
  loop.run();
  EXPECT_EQ(count, 0);
  loop.post([&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(count, 1);
}

TEST(IoLoop, WhatIsPostedIsNotRunWithin) {
  IoLoop loop;
  bool returned = false;
  loop.post([&] {
    loop.post([&] {
      EXPECT_TRUE(returned);
      loop.stop();
    });
    returned = true;
  });
  loop.run();
}

TEST(IoLoop, EachSignalIsDelivered) {
  IoLoop loop;
  int count = 0;
  loop.on_signal([&] {
    if (++count == 1) {
      std::raise(SIGINT);
    } else {
      loop.stop();
    }
  });
  loop.post([] { std::raise(SIGTERM); });
  loop.run();
  EXPECT_EQ(count, 2);
}

TEST(IoLoop, AHangupEndsNothing) {
  IoLoop loop;
  int hangups = 0;
  int ends = 0;
  loop.on_signal([&] {
    ++ends;
    loop.stop();
  });
  loop.on_hangup([&] { std::raise(++hangups == 1 ? SIGHUP : SIGTERM); });
  loop.post([] { std::raise(SIGHUP); });
  loop.run();
  EXPECT_EQ(hangups, 2);
  EXPECT_EQ(ends, 1);
}

}  // namespace
}  // namespace blox
