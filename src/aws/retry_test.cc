// The waits between attempts and the quota of retries.
#include "aws/retry.h"

#include <gtest/gtest.h>

#include <tuple>

namespace blox::aws {
namespace {

using namespace std::chrono_literals;

TEST(ComputeBackoff, StaysBelowItsBoundAndUsesAllOfIt) {
  const std::tuple<FaultClass, int, Duration> rows[] = {
      {FaultClass::kFault, 1, 50ms},      {FaultClass::kFault, 2, 100ms},
      {FaultClass::kFault, 3, 200ms},     {FaultClass::kThrottle, 1, 1s},
      {FaultClass::kThrottle, 2, 2s},     {FaultClass::kThrottle, 6, 20s},
      {FaultClass::kThrottle, 1000, 20s},
  };
  for (const auto& [fault, attempt, most] : rows) {
    Random random{7};
    Duration longest{};
    for (int i = 0; i < 500; ++i) {
      const Duration wait = compute_backoff(fault, attempt, std::nullopt, random);
      ASSERT_GE(wait, 0s);
      ASSERT_LE(wait, most);
      longest = std::max(longest, wait);
    }
    EXPECT_GT(longest, most * 9 / 10) << attempt;
  }
}

TEST(ComputeBackoff, HoldsWhatTheServerAsksWithinBounds) {
  Random random{7};
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(compute_backoff(FaultClass::kFault, 1, 700ms, random), 700ms);
    EXPECT_LE(compute_backoff(FaultClass::kFault, 1, 1h, random), 5050ms);
    EXPECT_GE(compute_backoff(FaultClass::kFault, 1, 1h, random), 5s);
  }
}

TEST(RetryQuota, RunsOutAndComesBack) {
  RetryQuota quota;
  int faults = 0;
  while (quota.take(FaultClass::kFault)) ++faults;
  EXPECT_EQ(faults, 500 / 14);
  EXPECT_EQ(quota.left(), 10);
  EXPECT_EQ(quota.take(FaultClass::kThrottle), 5);
  quota.on_success(5);
  quota.on_success(std::nullopt);
  EXPECT_EQ(quota.left(), 11);
  for (int i = 0; i < 1000; ++i) quota.on_success(std::nullopt);
  EXPECT_EQ(quota.left(), 500);
}

}  // namespace
}  // namespace blox::aws
