// Every endpoint and every error of the scheduler's API, on a store in memory and virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "scheduler/api/scheduler_api_for_tests.h"

namespace blox::scheduler {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST_F(SchedulerApiTest, CallsNothingHealthyThatWasNotLookedAt) {
  create("logs");
  EXPECT_THAT(ask("GET", "/v1/environments/logs").body, HasSubstr(R"("health":"healthy")"));
  ASSERT_EQ(deploy("logs").status, 200);
  EXPECT_THAT(ask("GET", "/v1/environments/logs").body,
              HasSubstr(R"("health":"unhealthy","healthReason":"nothing is decided yet")"));
  board.environments[stored("logs").uid];
  EXPECT_THAT(ask("GET", "/v1/environments/logs").body, HasSubstr(R"("health":"healthy")"));
}

// An empty mirror must not pass for an empty store: a DELETE that did nothing would answer 200.
TEST_F(SchedulerApiTest, AnswersNothingFromRecordsThatAreNotRead) {
  RepositoryForTests unread{loop};
  Operations blind{loop, random, unread.repository, directory};
  SchedulerApi early{blind, board, metrics, [this] { return ready; }};
  const std::tuple<const char*, const char*, int> rows[] = {
      {"GET", "/v1/environments", 503},
      {"GET", "/v1/environments?cluster=prod", 503},
      {"GET", "http://h/v1/environments", 400},
      {"GET", "/%761/environments", 404},
      {"GET", "/v1/environments/logs", 503},
      {"POST", "/v1/environments", 503},
      {"PATCH", "/v1/environments/logs", 503},
      {"DELETE", "/v1/environments/logs?terminateTasks=true", 503},
      {"GET", "/v1/environments/logs/instances", 503},
      {"GET", "/v1/environments/logs/deployments", 503},
      {"GET", "/v1/ping", 200},
      {"GET", "/healthz", 200},
      {"GET", "/readyz", 200},
      {"GET", "/metrics", 200},
  };
  for (const auto& [method, target, status] : rows) {
    const http::Request request{method, target, {}, body_of("logs")};
    EXPECT_EQ(run_to_end(loop, early.handle(request)).status, status) << method << " " << target;
  }
}

TEST_F(SchedulerApiTest, CreatesShowsAndListsEnvironments) {
  const auto created = ask("POST", "/v1/environments", body_of("logs"));
  const auto& environment = stored("logs");
  const std::string object = R"({"name":"logs","deploymentToken":")" +
                             environment.deployment_token + R"(","instanceGroup":{"cluster":")" +
                             arn_of("cluster/prod") + R"("},"taskDefinition":")" +
                             arn_of("task-definition/logs:1") +
                             R"(","health":"healthy","maxUnavailable":1,"drainDeadline":"15m",)"
                             R"("minHealthy":"10s","createdAt":")" +
                             just_now(environment.created_at) + R"("})";
  EXPECT_EQ(created.status, 200);
  EXPECT_EQ(created.body, object);
  EXPECT_EQ(http::find_header(created.headers, "Content-Type"), "application/json; charset=UTF-8");
  EXPECT_EQ(ask("GET", "/v1/environments/logs").body, object);
  EXPECT_EQ(ask("GET", "/v1/environments").body, R"({"items":[)" + object + "]}");
  for (const std::string filter : {"prod", "arn:aws:ecs:eu-west-1:123456789012:cluster/prod",
                                   "arn%3Aaws%3Aecs%3Aeu-west-1%3A123456789012%3Acluster%2Fprod"}) {
    EXPECT_EQ(ask("GET", "/v1/environments?cluster=" + filter).body,
              R"({"items":[)" + object + "]}");
  }
  EXPECT_EQ(ask("GET", "/v1/environments?cluster=other").body, R"({"items":[]})");
  EXPECT_EQ(ask("GET", "/v1/environments/logs/").status, 301);
}

TEST_F(SchedulerApiTest, TakesTheOptionsOfAnEnvironment) {
  const auto created = ask("POST", "/v1/environments",
                           R"({"name":"a","instanceGroup":{"cluster":")" + arn_of("cluster/prod") +
                               R"("},"taskDefinition":"logs:2","maxUnavailable":"10%",)"
                               R"("drainDeadline":"90s"})");
  EXPECT_EQ(created.status, 200) << created.body;
  EXPECT_THAT(created.body, HasSubstr(R"("maxUnavailable":"10%","drainDeadline":"90s")"));
}

