// The scheduler's API objects through bytes and back, and what clients say of broken answers.
// What users may send is told by the tests of src/scheduler/api.
#include "codec/scheduler_objects.h"

#include <gtest/gtest.h>

namespace blox::codec {
namespace {

constexpr WallTime kTime{std::chrono::milliseconds{1'800'000'000'123}};

EnvironmentObject full_environment() {
  return {"logs",      "token",       "arn:cluster", "arn:definition",
          "unhealthy", "no \"task\"", "10%",         "15m",
          "30s",       "d1",          kTime};
}
DeploymentObject full_deployment() {
  return {"d1",  "failed", "arn:definition", "logs", {"i1", "i2"}, "its tasks die early", kTime,
          kTime, kTime};
}

TEST(SchedulerObjects, KeepEveryField) {
  for (const std::string budget : {"10%", "3"}) {
    auto environment = full_environment();
    environment.max_unavailable = budget;
    EXPECT_EQ(decode_environment_object(encode_object(environment)), environment);
  }
  EXPECT_EQ(decode_deployment_object(encode_object(full_deployment())), full_deployment());
  EXPECT_EQ(decode_environment_object(encode_object(EnvironmentObject{})), EnvironmentObject{});
  EXPECT_EQ(decode_deployment_object(encode_object(DeploymentObject{})), DeploymentObject{});
}

TEST(SchedulerObjects, KeepListsInOrder) {
  const ObjectPage<EnvironmentObject> environments{{full_environment(), {}}, "next"};
  const auto page = decode_environment_page(encode_page(environments));
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->items, environments.items);
  EXPECT_EQ(page->next_token, "next");
  const ObjectPage<DeploymentObject> deployments{{full_deployment()}, ""};
  EXPECT_EQ(decode_deployment_page(encode_page(deployments))->items, deployments.items);
  const InstanceStatusList list{{{"i1", "serving", "runs it", "t1"}, {"i2", "waiting", "", ""}},
                                kTime};
  const auto read = decode_instance_status_list(encode_list(list));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->items, list.items);
  EXPECT_EQ(read->decided_at, kTime);
}

TEST(SchedulerObjects, KeepAdoptions) {
  const AdoptionList list{{{"t1", "i1", "d:1", "lost", ""}, {"t2", "i2", "d:1", "", "why not"}},
                          true};
  const auto read = decode_adoption_list(encode_list(list));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->items, list.items);
  EXPECT_TRUE(read->dry_run);
}

// v0.3 has three statuses and two fields less; its clients read these bytes.
TEST(SchedulerObjects, AnswerTheFieldsOfV03) {
  EXPECT_EQ(encode_object(EnvironmentObject{"a", "t", "c", "d", "healthy", "", "", "", "", "", {}}),
            R"({"name":"a","deploymentToken":"t","instanceGroup":{"cluster":"c"},)"
            R"("taskDefinition":"d","health":"healthy"})");
  EXPECT_EQ(encode_object(DeploymentObject{"i", "pending", "d", "a", {}, "", {}, {}, {}}),
            R"({"id":"i","status":"pending","taskDefinition":"d","environmentName":"a",)"
            R"("failedInstances":[]})");
}

TEST(SchedulerObjects, ReadWhatALaterServiceSends) {
  EXPECT_TRUE(decode_environment_object(
      R"({"name":"a","instanceGroup":{"cluster":"c","x":1},"health":"healthy","later":[]})"));
}

TEST(SchedulerObjects, NameWhatIsBroken) {
  const std::pair<std::string, std::string> rows[] = {
      {"<html>", "decode environment: not JSON: "},
      {R"({"health":"healthy"})", "decode environment: name is missing"},
      {R"({"name":"a","health":"healthy"})", "decode environment: instanceGroup is missing"},
      {R"({"name":"a","health":"healthy","instanceGroup":{}})",
       "decode environment: instanceGroup: cluster is missing"},
      {R"({"name":"a","health":"healthy","instanceGroup":{"cluster":"c"},"createdAt":1})",
       "decode environment: createdAt is not a string"},
  };
  for (const auto& [json, message] : rows) {
    const auto decoded = decode_environment_object(json);
    ASSERT_FALSE(decoded) << json;
    EXPECT_TRUE(decoded.error().message.starts_with(message)) << decoded.error().message;
  }
  EXPECT_FALSE(decode_deployment_page(R"({"items":[1]})"));
  EXPECT_FALSE(decode_instance_status_list(R"({"items":[{"state":"serving"}]})"));
}

TEST(SchedulerObjects, ClientsSendWhatTheServiceReads) {
  const EnvironmentRequest request{"logs", "prod", "logs:3", "10%", "15m", "10s"};
  EXPECT_EQ(decode_new_environment(encode_request(request)), request);
  const EnvironmentRequest patch{"", "", std::nullopt, "2", std::nullopt, std::nullopt};
  EXPECT_EQ(decode_environment_patch(encode_request(patch)), patch);
}

}  // namespace
}  // namespace blox::codec
