#include "cluster_state/reconcile/missing_list.h"

#include <gtest/gtest.h>

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;

const ClusterArn kCluster{"c"};
const ObjectName kTask{TaskArn{"t"}};
constexpr TimePoint at(Duration time) { return TimePoint{time}; }
constexpr AskedTimes asked(Duration asked, Duration answered) { return {at(asked), at(answered)}; }
constexpr AskedTimes asked(Duration time) { return asked(time, time); }

TEST(MissingList, BelievesTheSecondWordAfterLongEnough) {
  MissingList list{5min};
  EXPECT_EQ(list.note(kCluster, kTask, asked(1min)), std::nullopt);
  EXPECT_EQ(list.next_due(), at(6min));
  EXPECT_EQ(list.note(kCluster, kTask, asked(5min)), std::nullopt) << "too soon";
  EXPECT_TRUE(list.due(at(5min)).empty());
  EXPECT_EQ(list.due(at(6min)).at(kCluster), std::vector{kTask});
  EXPECT_EQ(list.note(kCluster, kTask, asked(6min)), at(1min));
}

// A Describe may wait minutes for its token: both words could be of one moment.
TEST(MissingList, CountsFromTheAnswerToTheNextQuestion) {
  MissingList list{5min};
  EXPECT_EQ(list.note(kCluster, kTask, asked(1min, 4min)), std::nullopt);
  EXPECT_EQ(list.next_due(), at(9min));
  EXPECT_TRUE(list.due(at(8min)).empty());
  EXPECT_EQ(list.note(kCluster, kTask, asked(7min, 10min)), std::nullopt) << "too soon";
  EXPECT_EQ(list.note(kCluster, kTask, asked(9min, 9min)), at(1min)) << "not seen since then";
}

TEST(MissingList, StartsAgainForWhatWasSeen) {
  MissingList list{5min};
  EXPECT_EQ(list.note(kCluster, kTask, asked(1min)), std::nullopt);
  list.forget(kTask);
  EXPECT_EQ(list.next_due(), std::nullopt);
  EXPECT_EQ(list.note(kCluster, kTask, asked(7min)), std::nullopt);
  EXPECT_EQ(list.next_due(), at(12min)) << "one, from the second start on";
}

}  // namespace
}  // namespace blox::cluster_state
