// Which lines are written, and which are counted.
#include "base/repeat_filter.h"

#include <gtest/gtest.h>

namespace blox::log {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kStart{1'000'000'000s};

// "3*a 1*b" of what is told.
std::string text_of(const std::vector<RepeatFilter::Held>& held) {
  std::string text;
  for (const auto& each : held) {
    text += (text.empty() ? "" : " ") + std::to_string(each.count) + "*" + each.line;
  }
  return text;
}

TEST(RepeatFilter, WritesALineOnceAMinuteAndTellsHowOftenItWasSaid) {
  RepeatFilter filter;
  EXPECT_TRUE(filter.take(3, "a", kStart));
  EXPECT_FALSE(filter.take(3, "a", kStart));
  EXPECT_TRUE(filter.take(3, "b", kStart + 1s));
  EXPECT_TRUE(filter.take(4, "a", kStart + 1s)) << "as an error it is another line";
  EXPECT_FALSE(filter.take(3, "a", kStart + 59s));
  EXPECT_EQ(text_of(filter.take_due(kStart + 59'999ms)), "");
  EXPECT_EQ(text_of(filter.take_due(kStart + 60s)), "2*a");
  // Told, it goes on being held back.
  EXPECT_FALSE(filter.take(3, "a", kStart + 61s));
  EXPECT_EQ(text_of(filter.take_due(kStart + 119s)), "");
  EXPECT_EQ(text_of(filter.take_due(kStart + 120s)), "1*a");
  // What was not said again is forgotten without a word.
  EXPECT_TRUE(filter.take(3, "b", kStart + 121s));
  EXPECT_EQ(text_of(filter.take_due(kStart + 180s)), "");
  EXPECT_TRUE(filter.take(3, "a", kStart + 181s));
}

TEST(RepeatFilter, KnowsSoManyLinesAndLosesNoCount) {
  RepeatFilter filter;
  const auto say = [&](std::size_t number) {
    return filter.take(3, std::to_string(number), kStart);
  };
  for (std::size_t i = 0; i < RepeatFilter::kLinesMax; ++i) EXPECT_TRUE(say(i));
  EXPECT_FALSE(say(0));
  EXPECT_FALSE(say(0));
  EXPECT_FALSE(say(1));
  EXPECT_TRUE(say(RepeatFilter::kLinesMax)) << "pushes out 0, the oldest";
  EXPECT_EQ(text_of(filter.take_due(kStart)), "2*0");
  EXPECT_FALSE(say(1));
  EXPECT_TRUE(say(0)) << "pushes out 1";
  EXPECT_EQ(text_of(filter.take_due(kStart)), "2*1");
  EXPECT_EQ(text_of(filter.take_due(kStart)), "");
}

TEST(RepeatFilter, ADateThatIsSetBackHoldsNothingBackForLong) {
  RepeatFilter filter;
  EXPECT_TRUE(filter.take(3, "a", kStart));
  EXPECT_FALSE(filter.take(3, "a", kStart - 1h));
  EXPECT_EQ(text_of(filter.take_due(kStart - 1h)), "1*a");
  EXPECT_FALSE(filter.take(3, "a", kStart - 1h));
  EXPECT_EQ(text_of(filter.take_due(kStart - 59min)), "1*a");
}

}  // namespace
}  // namespace blox::log
