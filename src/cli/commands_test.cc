// The commands as users type them: what is asked, what is printed, which status is returned.
#include "cli/commands_for_tests.h"

namespace blox::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST_F(CommandsTest, ListsTasksAsATable) {
  transport.answer(
      200, R"({"items":[)" + task_json("aaa", "RUNNING") + "," + task_json("b", "PENDING") + "]}");
  const auto ran = blox("tasks list --cluster prod --status running");
  EXPECT_EQ(ran.status, 0) << ran.error;
  EXPECT_EQ(ran.out,
            "TASK  CLUSTER  INSTANCE  DEFINITION  STATUS   DESIRED  STARTED BY\n"
            "aaa   prod     i1        logs:3      RUNNING  RUNNING  me\n"
            "b     prod     i1        logs:3      PENDING  RUNNING  me\n");
  ASSERT_EQ(transport.asked.size(), 1U);
  EXPECT_THAT(transport.asked[0], HasSubstr("GET http://127.0.0.1:3000/v1/tasks?"));
  EXPECT_THAT(transport.asked[0], HasSubstr("cluster=prod"));
  EXPECT_THAT(transport.asked[0], HasSubstr("status=running"));
}

TEST_F(CommandsTest, PrintsWholeArnsWhenWideAndJsonForPrograms) {
  transport.answer(200, R"({"items":[)" + task_json("aaa", "RUNNING") + "]}");
  EXPECT_THAT(blox("tasks list --wide").out, HasSubstr(kArn + "task/prod/aaa  "));
  transport.answer(200, R"({"items":[)" + task_json("aaa", "RUNNING") + "]}");
  EXPECT_EQ(blox("tasks list --output json").out,
            R"({"items":[{"taskARN":")" + kArn + R"(task/prod/aaa","clusterARN":")" + kArn +
                R"(cluster/prod","containerInstanceARN":")" + kArn +
                R"(container-instance/prod/i1","taskDefinitionARN":")" + kArn +
                R"(task-definition/logs:3","lastStatus":"RUNNING","desiredStatus":"RUNNING",)"
                R"("startedBy":"me"}]})" +
                "\n");
  transport.answer(200, R"({"items":[]})");
  EXPECT_EQ(blox("tasks list --output json").out, "{\"items\":[]}\n");
}

TEST_F(CommandsTest, ShowsOneTaskByItsId) {
  const std::string list =
      R"({"items":[)" + task_json("aaa", "RUNNING") + "," + task_json("b", "PENDING") + "]}";
  transport.answer(200, list);
  const auto ran = blox("tasks get b");
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.out, HasSubstr("TASK            " + kArn + "task/prod/b\n"));
  EXPECT_THAT(ran.out, HasSubstr("STATUS          PENDING\n"));
  EXPECT_THAT(ran.out, HasSubstr("VERSION         257\n"));
  transport.answer(200, list);
  const auto missing = blox("tasks get c");
  EXPECT_EQ(missing.status, 1);
  EXPECT_EQ(missing.error,
            "error: cannot show the task c: there is none\n"
            "  `blox tasks list` shows what there is.\n");
}

TEST_F(CommandsTest, AsksForOneByItsArn) {
  const std::string short_arn = kArn + "task/b";
  const std::tuple<std::string, std::string> rows[] = {
      {"tasks get " + kArn + "task/prod/b", "/v1/tasks/prod/arn"},
      {"tasks get " + short_arn + " --cluster prod", "/v1/tasks/prod/arn"},
      {"tasks get " + short_arn + " --cluster " + kArn + "cluster/prod", "/v1/tasks/prod/arn"},
      {"tasks get " + short_arn + " --cluster other", "/v1/tasks/other/arn"},
      {"instances get " + kArn + "container-instance/prod/i", "/v1/instances/prod/arn"},
  };
  for (const auto& [line, path] : rows) {
    transport.asked.clear();
    transport.answer(200, task_json("b", "PENDING"));
    blox(line);
    ASSERT_EQ(transport.asked.size(), 1U) << line;
    EXPECT_THAT(transport.asked.front(), StartsWith("GET http://127.0.0.1:3000" + path)) << line;
  }
  transport.asked.clear();
  transport.answer(200, R"({"items":[)" + task_json("b", "PENDING") + "]}");
  blox("tasks get " + short_arn);  // Only a list can tell where it is.
  EXPECT_THAT(transport.asked, ElementsAre("GET http://127.0.0.1:3000/v1/tasks"));
}

