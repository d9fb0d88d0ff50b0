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
