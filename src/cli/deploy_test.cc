// Deployments on the command line: made, followed, listed.
#include "cli/commands_for_tests.h"

namespace blox::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(CommandsTest, ListsAndShowsDeployments) {
  transport.answer(200, R"({"items":[)" + deployment_json("running") + "]}");
  EXPECT_EQ(blox("deployments list logs").out,
            "DEPLOYMENT  STATUS   DEFINITION  CREATED  FAILED\n"
            "d1          running  logs:3      -        -\n");
  transport.answer(200, deployment_json("completed", R"(["arn:x/i1","arn:x/i2"])"));
  const auto ran = blox("deployments get logs d1");
  EXPECT_THAT(ran.out, HasSubstr("FAILED       arn:x/i1, arn:x/i2\n"));
  EXPECT_EQ(transport.asked.back(), "GET " + kScheduler + "/logs/deployments/d1");
}

TEST_F(CommandsTest, DeploysWithTheCurrentToken) {
  transport.answer(200, environment_json("logs"));
  transport.answer(200, deployment_json("pending"));
  const auto ran = blox("deploy logs --no-supersede");
  EXPECT_EQ(ran.status, 0) << ran.error;
  EXPECT_EQ(ran.out, "DEPLOYMENT   d1\nSTATUS       pending\nDEFINITION   " + kArn +
                         "task-definition/logs:3\nENVIRONMENT  logs\n");
  EXPECT_THAT(transport.asked,
              ElementsAre("GET " + kScheduler + "/logs",
                          "POST " + kScheduler + "/logs/deployments?deploymentToken=token-1"));
}

TEST_F(CommandsTest, FollowsADeploymentToItsEnd) {
  transport.answer(200, environment_json("logs"));
  transport.answer(200, deployment_json("pending"));
  transport.answer(200, instances_json("starting", "stopping"));
  transport.answer(200, deployment_json("running"));
  transport.answer(200, instances_json("starting", "serving"));
  transport.script.emplace_back(fail(ErrorKind::kUnavailable, "restarting"));
  transport.answer(200, instances_json("starting", "serving"));
  transport.answer(200, deployment_json("completed"));
  const auto ran = blox("deploy logs --task-definition logs:3 --wait");
  EXPECT_EQ(ran.status, 0) << ran.error;
  EXPECT_THAT(ran.out, HasSubstr("ENVIRONMENT  logs\n"
                                 "pending: 1 starting, 1 stopping\n"
                                 "running: 1 serving, 1 starting\n"
                                 "Deployment d1 of logs:3 is completed.\n"));
  EXPECT_EQ(transport.asked[0], "PATCH " + kScheduler + R"(/logs {"taskDefinition":"logs:3"})");
  EXPECT_EQ(transport.asked[1],
            "POST " + kScheduler + "/logs/deployments?deploymentToken=token-1&supersede=true");
}

TEST_F(CommandsTest, EndsWithOneWhenTheDeploymentDidNotEndWell) {
  const std::pair<std::string, std::string> rows[] = {
      {deployment_json("superseded"), "a newer one has replaced it"},
      {deployment_json("completed", R"(["i1"])"), "1 instances could not start the task"},
      {R"({"id":"d1","status":"completed","taskDefinition":"logs:3","environmentName":"logs",)"
       R"("failedInstances":["i1"],"reason":"1 instance is left out, first i1: denied"})",
       "has not ended well: 1 instance is left out, first i1: denied"},
      {R"({"id":"d1","status":"failed","taskDefinition":"logs:3","environmentName":"logs",)"
       R"("failedInstances":["i1"],"reason":"1 of 1 is lost: i1: it ended"})",
       "has failed; what ran before stays: 1 of 1 is lost: i1: it ended"},
      {R"({"status":"completed"})", "id is missing"},
  };
  for (const auto& [last, sentence] : rows) {
    transport.answer(200, environment_json("logs"));
    transport.answer(200, deployment_json("running"));
    transport.answer(200, instances_json("serving", "serving"));
    transport.answer(200, last);
    transport.answer(200, instances_json("waiting", "serving"));
    const auto ran = blox("deploy logs --wait --output json");
    transport.script.clear();
    EXPECT_EQ(ran.status, 1);
    EXPECT_THAT(ran.error, HasSubstr(sentence));
    EXPECT_THAT(ran.error, HasSubstr("running: 2 serving\n")) << "notes are no JSON";
  }
}

TEST_F(CommandsTest, StopsFollowingAfterAWhile) {
  transport.answer(200, environment_json("logs"));
  transport.answer(200, deployment_json("running"));
  for (int i = 0; i < 3; ++i) {
    transport.answer(200, instances_json("serving", "blocked"));
    transport.answer(200, deployment_json("running"));
  }
  const auto ran = blox("deploy logs --wait --wait-max 3s");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.error, HasSubstr("it has not ended within --wait-max"));
}

TEST_F(CommandsTest, GoesOnFollowingWhenItIsAskedToSlowDown) {
  transport.answer(200, environment_json("logs"));
  transport.answer(200, deployment_json("running"));
  transport.answer(429, "slow down", {{"Retry-After", "5"}});
  transport.answer(429, "slow down", {{"Retry-After", "5"}});
  transport.answer(200, instances_json("serving", "serving"));
  transport.answer(200, deployment_json("completed"));
  const auto ran = blox("deploy logs --wait");
  EXPECT_EQ(ran.status, 0) << ran.error;
}

}  // namespace
}  // namespace blox::cli