TEST_F(CommandsTest, SaysWhereToGoOnWhenTheServiceIsAway) {
  transport.script.emplace_back(fail(ErrorKind::kUnavailable, "connection refused"));
  const auto ran = blox("instances list --state-endpoint http://state:1");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.error, HasSubstr("error: cannot list the instances: "));
  EXPECT_THAT(ran.error, HasSubstr("connection refused"));
  EXPECT_THAT(ran.error, HasSubstr("`blox server` starts it"));
  EXPECT_THAT(transport.asked[0], HasSubstr("GET http://state:1/v1/instances"));
  EXPECT_EQ(ran.out, "");
}

// It runs, and to start it would not help.
TEST_F(CommandsTest, SaysWhenToTryAgainWhereTheServiceIsNotReady) {
  const http::Headers soon{{"Retry-After", "2"}};
  transport.answer(503, "cluster prod was not read from ECS yet; try again: Rate exceeded\n", soon);
  const auto ran = blox("tasks list --cluster prod");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.error, HasSubstr("was not read from ECS yet; try again: Rate exceeded"));
  EXPECT_THAT(ran.error, HasSubstr("The service is there"));
  EXPECT_THAT(ran.error, HasSubstr("try again in 2 s"));
  EXPECT_THAT(ran.error, testing::Not(HasSubstr("blox server")));
  transport.answer(429, "slow down\n", soon);
  EXPECT_THAT(blox("environments list").error, HasSubstr("try again in 2 s"));
  transport.answer(503, "");
  EXPECT_THAT(blox("environments list").error, HasSubstr("try again in a moment"));
}

// Beside the list, and never in it.
TEST_F(CommandsTest, SaysWhichClustersAListLeavesOutAndWhy) {
  const std::string aside = kArn + "cluster/aside";
  const std::string sentence = "cluster " + aside + " was not read from ECS yet; try again: denied";
  for (const std::string output : {"table", "json"}) {
    transport.asked.clear();
    transport.answer(200, R"({"items":[)" + task_json("aaa", "RUNNING") + "]}",
                     {{"Blox-Unread-Clusters", aside + ", +7"},
                      {"Blox-Incomplete-Clusters", kArn + "cluster/prod"}});
    transport.answer(503, sentence + "\n", {{"Retry-After", "2"}});
    const auto ran = blox("tasks list --output " + output);
    EXPECT_EQ(ran.status, 0);
    EXPECT_THAT(ran.error, HasSubstr("warning: these clusters were not read from ECS yet and are "
                                     "missing here: " +
                                     aside + ", +7\n"));
    EXPECT_THAT(ran.error, HasSubstr("warning: " + sentence + "\n"));
    EXPECT_THAT(ran.error, HasSubstr("that it does not describe, and they may be missing here: " +
                                     kArn + "cluster/prod\n"));
    EXPECT_THAT(ran.out, testing::Not(HasSubstr("aside")));
    EXPECT_EQ(transport.asked.size(), 2U) << "nobody can ask about +7";
    if (output == "json") {
      EXPECT_THAT(ran.out, StartsWith(R"({"items":[{)"));
    }
  }
  std::string many = aside;
  for (int number = 0; number < 10; ++number)
    many += ", " + kArn + "cluster/" + std::to_string(number);
  transport.asked.clear();
  transport.answer(200, R"({"items":[]})", {{"Blox-Unread-Clusters", many}});
  for (int call = 0; call < 3; ++call) transport.answer(503, sentence);
  EXPECT_EQ(blox("instances list").status, 0);
  EXPECT_EQ(transport.asked.size(), 4U);
}

// Of a hole nobody may hear that there is no such object.
TEST_F(CommandsTest, SaysThatAListOfOneClusterMayLackObjects) {
  const http::Headers holes{{"Blox-Incomplete-Clusters", kArn + "cluster/web"}};
  const std::string of_arn = "tasks list --cluster " + kArn + "cluster/web";
  for (const std::string& command : {std::string{"instances list --cluster web"}, of_arn,
                                     std::string{"instances get f00 --cluster web"},
                                     std::string{"tasks get f00 --cluster web"}}) {
    transport.answer(200, R"({"items":[]})", holes);
    const auto ran = blox(command);
    EXPECT_THAT(ran.error, HasSubstr("that it does not describe, and they may be missing here: " +
                                     kArn + "cluster/web\n"))
        << command;
    EXPECT_EQ(ran.status, command.contains(" get ") ? 1 : 0) << command;
  }
}

