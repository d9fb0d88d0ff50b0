#include "base/age.h"

#include <gtest/gtest.h>

namespace blox {
namespace {

using namespace std::chrono_literals;

TEST(Age, HasBoundsWhateverTheDatesAre) {
  const WallTime now{std::chrono::days{20'000}};
  const std::chrono::milliseconds most = 24h;
  EXPECT_EQ(clamped_age(now - 5s, now, most), 5s);
  EXPECT_EQ(clamped_age(now + 5s, now, most), 0s);
  EXPECT_EQ(clamped_age(now - 25h, now, most), most);
  const WallTime first = *parse_time("0000-01-01T00:00:00Z");
  const WallTime last = *parse_time("9999-12-31T23:59:59Z");
  EXPECT_EQ(clamped_age(first, last, most), most);
  EXPECT_EQ(clamped_age(last, first, most), 0s);
}

}  // namespace
}  // namespace blox
