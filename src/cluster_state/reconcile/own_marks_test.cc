#include "cluster_state/reconcile/own_marks.h"

#include <gtest/gtest.h>

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;

TEST(OwnMarks, KnowTheLastTwoOfEachCluster) {
  const ClusterArn a{"a"};
  const ClusterArn b{"b"};
  OwnMarks marks;
  EXPECT_FALSE(marks.find(a, WallTime{1s})) << "an earlier process has written it";
  marks.note(a, WallTime{1s}, TimePoint{10s});
  marks.note(b, WallTime{1s}, TimePoint{11s});
  EXPECT_EQ(marks.find(a, WallTime{1s}), TimePoint{10s});
  EXPECT_EQ(marks.find(b, WallTime{1s}), TimePoint{11s});
  EXPECT_FALSE(marks.find(a, WallTime{0s}));
  marks.note(a, WallTime{2s}, TimePoint{20s});
  EXPECT_EQ(marks.find(a, WallTime{1s}), TimePoint{10s}) << "a snapshot may be one behind";
  marks.note(a, WallTime{3s}, TimePoint{30s});
  EXPECT_FALSE(marks.find(a, WallTime{1s}));
  EXPECT_EQ(marks.find(a, WallTime{3s}), TimePoint{30s});
  EXPECT_EQ(marks.find_last(a), TimePoint{30s});
  marks.note(a, WallTime{1s}, TimePoint{40s});
  EXPECT_EQ(marks.find_last(a), TimePoint{40s}) << "whatever the clock on the wall says";
  marks.erase(a);
  EXPECT_FALSE(marks.find_last(a));
  EXPECT_FALSE(marks.find(a, WallTime{3s}));
  EXPECT_TRUE(marks.find(b, WallTime{1s}));
}

}  // namespace
}  // namespace blox::cluster_state
