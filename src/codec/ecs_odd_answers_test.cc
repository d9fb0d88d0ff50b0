// Answers of ECS with one odd object among the others: it is named, and costs them nothing.
#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <string>

#include "codec/ecs_calls.h"
#include "codec/stored.h"

namespace blox::codec {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const ClusterArn kCluster{"arn:aws:ecs:eu-west-1:123456789012:cluster/prod"};

// A task with `more` besides, between two plain ones.
DescribeTasksAnswer describe_among_others(const std::string& more) {
  const std::string plain = R"("clusterArn":"c","lastStatus":"RUNNING","desiredStatus":"R"})";
  const auto answer =
      decode_describe_tasks(R"({"tasks":[{"taskArn":"a",)" + plain + R"(,{"taskArn":"odd",)" +
                            more + plain + R"(,{"taskArn":"b",)" + plain + "]}");
  EXPECT_TRUE(answer) << more << ": " << answer.error().message;
  return answer.value_or(DescribeTasksAnswer{});
}

TEST(EcsOddAnswers, AreReadWithTheirTextRepairedAndTheObjectNamed) {
  const std::pair<std::string, std::string> rows[] = {
      {R"("stoppedReason":"half \ud83d",)", "half \xef\xbf\xbd"},
      {"\"stoppedReason\":\"bell \x07\",", "bell \x07"},
      {"\"stoppedReason\":\"latin \xe9\",", "latin \xef\xbf\xbd"},
      {R"("stoppedReason":"r","tags":[{"key":"k","value":"\ud83d"}],)", "r"},
      {R"("stoppedReason":"r","containers":[{"name":"m\ud83d","healthStatus":"HEALTHY"}],)", "r"},
  };
  for (const auto& [more, reason] : rows) {
    const auto answer = describe_among_others(more);
    EXPECT_THAT(answer.failures, IsEmpty()) << more;
    ASSERT_EQ(answer.reports.size(), 3U) << more;
    const TaskReport& odd = answer.reports[1];
    const auto task = decode_task_detail(odd.detail);
    ASSERT_TRUE(task) << more << ": " << task.error().message;
    EXPECT_EQ(task->stopped_reason, reason);
    const auto stored =
        decode_stored_task(encode_stored({odd.detail, odd.describe_only, std::nullopt, {}}));
    EXPECT_TRUE(stored) << more << ": what is written is read back";
    ASSERT_EQ(answer.repaired.size(), 1U) << more;
    EXPECT_EQ(answer.repaired[0].arn, "odd") << more;
  }
  const auto sound = describe_among_others(R"("stoppedReason":"two\nlines \ufffd",)");
  EXPECT_THAT(sound.repaired, IsEmpty()) << "what is JSON is not repaired";
}

TEST(EcsOddAnswers, ANumberBeyondAllIsLeftOutAndTheObjectNamed) {
  for (const std::string number : {"1e400", "-1e99999999999999", "NaN"}) {
    const auto answer = describe_among_others(R"("containers":[{"name":"m","exitCode":)" + number +
                                              R"(}],"createdAt":)" + number + ",");
    EXPECT_THAT(answer.failures, IsEmpty()) << number;
    ASSERT_EQ(answer.reports.size(), 3U) << number;
    const auto task = decode_task_detail(answer.reports[1].detail);
    ASSERT_TRUE(task) << number << ": " << task.error().message;
    EXPECT_EQ(task->containers.at(0).exit_code, std::nullopt);
    EXPECT_EQ(task->created_at, "");
    ASSERT_EQ(answer.repaired.size(), 1U) << number;
    EXPECT_EQ(answer.repaired[0].arn, number == "1e400" ? "odd" : "") << number;
  }
}

TEST(EcsOddAnswers, AVersionIsTakenWhenItIsAWholeNumberAndNeverGuessed) {
  const std::pair<const char*, int> whole[] = {{"4.0", 4}, {"4e0", 4}, {"40e-1", 4}, {"7", 7}};
  for (const auto& [text, version] : whole) {
    const auto answer = describe_among_others("\"version\":" + std::string{text} + ",");
    ASSERT_EQ(answer.reports.size(), 3U) << text;
    EXPECT_EQ(answer.reports[1].version, EcsVersion{version});
    const auto task = decode_task_detail(answer.reports[1].detail);
    EXPECT_EQ(task.value().version, EcsVersion{version}) << "and when it is read back";
  }
  for (const char* text :
       {"4.5", "\"4\"", "1e400", "9223372036854775808", "9007199254740993.0", "1e30", "true"}) {
    const auto answer = describe_among_others("\"version\":" + std::string{text} + ",");
    EXPECT_EQ(answer.reports.size(), 2U) << text;
    ASSERT_EQ(answer.failures.size(), 1U) << text;
    EXPECT_EQ(answer.failures[0].arn, "odd");
    EXPECT_EQ(answer.failures[0].reason, kUndecodable);
    EXPECT_THAT(answer.failures[0].detail, HasSubstr("field 'version' is"));
  }
}

TEST(EcsOddAnswers, WhatIsNoObjectCostsTheOthersNothing) {
  const auto answer =
      decode_describe_tasks(R"({"tasks":[7,{"taskArn":"t","clusterArn":"c","lastStatus":"R"}],)"
                            R"("failures":["x",{"arn":"u","reason":"MISSING"}]})");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->reports.size(), 1U);
  ASSERT_EQ(answer->failures.size(), 3U);
  EXPECT_EQ(answer->failures[0].detail, "tasks[0] is no object");
  EXPECT_EQ(answer->failures[1].detail, "failures[0] is no object");
  EXPECT_EQ(answer->failures[2].arn, "u");
}

// What was started is known for those that the answer names whole; of the others nothing is.
TEST(EcsOddAnswers, OneStartThatCannotBeReadLeavesTheOthersKnown) {
  const auto answer = decode_start_task(
      R"({"tasks":[{"taskArn":"t","containerInstanceArn":"i"},{"taskArn":"u"},null]})");
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->started.size(), 1U);
  EXPECT_EQ(answer->started[0].instance, ContainerInstanceArn{"i"});
  ASSERT_EQ(answer->failures.size(), 2U);
  EXPECT_EQ(answer->failures[0].arn, "u");
  EXPECT_EQ(answer->failures[0].reason, kUndecodable);
}

TEST(EcsOddAnswers, HealthDetailsHaveTheirTimesAsText) {
  const auto answer = decode_describe_container_instances(
      R"({"containerInstances":[{"containerInstanceArn":"i","status":"ACTIVE",
          "healthStatus":{"details":[{"lastUpdated":1755683998,"lastStatusChange":1755683997.5}]}}]})",
      kCluster);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(boost::json::parse(answer->reports.at(0).describe_only), boost::json::parse(R"({
      "healthStatus":{"details":[{"lastUpdated":"2025-08-20T09:59:58.000Z",
                                  "lastStatusChange":"2025-08-20T09:59:57.500Z"}]}})"));
}

}  // namespace
}  // namespace blox::codec
