// Whose the messages in flight are: ours in every way that they can be, or someone else's.
#include "cluster_state/ingest/in_flight_watch.h"

#include <gtest/gtest.h>

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;

struct Looks {
  // So many looks, each of which counts `in_flight`.
  void look(int count, std::optional<std::size_t> in_flight) {
    for (int number = 0; number < count; ++number) {
      now += InFlightWatch::kEvery;
      watch.look(in_flight, now);
    }
  }
  TimePoint now{};
  InFlightWatch watch;
};

TEST(InFlightWatch, AMinuteOfForeignMessagesIsAnotherConsumer) {
  Looks looks;
  looks.look(7, 3);
  EXPECT_FALSE(looks.watch.is_shared());
  EXPECT_EQ(looks.watch.foreign_count(), 3U);
  looks.look(1, 3);
  EXPECT_TRUE(looks.watch.is_shared());
  looks.look(1, 0);
  looks.look(4, 3);
  EXPECT_TRUE(looks.watch.is_shared()) << "one look that counts none proves nothing either";
  looks.look(8, 0);
  EXPECT_FALSE(looks.watch.is_shared());
  EXPECT_EQ(looks.watch.foreign_count(), 0U);
}

TEST(InFlightWatch, WhatWeHoldIsOurs) {
  Looks looks;
  looks.watch.set_held(40);
  looks.look(20, 40);
  EXPECT_FALSE(looks.watch.is_shared());
  looks.look(8, 41);
  EXPECT_TRUE(looks.watch.is_shared());
}

// A count may still have what was deleted within the minute before, and has what is on its way to
// us.
TEST(InFlightWatch, WhatWeHadInHandWithinAMinuteIsOurs) {
  Looks looks;
  for (int second = 0; second < 600; ++second) {
    looks.watch.set_held(1);
    looks.watch.set_held(0);
    looks.now += 1s;
    if (second % 10 == 0) looks.watch.look(second < 60 ? 1 : 60, looks.now);
    ASSERT_EQ(looks.watch.foreign_count(), 0U) << second;
  }
}

TEST(InFlightWatch, WhatWeHeldAroundALookIsOurs) {
  Looks looks;
  for (int round = 0; round < 40; ++round) {
    looks.look(1, round % 2 == 0 ? 30 : 29);
    looks.watch.set_held(30);
    looks.watch.set_held(0);
    EXPECT_EQ(looks.watch.foreign_count(), 0U) << round;
  }
  EXPECT_FALSE(looks.watch.is_shared());
  looks.look(7, 30);
  EXPECT_EQ(looks.watch.foreign_count(), 0U) << "a minute is not over";
  looks.look(2, 30);
  EXPECT_EQ(looks.watch.foreign_count(), 30U) << "that is long ago";
}

TEST(InFlightWatch, WhatWeLetGoIsOursForAWhile) {
  Looks looks;
  looks.watch.let_go(10, looks.now + 3min, looks.now);
  looks.look(18, 10);
  EXPECT_EQ(looks.watch.foreign_count(), 0U);
  looks.look(1, 10);
  EXPECT_EQ(looks.watch.foreign_count(), 10U);
}

TEST(InFlightWatch, SaysNothingWhereTheQueueDoesNot) {
  Looks looks;
  looks.look(20, std::nullopt);
  EXPECT_FALSE(looks.watch.is_shared());
  looks.look(8, 3);
  EXPECT_TRUE(looks.watch.is_shared());
  looks.look(1, std::nullopt);
  EXPECT_FALSE(looks.watch.is_shared());
}

}  // namespace
}  // namespace blox::cluster_state