TEST_F(SchedulerApiTest, RefusesBadBodiesFieldByField) {
  const std::string good_group = R"("instanceGroup":{"cluster":"prod"})";
  const std::string good = R"("name":"a",)" + good_group + R"(,"taskDefinition":"logs:1")";
  const std::tuple<std::string, int, std::string> rows[] = {
      {"", 400, "the body is not JSON: "},
      {"[]", 400, "the body is a JSON array, an object is expected"},
      {"{}", 400, "name is missing; it has to be a string of 1 to 30 letters"},
      {R"({"name":"a"})", 400, "instanceGroup is missing; it has to be an object"},
      {R"({"name":"a",)" + good_group + "}", 400, "taskDefinition is missing"},
      {"{" + good + R"(,"taskdefinition":1})", 400,
       "the field 'taskdefinition' is not known here; allowed are name, instanceGroup"},
      {R"({"name":1,)" + good_group + R"(,"taskDefinition":"logs:1"})", 400,
       "name is a number; allowed is a string"},
      {R"({"name":"a b",)" + good_group + R"(,"taskDefinition":"logs:1"})", 400,
       "name is 'a b'; allowed are 1 to 30 letters, digits, '-' and '_'"},
      {R"({"name":"",)" + good_group + R"(,"taskDefinition":"logs:1"})", 400, "name is ''"},
      {R"({"name":")" + std::string(31, 'x') + R"(",)" + good_group +
           R"(,"taskDefinition":"logs:1"})",
       400, "name is 'xxx"},
      {R"({"name":"a","instanceGroup":"prod","taskDefinition":"logs:1"})", 400,
       "instanceGroup is a string; allowed is an object"},
      {R"({"name":"a","instanceGroup":{},"taskDefinition":"logs:1"})", 400,
       "instanceGroup.cluster is missing"},
      {R"({"name":"a","instanceGroup":{"cluster":[]},"taskDefinition":"logs:1"})", 400,
       "instanceGroup.cluster is an array; allowed is a string"},
      {R"({"name":"a","instanceGroup":{"cluster":"prod","tags":1},"taskDefinition":"logs:1"})", 400,
       "instanceGroup.tags is not known; allowed is cluster"},
      {R"({"name":"a","instanceGroup":{"cluster":"a/b"},"taskDefinition":"logs:1"})", 400,
       "instanceGroup.cluster is 'a/b'; allowed is the name or the ARN of a cluster"},
      {R"({"name":"a",)" + good_group + R"(,"taskDefinition":null})", 400,
       "taskDefinition is null; allowed is a string"},
      {R"({"name":"a",)" + good_group + R"(,"taskDefinition":""})", 400,
       "taskDefinition is ''; allowed is a family, family:revision or an ARN"},
      {"{" + good + R"(,"maxUnavailable":0})", 400, "maxUnavailable is '0'; allowed are"},
      {"{" + good + R"(,"maxUnavailable":1.5})", 400, "maxUnavailable is a number; allowed is"},
      {"{" + good + R"(,"maxUnavailable":"2"})", 400, "maxUnavailable is the string '2'"},
      {"{" + good + R"(,"maxUnavailable":"101%"})", 400, "maxUnavailable is '101%'"},
      {"{" + good + R"(,"drainDeadline":15})", 400, "drainDeadline is a number; allowed is a str"},
      {"{" + good + R"(,"drainDeadline":"soon"})", 400, "drainDeadline is 'soon'; allowed is a"},
      {R"({"name":"a","instanceGroup":{"cluster":"nope"},"taskDefinition":"logs:1"})", 404,
       "Cluster nope does not exist or is INACTIVE"},
      {R"({"name":"a",)" + good_group + R"(,"taskDefinition":"logs:9"})", 404,
       "Task definition logs:9 does not exist or is INACTIVE"},
  };
  for (const auto& [body, status, sentence] : rows) {
    const auto refused = ask("POST", "/v1/environments", body);
    EXPECT_EQ(refused.status, status) << body;
    EXPECT_THAT(refused.body, StartsWith(sentence)) << body;
  }
  EXPECT_TRUE(repository.records().environments.empty());
}

