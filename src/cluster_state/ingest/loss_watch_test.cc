// What proves that events were lost, and how often it is told.
#include "cluster_state/ingest/loss_watch.h"

#include <gtest/gtest.h>

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kStart{std::chrono::milliseconds{1'787'220'000'000}};

aws::QueueLook look(std::string identity, std::optional<Duration> retention = std::nullopt) {
  aws::QueueLook seen;
  seen.identity = std::move(identity);
  seen.retention = retention;
  return seen;
}

TEST(LossWatch, AStartIsNoLoss) {
  LossWatch watch;
  EXPECT_FALSE(watch.note_look(look(""), kStart));
  EXPECT_FALSE(watch.note_look(look("a made at 1"), kStart));
  EXPECT_FALSE(watch.note_received(kStart));
  EXPECT_FALSE(watch.note_received(kStart + 96h)) << "SQS keeps messages for four days by default";
  EXPECT_FALSE(watch.note_look(look(""), kStart + 96h)) << "says nothing this time";
  EXPECT_FALSE(watch.note_look(look("a made at 1"), kStart + 96h));
}

TEST(LossWatch, AQueueThatWasGoneOrIsAnotherLostEvents) {
  LossWatch watch;
  watch.note_gone();
  EXPECT_TRUE(watch.note_received(kStart));
  EXPECT_FALSE(watch.note_received(kStart)) << "told once";
  EXPECT_FALSE(watch.note_look(look("a made at 1"), kStart));
  const auto why = watch.note_look(look("a made at 2"), kStart + 2min);
  ASSERT_TRUE(why);
  EXPECT_EQ(*why, "the queue was 'a made at 1' and is 'a made at 2'");
  EXPECT_FALSE(watch.note_look(look("a made at 2"), kStart + 4min));
}

TEST(LossWatch, AGapLongerThanTheRetentionLostEvents) {
  LossWatch watch;
  EXPECT_FALSE(watch.note_look(look("a", 1min), kStart));
  EXPECT_FALSE(watch.note_received(kStart));
  EXPECT_FALSE(watch.note_received(kStart + 1min));
  const auto why = watch.note_received(kStart + 2min + 1s);
  ASSERT_TRUE(why);
  EXPECT_EQ(*why, "nothing was received for 61s, and the queue keeps messages for 1m");
}

TEST(LossWatch, TheDateMayBeSetToAnything) {
  LossWatch watch;
  const WallTime first = *parse_time("0000-01-01T00:00:00Z");
  const WallTime last = *parse_time("9999-12-31T23:59:59Z");
  EXPECT_FALSE(watch.note_received(first));
  EXPECT_TRUE(watch.note_received(last)) << "it looks like a gap, and a read too many is no harm";
  EXPECT_FALSE(watch.note_received(first));
  watch.note_gone();
  EXPECT_TRUE(watch.note_received(first));
}

TEST(LossWatch, LossesAreToldOnceAMinute) {
  LossWatch watch;
  int told = 0;
  for (int second = 0; second < 180; ++second) {
    watch.note_gone();
    if (watch.note_received(kStart + std::chrono::seconds{second})) ++told;
  }
  EXPECT_EQ(told, 3);
  EXPECT_TRUE(watch.note_received(kStart + 180s)) << "and none is forgotten";
  watch.note_gone();
  EXPECT_TRUE(watch.note_received(kStart - 1h)) << "by a clock that was set back";
}

}  // namespace
}  // namespace blox::cluster_state
