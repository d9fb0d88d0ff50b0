#include "cluster_state/api/unread.h"

#include <gtest/gtest.h>

namespace blox::cluster_state {
namespace {

TEST(Unread, ForbidsWhatCoversAClusterThatIsBeingRead) {
  const std::string prod = "arn:aws:ecs:eu-west-1:123456789012:cluster/prod";
  const std::string test = "arn:aws:ecs:eu-west-1:123456789012:cluster/test";
  UnreadState unread;
  EXPECT_FALSE(why_unread(unread, ""));
  EXPECT_EQ(list_unread(unread), "");
  unread.clusters = {{prod, true, "throttled"}, {test, false, "denied"}};
  EXPECT_EQ(why_unread(unread, ""),
            "cluster " + prod + " was not read from ECS yet; try again: throttled");
  EXPECT_TRUE(why_unread(unread, prod));
  EXPECT_TRUE(why_unread(unread, "prod"));
  EXPECT_FALSE(why_unread(unread, "other"));
  unread.clusters[0].holds_up = false;
  EXPECT_FALSE(why_unread(unread, "")) << "one that is denied keeps nobody from the others";
  EXPECT_EQ(why_unread(unread, "test"),
            "cluster " + test + " was not read from ECS yet; try again: denied");
  EXPECT_EQ(list_unread(unread), prod + ", " + test);
}

// One that is followed by its name has no other as long as ECS has not told its ARN.
TEST(Unread, KnowsAClusterByItsNameAndByItsArn) {
  const std::string prod = "arn:aws:ecs:eu-west-1:123456789012:cluster/prod";
  const std::string elsewhere = "arn:aws:ecs:eu-west-2:123456789012:cluster/prod";
  UnreadState by_name;
  by_name.clusters = {{"prod", false, ""}};
  for (const auto& cluster : {std::string{"prod"}, prod, elsewhere}) {
    EXPECT_TRUE(why_unread(by_name, cluster)) << cluster;
  }
  EXPECT_FALSE(why_unread(by_name, "test"));
  EXPECT_FALSE(why_unread(by_name, "arn:aws:ecs:eu-west-1:123456789012:cluster/test"));
  UnreadState by_arn;
  by_arn.clusters = {{prod, false, ""}};
  EXPECT_TRUE(why_unread(by_arn, "prod"));
  EXPECT_TRUE(why_unread(by_arn, prod));
  EXPECT_FALSE(why_unread(by_arn, elsewhere));
}

// With thousands of clusters the head of an answer is no larger than clients take.
TEST(Unread, IsToldWithinBounds) {
  UnreadState unread;
  for (int number = 1'000; number < 6'000; ++number) {
    unread.clusters.push_back(
        {"arn:aws:ecs:eu-west-1:123456789012:cluster/" + std::to_string(number), false,
         std::string(100'000, 'x')});
  }
  EXPECT_LE(list_unread(unread).size(), 1'024U);
  EXPECT_LE(why_unread(unread, "5999")->size(), 1'024U);
  unread.knows_clusters = false;
  unread.why = std::string(100'000, 'x');
  EXPECT_LE(why_unread(unread, "")->size(), 1'024U);
}

// Where lists of each cluster that there is are refused, nobody is served.
TEST(Unread, IsNotReadyWhileNothingIsRead) {
  UnreadState unread;
  EXPECT_FALSE(why_not_ready(unread));
  unread.any_read = false;
  EXPECT_FALSE(why_not_ready(unread)) << "there is nothing to read";
  unread.clusters = {{"prod", false, "denied"}, {"test", false, "denied"}};
  unread.why = "denied";
  EXPECT_FALSE(why_unread(unread, "")) << "each of them leaves the list of all";
  EXPECT_EQ(why_not_ready(unread), "no cluster was read from ECS yet; the last read: denied");
  unread.any_read = true;
  EXPECT_FALSE(why_not_ready(unread));
  unread.clusters[0].holds_up = true;
  EXPECT_EQ(why_not_ready(unread), why_unread(unread, ""));
}

TEST(Unread, ForbidsAllWhileNoClusterIsKnown) {
  UnreadState unread;
  unread.knows_clusters = false;
  unread.why = "ListClusters is denied";
  for (const char* cluster : {"", "prod"}) {
    EXPECT_EQ(why_unread(unread, cluster),
              "ECS has not told yet which clusters there are; try again: ListClusters is denied");
  }
}

}  // namespace
}  // namespace blox::cluster_state
