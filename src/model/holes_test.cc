#include "model/holes.h"

#include <gtest/gtest.h>

namespace blox {
namespace {

TEST(Holes, CountAllAndNameSome) {
  Holes holes;
  EXPECT_TRUE(holes.is_empty());
  for (std::size_t i = 0; i < Holes::kNamedMax; ++i) holes.add(TaskArn{"t" + std::to_string(i)});
  holes.add(TaskArn{"unnamed"});
  holes.add(ContainerInstanceArn{"unnamed-too"});
  EXPECT_EQ(holes.task_count, Holes::kNamedMax + 1);
  EXPECT_EQ(holes.instance_count, 1U);
  EXPECT_EQ(holes.arns.size(), Holes::kNamedMax);
  EXPECT_TRUE(holes.erase(TaskArn{"t3"}));
  EXPECT_FALSE(holes.erase(TaskArn{"t3"})) << "it is none any more";
  EXPECT_FALSE(holes.erase(TaskArn{"unnamed"})) << "nobody can tell whether it is one";
  EXPECT_EQ(holes.count(), Holes::kNamedMax + 1);
}

}  // namespace
}  // namespace blox