TEST_F(CommandsTest, TakesEndpointsAsPeopleWriteThem) {
  const std::pair<const char*, const char*> rows[] = {
      {"state:1", "http://state:1"},
      {"http://State:1/", "http://state:1"},
      {"https://proxy/css/", "https://proxy/css"},
  };
  for (const auto& [endpoint, url] : rows) {
    transport.asked.clear();
    blox(std::string{"instances list --state-endpoint "} + endpoint);
    EXPECT_THAT(transport.asked, ElementsAre("GET " + std::string{url} + "/v1/instances"));
    transport.asked.clear();
    blox(std::string{"environments list --scheduler-endpoint="} + endpoint);
    EXPECT_THAT(transport.asked, ElementsAre("GET " + std::string{url} + "/v1/environments"));
  }
  transport.asked.clear();
  for (const char* endpoint : {"ftp://user:hush@state", "http://user:hush@state:x", "state:0"}) {
    const auto refused = blox(std::string{"instances list --state-endpoint "} + endpoint);
    EXPECT_EQ(refused.status, 2) << endpoint;
    EXPECT_THAT(refused.error, HasSubstr("--state-endpoint: '"));
    EXPECT_THAT(refused.error, HasSubstr("allowed is HOST:PORT"));
    EXPECT_THAT(refused.error, testing::Not(HasSubstr("hush")));
  }
  EXPECT_THAT(transport.asked, testing::IsEmpty());
}

// Whoever may stop a task writes the reason, and a service's error is whatever answers there.
TEST_F(CommandsTest, TellsTheTerminalNothingThatAServiceSays) {
  const std::string evil = "x\\u001b]0;owned\\u0007\\u009b31m\\u202ey";
  const auto answer_task = [&] {
    auto task = task_json("aaa", "RUNNING");
    task.replace(task.find(R"("startedBy":"me")"), 16, R"("startedBy":")" + evil + R"(")");
    transport.answer(200, R"({"items":[)" + task + "]}");
  };
  const std::string shown = "x\\x1b]0;owned\\x07\\xc2\\x9b31m\\xe2\\x80\\xaey";
  answer_task();
  EXPECT_THAT(blox("tasks list").out, HasSubstr(shown));
  answer_task();
  EXPECT_THAT(blox("tasks get aaa").out, HasSubstr(shown));
  answer_task();
  const std::string json = blox("tasks list --output json").out;
  EXPECT_THAT(json, HasSubstr(R"(x\u001b]0;owned\u0007\u009b31m\u202ey)"));
  transport.answer(503, "busy\x1b[2J\x9b\n");
  EXPECT_THAT(blox("environments list").error, HasSubstr("busy\\x1b[2J\\x9b\n"));
  transport.answer(503, "busy\x1b[2J\n", {{"Blox-Error-Detail", "a\x1b[2J"}});
  EXPECT_THAT(blox("tasks list").error, HasSubstr("busy\\x1b[2J (a\\x1b[2J)\n"));
}

TEST_F(CommandsTest, ListsEnvironmentsOverAllPages) {
  transport.answer(200, R"({"items":[)" + environment_json("a") + R"(],"nextToken":"61"})");
  transport.answer(200, R"({"items":[)" + environment_json("b") + "]}");
  const auto ran = blox("environments list --cluster prod");
  EXPECT_EQ(ran.out,
            "NAME  CLUSTER  DEFINITION  HEALTH   MAX UNAVAILABLE  DEPLOYMENT\n"
            "a     prod     logs:3      healthy  10%              -\n"
            "b     prod     logs:3      healthy  10%              -\n");
  EXPECT_THAT(transport.asked, ElementsAre("GET " + kScheduler + "?cluster=prod",
                                           "GET " + kScheduler + "?cluster=prod&nextToken=61"));
}

TEST_F(CommandsTest, CreatesChangesAndDeletesEnvironments) {
  transport.answer(200, environment_json("logs"));
  EXPECT_EQ(blox("environments create logs --cluster prod --task-definition logs:3 "
                 "--max-unavailable 2 --drain-deadline 10m")
                .status,
            0);
  transport.answer(200, environment_json("logs"));
  EXPECT_EQ(blox("environments update logs --max-unavailable 5%").status, 0);
  transport.answer(200, environment_json("logs"));
  transport.answer(200, "");
  EXPECT_EQ(blox("environments delete logs --terminate-tasks").out,
            "logs is deleted; its tasks stop.\n");
  EXPECT_THAT(
      transport.asked,
      ElementsAre("POST " + kScheduler +
                      R"( {"name":"logs","instanceGroup":{"cluster":"prod"},)"
                      R"("taskDefinition":"logs:3","maxUnavailable":2,"drainDeadline":"10m"})",
                  "PATCH " + kScheduler + R"(/logs {"maxUnavailable":"5%"})",
                  "GET " + kScheduler + "/logs",
                  "DELETE " + kScheduler + "/logs?terminateTasks=true"));
}