TEST_F(SchedulerApiTest, GivesANameOnce) {
  create("logs");
  const auto taken = ask("POST", "/v1/environments", body_of("logs"));
  EXPECT_EQ(taken.status, 400);
  EXPECT_EQ(taken.body, "An environment with name logs already exists");
  // Somebody else is faster while ECS is asked.
  directory.before_answer = [this] {
    directory.before_answer = [] {};
    create("late");
  };
  const auto late = ask("POST", "/v1/environments", body_of("late"));
  EXPECT_EQ(late.status, 400);
  EXPECT_EQ(late.body, "An environment with name late already exists");
}

TEST_F(SchedulerApiTest, SaysThatEcsCannotBeAsked) {
  create("logs");
  const std::tuple<ErrorKind, int, const char*> rows[] = {
      {ErrorKind::kThrottled, 429, "5"},
      {ErrorKind::kUnavailable, 503, "2"},
      {ErrorKind::kDenied, 503, "2"},
  };
  for (const auto& [kind, status, retry_after] : rows) {
    directory.fault = Error{kind, "DescribeClusters: no"};
    const auto created = ask("POST", "/v1/environments", body_of("more"));
    EXPECT_EQ(created.status, status);
    EXPECT_EQ(created.body,
              "ECS cannot be asked for the cluster 'prod', nothing was done: DescribeClusters: no");
    EXPECT_EQ(http::find_header(created.headers, "Retry-After"), retry_after);
    const auto patched = ask("PATCH", "/v1/environments/logs", R"({"taskDefinition":"logs:2"})");
    EXPECT_EQ(patched.status, status);
    EXPECT_EQ(http::find_header(patched.headers, "Retry-After"), retry_after);
  }
}

TEST_F(SchedulerApiTest, AsksEcsNothingForWhatIsRefusedAnyway) {
  int asked = 0;
  directory.before_answer = [&] { ++asked; };
  EXPECT_EQ(ask("POST", "/v1/environments",
                R"({"name":"a","instanceGroup":{"cluster":"prod"},"taskDefinition":""})")
                .status,
            400);
  EXPECT_EQ(asked, 0);
}

TEST_F(SchedulerApiTest, PatchesOnlyWhatIsAsked) {
  create("logs");
  const auto before = stored("logs");
  const auto patched =
      ask("PATCH", "/v1/environments/logs", R"({"taskDefinition":"logs:2","maxUnavailable":3})");
  EXPECT_EQ(patched.status, 200) << patched.body;
  EXPECT_THAT(patched.body, HasSubstr("task-definition/logs:2"));
  EXPECT_THAT(patched.body, HasSubstr(R"("maxUnavailable":3,"drainDeadline":"15m")"));
  EXPECT_NE(stored("logs").deployment_token, before.deployment_token);
  EXPECT_FALSE(stored("logs").deployment) << "it changes nothing until deployed";

  const std::tuple<std::string, std::string, int, std::string> rows[] = {
      {"nope", R"({"maxUnavailable":3})", 404, "Environment nope does not exist"},
      {"logs", "{}", 400, "the body changes nothing; allowed are taskDefinition"},
      {"logs", R"({"name":"x"})", 400, "the field 'name' is not known here; allowed are task"},
      {"logs", R"({"taskDefinition":"logs:9"})", 404, "Task definition logs:9 does not exist"},
      {"logs", R"({"maxUnavailable":"0%"})", 400, "maxUnavailable is '0%'; allowed are"},
      {"logs", R"({"drainDeadline":"8d"})", 400, "drainDeadline is '8d'; allowed is"},
  };
  const auto token = stored("logs").deployment_token;
  for (const auto& [name, body, status, sentence] : rows) {
    const auto refused = ask("PATCH", "/v1/environments/" + name, body);
    EXPECT_EQ(refused.status, status) << body;
    EXPECT_THAT(refused.body, StartsWith(sentence)) << body;
  }
  EXPECT_EQ(stored("logs").deployment_token, token);
}

TEST_F(SchedulerApiTest, DecidesAPatchAnewWhenOthersWereFaster) {
  create("logs");
  directory.before_answer = [this] {
    directory.before_answer = [] {};
    ASSERT_EQ(ask("PATCH", "/v1/environments/logs", R"({"drainDeadline":"1m"})").status, 200);
  };
  const auto patched = ask("PATCH", "/v1/environments/logs", R"({"taskDefinition":"logs:2"})");
  EXPECT_EQ(patched.status, 200);
  EXPECT_THAT(patched.body, HasSubstr(R"("drainDeadline":"1m")"));
  EXPECT_THAT(patched.body, HasSubstr("logs:2"));
}

