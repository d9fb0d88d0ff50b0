// Messages that were given back and come again, or do not.
#include "cluster_state/ingest/return_watch.h"

#include <gtest/gtest.h>

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;

class ReturnWatchTest : public ::testing::Test {
 protected:
  void give() {
    ASSERT_TRUE(watch.is_due(now));
    watch.begin("m", now);
    watch.note_given(now);
    EXPECT_FALSE(watch.is_due(now));
  }
  // One call of 5 s that ends without it.
  void call(bool has_room = true) {
    const TimePoint began_at = now += 1ms;
    now += 5s;
    watch.note_call(began_at, has_room, now);
  }
  void lose() {
    give();
    for (int calls = 0; calls < 3; ++calls) call();
    EXPECT_TRUE(watch.is_due(now)) << "it is decided";
  }
  void find() {
    give();
    call();
    watch.note_received("other");
    watch.note_received("m");
    now += 15s;
  }

  TimePoint now{};
  ReturnWatch watch;
};

TEST_F(ReturnWatchTest, TwoOfEightThatDoNotComeAgain) {
  lose();
  find();
  EXPECT_FALSE(watch.is_shared(now));
  lose();
  EXPECT_TRUE(watch.is_shared(now));
  for (int found = 0; found < 5; ++found) find();
  EXPECT_TRUE(watch.is_shared(now));
  find();
  EXPECT_FALSE(watch.is_shared(now)) << "one of them is no longer among the last eight";
}

TEST_F(ReturnWatchTest, WhatComesAgainIsNoSign) {
  for (int found = 0; found < 100; ++found) find();
  EXPECT_FALSE(watch.is_shared(now));
}

TEST_F(ReturnWatchTest, OldSignsAreNone) {
  for (int lost = 0; lost < 2; ++lost) lose();
  EXPECT_TRUE(watch.is_shared(now + 9min));
  EXPECT_FALSE(watch.is_shared(now + 10min));
  now += 10min;
  lose();
  now += 5min;
  lose();
  EXPECT_TRUE(watch.is_shared(now + 4min));
  EXPECT_FALSE(watch.is_shared(now + 5min)) << "the earlier of the two is ten minutes old";
}

TEST_F(ReturnWatchTest, CallsThatProveNothing) {
  // Full ones: it may stand behind; after a while nobody waits for it.
  give();
  for (int calls = 0; calls < 23; ++calls) call(false);
  EXPECT_FALSE(watch.is_due(now));
  call(false);
  EXPECT_TRUE(watch.is_due(now));
  // Those that began before it was visible.
  for (int lost = 0; lost < 3; ++lost) {
    give();
    for (int calls = 0; calls < 10; ++calls) watch.note_call(now, true, now + 11s);
    EXPECT_FALSE(watch.is_due(now + 15s));
    watch.call_off();
    now += 15s;
  }
  watch.begin("m", now);
  for (int calls = 0; calls < 10; ++calls) call();
  EXPECT_FALSE(watch.is_due(now)) << "it is not given back yet";
  watch.note_received("m");
  watch.note_given(now);
  EXPECT_TRUE(watch.is_due(now)) << "it came before the answer to giving it back";
  // Many within a moment.
  give();
  for (int calls = 0; calls < 100; ++calls) {
    watch.note_call(now + 1ms, true, now + 9s);
  }
  EXPECT_FALSE(watch.is_due(now + 15s));
  EXPECT_FALSE(watch.is_shared(now));
}

}  // namespace
}  // namespace blox::cluster_state
