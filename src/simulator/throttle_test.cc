// The buckets refuse who asks for too much, and count nobody else.
#include "simulator/throttle.h"

#include <gtest/gtest.h>

#include "base/sim_loop.h"

namespace blox::simulator {
namespace {

using namespace std::chrono_literals;

TEST(Throttle, RefusesWhenOthersHaveTakenAll) {
  SimLoop loop{1};
  Throttle throttle{loop};
  throttle.drain(CallClass::kClusterRead);
  EXPECT_EQ(throttle.refused_count(), 0u);
  EXPECT_FALSE(throttle.take(CallClass::kClusterRead));
  EXPECT_EQ(throttle.refused_count(), 1u);
  EXPECT_TRUE(throttle.take(CallClass::kClusterResourceRead));
  loop.run_for(50ms);
  EXPECT_TRUE(throttle.take(CallClass::kClusterRead)) << "20 a second come back";
  throttle.drain(CallClass::kUnlimited);
  EXPECT_TRUE(throttle.take(CallClass::kUnlimited));
}

}  // namespace
}  // namespace blox::simulator