TEST_F(SchedulerApiTest, DeletesAndHides) {
  create("logs");
  const auto uid = stored("logs").uid;
  EXPECT_EQ(ask("DELETE", "/v1/environments/logs?terminateTask=true").status, 400);
  EXPECT_EQ(ask("DELETE", "/v1/environments/logs?terminateTasks=yes").body,
            "terminateTasks is 'yes'; allowed are true and false");
  const auto deleted = ask("DELETE", "/v1/environments/logs?terminateTasks=true");
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(deleted.body, "");
  EXPECT_TRUE(repository.records().environments.at(uid).deleting);
  EXPECT_TRUE(repository.records().environments.at(uid).terminate_tasks);
  EXPECT_EQ(ask("GET", "/v1/environments/logs").body, "Environment logs does not exist");
  EXPECT_EQ(ask("GET", "/v1/environments").body, R"({"items":[]})");
  EXPECT_EQ(ask("DELETE", "/v1/environments/logs").status, 200);
  EXPECT_EQ(ask("DELETE", "/v1/environments/never").status, 200);
  create("logs");
  EXPECT_NE(stored("logs").uid, uid);
}

TEST_F(SchedulerApiTest, DeploysAndShowsDeployments) {
  create("logs");
  const auto deployed = deploy("logs");
  EXPECT_EQ(deployed.status, 200) << deployed.body;
  const std::string id = stored("logs").deployment->value;
  const WallTime created_at = repository.records().deployments.at(DeploymentId{id}).created_at;
  EXPECT_EQ(deployed.body, R"({"id":")" + id + R"(","status":"pending","taskDefinition":")" +
                               arn_of("task-definition/logs:1") +
                               R"(","environmentName":"logs","failedInstances":[],)"
                               R"("createdAt":")" +
                               just_now(created_at) + R"("})");
  EXPECT_EQ(ask("GET", "/v1/environments/logs/deployments/" + id).body, deployed.body);
  EXPECT_EQ(ask("GET", "/v1/environments/logs/deployments").body,
            R"({"items":[)" + deployed.body + "]}");
  EXPECT_THAT(ask("GET", "/v1/environments/logs").body,
              HasSubstr(R"("deploymentId":")" + id + "\""));
}

TEST_F(SchedulerApiTest, RefusesDeploymentsByTheirToken) {
  create("logs");
  const std::string path = "/v1/environments/logs/deployments";
  const std::string first = stored("logs").deployment_token;
  EXPECT_EQ(ask("POST", path).status, 404);
  EXPECT_EQ(ask("POST", path + "?deploymentToken=x").status, 404);
  EXPECT_EQ(ask("POST", "/v1/environments/no/deployments?deploymentToken=" + first).body,
            "Environment no does not exist");
  EXPECT_EQ(deploy("logs", "&supersede=maybe").body,
            "supersede is 'maybe'; allowed are true and false");
  EXPECT_EQ(deploy("logs").status, 200);

  const auto used = deploy("logs", "&supersede=true");
  EXPECT_EQ(used.status, 400);
  EXPECT_THAT(used.body, HasSubstr("was used before"));

  ASSERT_EQ(ask("PATCH", "/v1/environments/logs", R"({"taskDefinition":"logs:2"})").status, 200);
  const auto outdated = ask("POST", path + "?deploymentToken=" + first);
  EXPECT_EQ(outdated.status, 400);
  EXPECT_THAT(outdated.body, HasSubstr("is outdated"));

  const auto busy = deploy("logs");
  EXPECT_EQ(busy.status, 400);
  EXPECT_THAT(busy.body, HasSubstr("is in progress"));
  EXPECT_EQ(repository.records().deployments.size(), 1U);

  end_deployment("logs");
  EXPECT_EQ(deploy("logs").status, 200);
  EXPECT_EQ(repository.records().deployments.size(), 2U);
}

