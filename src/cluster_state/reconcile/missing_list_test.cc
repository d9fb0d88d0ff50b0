#include "cluster_state/reconcile/missing_list.h"

#include <gtest/gtest.h>

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;

const ClusterArn kCluster{"c"};
const ObjectName kTask{TaskArn{"t"}};
constexpr TimePoint at(Duration time) { return TimePoint{time}; }

TEST(MissingList, BelievesTheSecondWordAfterLongEnough) {
  MissingList list{5min};
  EXPECT_EQ(list.note(kCluster, kTask, at(1min)), std::nullopt);
  EXPECT_EQ(list.next_due(), at(6min));
  EXPECT_EQ(list.note(kCluster, kTask, at(5min)), std::nullopt) << "too soon";
  EXPECT_TRUE(list.due(at(5min)).empty());
  EXPECT_EQ(list.due(at(6min)).at(kCluster), std::vector{kTask});
  EXPECT_EQ(list.note(kCluster, kTask, at(6min)), at(1min));
}

TEST(MissingList, StartsAgainForWhatWasSeen) {
  MissingList list{5min};
  EXPECT_EQ(list.note(kCluster, kTask, at(1min)), std::nullopt);
  list.forget(kTask);
  EXPECT_EQ(list.next_due(), std::nullopt);
  EXPECT_EQ(list.note(kCluster, kTask, at(7min)), std::nullopt);
  EXPECT_EQ(list.next_due(), at(12min)) << "one, from the second start on";
}

}  // namespace
}  // namespace blox::cluster_state
