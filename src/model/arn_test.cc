// ARNs of every partition and both forms are read; what is no ARN of ECS is refused.
#include "model/arn.h"

#include <gtest/gtest.h>

#include <string>

namespace blox {
namespace {

TEST(Arn, ReadsAllPartitionsAndBothForms) {
  const std::tuple<const char*, const char*, const char*, const char*> rows[] = {
      {"arn:aws:ecs:eu-west-1:123456789012:task/logs/0123456789abcdef0123456789abcdef", "aws",
       "task", "logs/0123456789abcdef0123456789abcdef"},
      {"arn:aws:ecs:us-east-1:123456789012:container-instance/6a3c5b1e-9a0c-4f8e-8f0e-000000000001",
       "aws", "container-instance", "6a3c5b1e-9a0c-4f8e-8f0e-000000000001"},
      {"arn:aws-cn:ecs:cn-north-1:123456789012:cluster/default", "aws-cn", "cluster", "default"},
      {"arn:aws-us-gov:ecs:us-gov-west-1:123456789012:task-definition/web:7", "aws-us-gov",
       "task-definition", "web:7"},
      {"arn:aws-iso-b:ecs:us-isob-east-1:123456789012:daemon/c/agent", "aws-iso-b", "daemon",
       "c/agent"},
  };
  for (const auto& [text, partition, kind, rest] : rows) {
    const auto parts = parse_arn(text);
    ASSERT_TRUE(parts) << text;
    EXPECT_EQ(parts->partition, partition);
    EXPECT_EQ(parts->kind, kind);
    EXPECT_EQ(parts->rest, rest);
  }
}

TEST(Arn, RefusesWhatIsNone) {
  for (const char* text :
       {"", "arn", "arn:aws:ecs:eu-west-1:123456789012:task",
        "arn:aws:ecs:eu-west-1:123456789012:task/", "arn:aws:ecs:eu-west-1:12345678901:task/a",
        "arn:aws:ecs:eu-west-1:12345678901x:task/a", "arn:aws:ecs::123456789012:task/a",
        "arn:aws:ec2:eu-west-1:1:task/a", "arn:azure:ecs:eu-west-1:123456789012:task/a",
        "arn:awsx:ecs:eu-west-1:123456789012:task/a", "arn:aws-Cn:ecs:cn-1:123456789012:task/a",
        "arn:aws:ecs:eu-west-1:123456789012:task//a",
        "arn:aws:ecs:eu-west-1:123456789012:task/a//b",
        "arn:aws:ecs:eu-west-1:123456789012:task/a b",
        "arn:aws:ecs:eu-west-1:123456789012:task/a\n"}) {
    const auto parts = parse_arn(text);
    ASSERT_FALSE(parts) << text;
    EXPECT_EQ(parts.error().kind, ErrorKind::kInvalid);
  }
}

TEST(Arn, HasABoundedLength) {
  const std::string start = "arn:aws:ecs:eu-west-1:123456789012:task/";
  EXPECT_TRUE(parse_arn(start + std::string(1'024 - start.size(), 'x')));
  EXPECT_FALSE(parse_arn(start + std::string(1'025 - start.size(), 'x')));
}

TEST(Arn, ItsIdIsWhatFollowsTheLastSlash) {
  EXPECT_EQ(short_id("arn:aws:ecs:eu-west-1:123456789012:task/prod/abc"), "abc");
  EXPECT_EQ(short_id("arn:aws:ecs:eu-west-1:123456789012:task/abc"), "abc");
  EXPECT_EQ(short_id("abc"), "abc");
  EXPECT_EQ(short_id("abc/"), "");
}

TEST(Arn, AnErrorIsOneBoundedLine) {
  const auto parts = parse_arn("arn:\n" + std::string(1'000, '\x07'));
  ASSERT_FALSE(parts);
  EXPECT_TRUE(parts.error().message.starts_with("'arn:\\x0a\\x07")) << parts.error().message;
  EXPECT_LT(parts.error().message.size(), 1'000U);
}

TEST(Arn, KindsAreNotMixedUp) {
  const char* task = "arn:aws:ecs:eu-west-1:123456789012:task/c/1";
  EXPECT_TRUE(parse_task_arn(task));
  EXPECT_FALSE(parse_container_instance_arn(task));
  EXPECT_FALSE(parse_cluster_arn(task));
  EXPECT_FALSE(parse_cluster_arn("arn:aws:ecs:eu-west-1:123456789012:cluster/a/b"));
  EXPECT_TRUE(parse_task_definition_arn("arn:aws:ecs:eu-west-1:123456789012:task-definition/f:1"));
  for (const char* bad : {"f", "f:", ":1", "f:x"}) {
    const std::string text = "arn:aws:ecs:eu-west-1:123456789012:task-definition/";
    EXPECT_FALSE(parse_task_definition_arn(text + bad)) << bad;
  }
}

TEST(ClusterName, AcceptsWhatEcsHasToday) {
  for (const std::string& good : {std::string{"a"}, std::string{"1-a_B"}, std::string(255, 'x')}) {
    EXPECT_TRUE(is_cluster_name(good)) << good;
  }
  for (const std::string& bad :
       {std::string{}, std::string{"a b"}, std::string{"a/b"}, std::string(256, 'x')}) {
    EXPECT_FALSE(is_cluster_name(bad)) << bad;
  }
  EXPECT_EQ(cluster_name(ClusterArn{"arn:aws:ecs:eu-west-1:123456789012:cluster/prod"}), "prod");
}

}  // namespace
}  // namespace blox