TEST_F(CommandsTest, AdoptsOrShowsWhatItWouldAdopt) {
  const std::string list =
      R"({"items":[{"taskARN":"t1","containerInstanceARN":"i1","taskDefinition":"logs:3",)"
      R"("startedBy":"lost"},{"taskARN":"t2","containerInstanceARN":"i2",)"
      R"("taskDefinition":"logs:3","reason":"it has no startedBy"}],"dryRun":)";
  transport.answer(200, list + "true}");
  const auto shown = blox("environments adopt logs --dry-run");
  EXPECT_EQ(shown.status, 0) << shown.error;
  EXPECT_THAT(shown.out, HasSubstr("would be adopted\n"));
  EXPECT_THAT(shown.out, HasSubstr("stays as it is: it has no startedBy\n"));
  EXPECT_THAT(shown.out, HasSubstr("1 of 2 unclaimed tasks would be adopted.\n"));
  transport.answer(200, list + "false}");
  EXPECT_THAT(blox("environments adopt logs").out,
              HasSubstr("1 of 2 unclaimed tasks are adopted.\n"));
  EXPECT_THAT(transport.asked, ElementsAre("POST " + kScheduler + "/logs/adopt?dryRun=true",
                                           "POST " + kScheduler + "/logs/adopt"));
}

TEST_F(CommandsTest, DeletesOnlyWhatIsThere) {
  transport.answer(404, "Environment logs does not exist");
  const auto ran = blox("environments delete logs --terminate-tasks");
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(
      ran.error,
      "error: cannot delete the environment logs: Environment logs does not exist\n"
      "  `blox environments list` shows what there is. If it was deleted before, nothing more "
      "is done: tasks that it left go on running.\n");
  EXPECT_THAT(transport.asked, ElementsAre("GET " + kScheduler + "/logs"));
  transport.script.emplace_back(fail(ErrorKind::kUnavailable, "connection refused"));
  EXPECT_THAT(blox("environments delete logs").error, HasSubstr("`blox server` starts it"));
}

TEST_F(CommandsTest, ShowsTheServicesOwnSentenceAndItsDetail) {
  transport.answer(400, "Invalid cluster ARN or name",
                   {{"Blox-Error-Detail", "cluster is 'ab'; allowed is the name"}});
  EXPECT_EQ(blox("environments list --cluster ab").error,
            "error: cannot list the environments: Invalid cluster ARN or name (cluster is 'ab'; "
            "allowed is the name)\n");
  transport.answer(404, "Environment no does not exist");
  EXPECT_EQ(blox("environments get no").error,
            "error: cannot show the environment no: Environment no does not exist\n"
            "  `blox environments list` shows what there is.\n");
  transport.answer(200, environment_json("logs"));
  transport.script.emplace_back(fail(ErrorKind::kUnknown, "timed out"));
  EXPECT_THAT(blox("environments delete logs").error, HasSubstr("may have been done all the same"));
  transport.script.emplace_back(fail(ErrorKind::kUnknown, "timed out"));
  EXPECT_THAT(blox("environments get logs").error, HasSubstr("Nothing was done."));
}

TEST_F(CommandsTest, ShowsWhatEachInstanceWaitsFor) {
  transport.answer(200, instances_json("waiting", "serving"));
  EXPECT_EQ(blox("environments instances logs").out,
            "INSTANCE  STATE    TASK  REASON\n"
            "i1        waiting  -     waits 4 s after a start failed\n"
            "i2        serving  t2    runs it\n");
}

TEST_F(CommandsTest, AnswersBadUsageWithTwo) {
  for (const std::string line :
       {"tasks", "tasks get", "tasks list --nope", "tasks list --output xml",
        "environments create logs", "environments update logs", "deploy",
        "deploy logs --wait-max soon", "deploy logs --wait-max 31d"}) {
    const auto ran = blox(line);
    EXPECT_EQ(ran.status, 2) << line;
    EXPECT_NE(ran.error, "") << line;
  }
  EXPECT_TRUE(transport.asked.empty());
}

TEST_F(CommandsTest, HelpsWithExamples) {
  for (const std::string command :
       {"tasks list", "tasks get", "instances list", "instances get", "environments list",
        "environments get", "environments create", "environments update", "environments delete",
        "environments instances", "deployments list", "deployments get", "deploy"}) {
    const auto ran = blox(command + " --help");
    EXPECT_EQ(ran.status, 0) << command;
    EXPECT_THAT(ran.out, HasSubstr("Examples:\n  blox " + command)) << command;
    EXPECT_THAT(ran.out, HasSubstr("--scheduler-endpoint")) << command;
  }
}

}  // namespace
}  // namespace blox::cli
