#include "base/byte_budget.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace blox {
namespace {

TEST(ByteBudget, RefusesWhatIsBeyondItAndTakesBack) {
  ByteBudget budget{100};
  auto first = budget.try_hold(60);
  ASSERT_TRUE(first);
  EXPECT_FALSE(budget.try_hold(41));
  auto second = budget.try_hold(40);
  ASSERT_TRUE(second);
  EXPECT_FALSE(budget.try_hold(0)) << "what is nothing counts as one";
  EXPECT_FALSE(budget.try_hold(std::numeric_limits<std::size_t>::max()));
  EXPECT_EQ(budget.held(), 100U);
  first.reset();
  EXPECT_EQ(budget.held(), 40U);
  EXPECT_TRUE(budget.try_hold(60));
  EXPECT_EQ(budget.held(), 40U);
}

TEST(ByteBudget, OneThatIsLargerThanTheWholeGoesAlone) {
  ByteBudget budget{100};
  {
    const auto large = budget.try_hold(1'000);
    ASSERT_TRUE(large);
    EXPECT_FALSE(budget.try_hold(1));
  }
  EXPECT_EQ(budget.held(), 0U);
  const auto small = budget.try_hold(1);
  EXPECT_FALSE(budget.try_hold(1'000));
}

TEST(ByteBudget, AHoldMovesAndChangesItsSize) {
  ByteBudget budget{100};
  std::vector<ByteHold> holds;
  {
    ByteHold hold = *budget.try_hold(50);
    hold.resize(120);
    EXPECT_EQ(budget.held(), 120U) << "what is there is there";
    hold.resize(30);
    EXPECT_EQ(hold.bytes(), 30U);
    holds.push_back(std::move(hold));
  }
  EXPECT_EQ(budget.held(), 30U);
  holds.push_back(*budget.try_hold(10));
  holds.front() = std::move(holds.back());
  holds.pop_back();
  EXPECT_EQ(budget.held(), 10U);
  holds.clear();
  EXPECT_EQ(budget.held(), 0U);
}

TEST(ByteBudget, AHoldMayOutliveIt) {
  std::optional<ByteHold> hold;
  {
    ByteBudget budget{100};
    hold = budget.try_hold(1);
  }
  hold.reset();
}

}  // namespace
}  // namespace blox
