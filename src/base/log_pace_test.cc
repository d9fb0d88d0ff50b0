// What comes again and again is said once a minute, with a count.
#include "base/log_pace.h"

#include <gtest/gtest.h>

namespace blox {
namespace {

using namespace std::chrono_literals;

TEST(LogPace, SaysHowManyItKeptBack) {
  LogPace pace;
  const TimePoint start{};
  EXPECT_EQ(pace.next(start), "");
  EXPECT_EQ(pace.next(start + 1s), std::nullopt);
  EXPECT_EQ(pace.next(start + 59s), std::nullopt);
  EXPECT_EQ(pace.next(start + 60s), " (and 2 more like this since the last such line)");
  EXPECT_EQ(pace.next(start + 61s), std::nullopt);
  EXPECT_EQ(pace.next(start + 120s), " (and 1 more like this since the last such line)");
  EXPECT_EQ(pace.next(start + 180s), "") << "none came meanwhile";
}

}  // namespace
}  // namespace blox
