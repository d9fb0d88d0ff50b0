#include "cluster_state/api/cluster_names.h"

#include <gtest/gtest.h>

namespace blox::cluster_state {
namespace {

TEST(ClusterNames, ListsTheFirstAndCountsTheRest) {
  ClusterNames names;
  EXPECT_EQ(names.text(), "");
  names.add("a");
  EXPECT_EQ(names.text(), "a");
  names.add("b");
  EXPECT_EQ(names.text(), "a, b");
  const std::string arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/";
  for (int number = 0; number < 5'000; ++number) names.add(arn + std::to_string(number));
  const std::string text = names.text();
  EXPECT_LE(text.size(), ClusterNames::kBytesMax);
  EXPECT_GT(text.size(), ClusterNames::kBytesMax / 2) << "there is room for some";
  EXPECT_TRUE(text.starts_with("a, b, " + arn + "0, " + arn + "1, ")) << text;
  std::size_t shown = 1;
  for (auto at = text.find(", "); at != text.npos; at = text.find(", ", at + 1)) ++shown;
  EXPECT_TRUE(text.ends_with(", +" + std::to_string(5'002 - (shown - 1)))) << text;
}

// The longest name that ECS gives, in the longest of its partitions.
TEST(ClusterNames, HasRoomForTheLongestName) {
  const std::string arn =
      "arn:aws-us-gov:ecs:us-gov-west-1:123456789012:cluster/" + std::string(255, 'x');
  ClusterNames names;
  names.add(arn);
  names.add("a");
  EXPECT_EQ(names.text(), arn + ", a");
}

// What people give to --cluster can be any text.
TEST(ClusterNames, CountsWhatCouldNotStandInAList) {
  for (const std::string& name :
       {std::string{"a, b"}, std::string{"a\r\nEvil: yes"}, std::string{"\xc3\xa4"},
        std::string{"+3"}, std::string{}, std::string{"a b"}, std::string(2'000, 'x')}) {
    ClusterNames names;
    names.add("first");
    names.add(name);
    names.add("last");
    EXPECT_EQ(names.text(), "first, last, +1") << name;
    ClusterNames alone;
    alone.add(name);
    EXPECT_EQ(alone.text(), "+1") << name;
  }
}

}  // namespace
}  // namespace blox::cluster_state
