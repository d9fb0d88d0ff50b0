// Draws that a seed promises: a change here changes every recorded seed of the simulation.
#include "base/random.h"

#include <gtest/gtest.h>

#include <set>

namespace blox {
namespace {

TEST(Random, DrawsOfASeedNeverChange) {
  // The first is that of mt19937_64, as the C++ standard has it for every library.
  EXPECT_EQ(Random{5489}.next(), 14'514'284'786'278'117'030U);
  Random random{7};
  EXPECT_EQ(random.below(1'000), 15U);
  EXPECT_EQ(random.below(1'000), 250U);
  EXPECT_EQ(random.hex(8), "ec769602");
  EXPECT_EQ(random.uuid(), "6fc7ff9d-40c6-454e-8ded-7a0d78f5a242");
  EXPECT_EQ(random.between(Duration{10}, Duration{20}), Duration{20});
}

TEST(Random, StaysWithinItsBounds) {
  Random random{1};
  std::set<std::uint64_t> below;
  std::set<std::int64_t> between;
  for (int i = 0; i < 1'000; ++i) {
    below.insert(random.below(3));
    between.insert(random.between(Duration{-1}, Duration{1}).count());
    EXPECT_EQ(random.below(1), 0U);
    EXPECT_FALSE(random.percent(0));
    EXPECT_TRUE(random.percent(100));
    const double unit = random.unit();
    EXPECT_TRUE(unit >= 0 && unit < 1);
  }
  EXPECT_EQ(below, (std::set<std::uint64_t>{0, 1, 2}));
  EXPECT_EQ(between, (std::set<std::int64_t>{-1, 0, 1}));
  EXPECT_LT(random.below(UINT64_MAX), UINT64_MAX);
}

TEST(Random, AUuidHasTheShapeOfVersion4) {
  Random random{1};
  for (int i = 0; i < 200; ++i) {
    const std::string uuid = random.uuid();
    ASSERT_EQ(uuid.size(), 36U);
    for (std::size_t at = 0; at < uuid.size(); ++at) {
      const bool dash = at == 8 || at == 13 || at == 18 || at == 23;
      const char* allowed = dash ? "-" : at == 14 ? "4" : at == 19 ? "89ab" : "0123456789abcdef";
      EXPECT_NE(std::string_view{allowed}.find(uuid[at]), std::string_view::npos) << uuid;
    }
  }
}

}  // namespace
}  // namespace blox
