#include "cluster_state/api/holes_text.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "cluster_state/api/cluster_names.h"

namespace blox::cluster_state {
namespace {

std::string arn_of(const std::string& kind, const std::string& rest) {
  return "arn:aws:ecs:eu-west-1:123456789012:" + kind + "/" + rest;
}

// `count` clusters, each with as many holes as are named.
ClusterHoles many_holes(std::size_t count) {
  ClusterHoles holes;
  for (std::size_t number = 0; number < count; ++number) {
    const std::string name = "c" + std::to_string(10'000 + number);
    Holes& of_cluster = holes[ClusterArn{arn_of("cluster", name)}];
    for (std::size_t task = 0; task < Holes::kNamedMax; ++task) {
      of_cluster.add(TaskArn{arn_of("task", name + "/" + std::to_string(task))});
    }
  }
  return holes;
}

std::ptrdiff_t line_count(const std::string& text) { return std::ranges::count(text, '\n'); }

TEST(HolesText, IsBoundedHoweverManyClustersHaveHoles) {
  EXPECT_EQ(describe_holes({}), "");
  EXPECT_EQ(line_count(describe_holes(many_holes(10))), 10);
  const std::string eleven = describe_holes(many_holes(11));
  EXPECT_EQ(line_count(eleven), 11);
  EXPECT_TRUE(eleven.ends_with("\nwarning: so it is with 1 more cluster")) << eleven;
  const ClusterHoles many = many_holes(500);
  const std::string told = describe_holes(many);
  EXPECT_EQ(line_count(told), 11);
  EXPECT_TRUE(told.ends_with("\nwarning: so it is with 490 more clusters")) << told;
  EXPECT_LE(list_incomplete(many).size(), ClusterNames::kBytesMax);
}

TEST(HolesText, NamesOfAllClustersTogetherAreBounded) {
  ClusterHoles few = many_holes(kNamedOfAllMax / Holes::kNamedMax);
  const ClusterHoles before = few;
  bound_names(few);
  EXPECT_EQ(few, before);
  ClusterHoles many = many_holes(500);
  bound_names(many);
  std::size_t named = 0;
  std::size_t counted = 0;
  for (const auto& [cluster, holes] : many) {
    named += holes.arns.size();
    counted += holes.task_count;
  }
  EXPECT_EQ(named, kNamedOfAllMax);
  EXPECT_EQ(counted, 500 * Holes::kNamedMax) << "the counts stay";
}

}  // namespace
}  // namespace blox::cluster_state