TEST_F(SchedulerApiTest, SupersedesAndListsNewestFirst) {
  create("logs");
  std::vector<std::string> ids;
  for (int round = 0; round < 3; ++round) {  // Virtual time stands still between them.
    ASSERT_EQ(deploy("logs", "&supersede=true").status, 200);
    ids.push_back(stored("logs").deployment->value);
    ASSERT_EQ(ask("PATCH", "/v1/environments/logs", R"({"maxUnavailable":2})").status, 200);
  }
  const auto& deployments = repository.records().deployments;
  EXPECT_EQ(deployments.at(DeploymentId{ids[0]}).status, DeploymentStatus::kSuperseded);
  EXPECT_TRUE(deployments.at(DeploymentId{ids[0]}).ended_at);
  EXPECT_EQ(deployments.at(DeploymentId{ids[1]}).status, DeploymentStatus::kSuperseded);
  EXPECT_EQ(deployments.at(DeploymentId{ids[2]}).status, DeploymentStatus::kPending);
  const std::string path = "/v1/environments/logs/deployments";
  const auto all = ask("GET", path).body;
  EXPECT_LT(all.find(ids[2]), all.find(ids[1]));
  EXPECT_LT(all.find(ids[1]), all.find(ids[0]));

  const auto first = ask("GET", path + "?maxResults=2").body;
  EXPECT_THAT(first, Not(HasSubstr(ids[0])));
  const auto place = first.find(R"("nextToken":")") + 13;
  const auto token = first.substr(place, first.size() - place - 2);
  const auto second = ask("GET", path + "?maxResults=2&nextToken=" + token).body;
  EXPECT_THAT(second, HasSubstr(ids[0]));
  EXPECT_THAT(second, Not(HasSubstr(ids[1])));
}

TEST_F(SchedulerApiTest, NamesWhatIsMissing) {
  create("logs");
  create("proxy");
  ASSERT_EQ(deploy("proxy").status, 200);
  const std::string foreign = stored("proxy").deployment->value;
  const std::pair<std::string, std::string> rows[] = {
      {"/v1/environments/no", "Environment no does not exist"},
      {"/v1/environments/no/deployments", "Environment no does not exist"},
      {"/v1/environments/no/deployments/x", "Environment no does not exist"},
      {"/v1/environments/no/instances", "Environment no does not exist"},
      {"/v1/environments/logs/deployments/x", "Deployment x does not exist for environment logs"},
      {"/v1/environments/logs/deployments/" + foreign,
       "Deployment " + foreign + " does not exist for environment logs"},
  };
  for (const auto& [target, body] : rows) {
    const auto missing = ask("GET", target);
    EXPECT_EQ(missing.status, 404) << target;
    EXPECT_EQ(missing.body, body);
  }
}

TEST_F(SchedulerApiTest, ShowsWhatTheRoundsFoundOut) {
  create("logs");
  EXPECT_EQ(ask("GET", "/v1/environments/logs/instances").body, R"({"items":[]})");
  auto& status = board.environments[stored("logs").uid];
  status.healthy = false;
  status.reason = "1 instance has no RUNNING task for 6m";
  status.decided_at = loop.wall_now();
  status.instances = {{ContainerInstanceArn{"i1"}, "serving", "", TaskArn{"t1"}},
                      {ContainerInstanceArn{"i2"}, "waiting", "waits 4 s", std::nullopt}};
  EXPECT_THAT(ask("GET", "/v1/environments/logs").body,
              HasSubstr(R"("health":"unhealthy","healthReason":"1 instance has no RUNNING)"));
  EXPECT_EQ(ask("GET", "/v1/environments/logs/instances").body,
            R"({"items":[{"containerInstanceARN":"i1","state":"serving","reason":"",)"
            R"("taskARN":"t1"},{"containerInstanceARN":"i2","state":"waiting",)"
            R"("reason":"waits 4 s"}],"decidedAt":")" +
                just_now(status.decided_at) + R"("})");
}

TEST_F(SchedulerApiTest, ServesWhatOperatorsNeed) {
  EXPECT_EQ(ask("GET", "/v1/ping").status, 200);
  EXPECT_EQ(ask("GET", "/v1/ping").body, "");
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
  EXPECT_EQ(ask("GET", "/readyz").status, 200);
  ready = fail(ErrorKind::kUnavailable, "the cluster state was never read");
  const auto unready = ask("GET", "/readyz");
  EXPECT_EQ(unready.status, 503);
  EXPECT_EQ(unready.body, "the cluster state was never read");
  EXPECT_EQ(http::find_header(unready.headers, "Retry-After"), "2");
  metrics.counter("blox_test_total", "A test").Increment();
  const auto shown = ask("GET", "/metrics");
  EXPECT_THAT(shown.body, HasSubstr("blox_test_total 1"));
  EXPECT_THAT(*http::find_header(shown.headers, "Content-Type"),
              StartsWith("text/plain; version="));
  EXPECT_EQ(ask("PUT", "/v1/environments").status, 405);
  EXPECT_EQ(ask("GET", "/v2/environments").status, 404);
}

}  // namespace
}  // namespace blox::scheduler
