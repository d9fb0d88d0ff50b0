// What follows the '?': filters and pages, and the refusal of all that is not known there.
#include "scheduler/api/queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "scheduler/api/scheduler_api_for_tests.h"

namespace blox::scheduler {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(SchedulerApiTest, RefusesBadFilters) {
  create("logs");
  const std::tuple<std::string, std::string, std::string> rows[] = {
      {"/v1/environments?status=x", "At least one of the filters provided is not supported",
       "'status' is not known here; allowed are cluster, maxResults, nextToken"},
      {"/v1/environments?cluster=a&cluster=b",
       "At least one of the filters provided is specified multiple times",
       "'cluster' is given more than once; allowed is once"},
      {"/v1/environments?cluster=a/b", "Invalid cluster ARN or name", ""},
      {"/v1/environments?maxResults=0", "maxResults is '0'; allowed is an integer from 1 to 10000",
       ""},
      {"/v1/environments?maxResults=ten",
       "maxResults is 'ten'; allowed is an integer from 1 to "
       "10000",
       ""},
      {"/v1/environments?nextToken=xyz",
       "nextToken is 'xyz'; allowed is a nextToken that this list has answered", ""},
      {"/v1/environments/logs/deployments?status=x",
       "At least one of the filters provided is not supported",
       "'status' is not known here; allowed are maxResults, nextToken, deploymentToken"},
      {"/v1/environments?deploymentToken=", "At least one of the filters provided is not supported",
       "'deploymentToken' is not known here; allowed are cluster, maxResults, nextToken"},
  };
  for (const auto& [target, body, detail] : rows) {
    const auto refused = ask("GET", target);
    EXPECT_EQ(refused.status, 400) << target;
    EXPECT_EQ(refused.body, body) << target;
    EXPECT_EQ(refused.detail, detail) << target;
  }
}

TEST_F(SchedulerApiTest, TakesWhatClientsOfV03Send) {
  create("logs");
  deploy("logs");
  const std::string list = "/v1/environments/logs/deployments";
  EXPECT_EQ(ask("GET", list + "?deploymentToken=" + random.uuid()).body, ask("GET", list).body);
  EXPECT_EQ(ask("GET", list + "?deploymentToken=&nextToken=").body, ask("GET", list).body);
  EXPECT_EQ(ask("GET", "/v1/environments?cluster=&nextToken=").body,
            ask("GET", "/v1/environments").body);
  EXPECT_THAT(ask("GET", list).body, HasSubstr(R"("status":"pending")"));

  const auto ping = ask("GET", "/v1/ping");
  EXPECT_EQ(ping.body, "");
  EXPECT_EQ(http::find_header(ping.headers, "Content-Type"), "application/json; charset=UTF-8");
  const auto deleted = ask("DELETE", "/v1/environments/logs");
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(deleted.body, "");
  EXPECT_TRUE(deleted.headers.empty());
}

TEST_F(SchedulerApiTest, RefusesParametersWhereThereAreNone) {
  create("logs");
  const std::string token = stored("logs").deployment_token;
  const std::tuple<std::string, std::string, std::string> rows[] = {
      {"POST", "/v1/environments", body_of("other")},
      {"GET", "/v1/environments/logs", ""},
      {"PATCH", "/v1/environments/logs", R"({"maxUnavailable":2})"},
      {"GET", "/v1/environments/logs/instances", ""},
      {"GET", "/v1/environments/logs/deployments/" + random.uuid(), ""},
  };
  for (const auto& [method, path, body] : rows) {
    const auto refused = ask(method, path + "?dryRun=true", body);
    EXPECT_EQ(refused.status, 400) << method << path;
    EXPECT_EQ(refused.body, "At least one of the filters provided is not supported") << path;
    EXPECT_EQ(refused.detail, "'dryRun' is not known here; allowed is none") << path;
  }
  EXPECT_EQ(repository.records().environments.size(), 1U);
  EXPECT_EQ(stored("logs").deployment_token, token) << "nothing was changed";
}

TEST_F(SchedulerApiTest, ListsInPages) {
  for (const std::string name : {"c", "a", "b"}) create(name);
  const auto first = ask("GET", "/v1/environments?maxResults=2");
  EXPECT_THAT(first.body, StartsWith(R"({"items":[{"name":"a")"));
  EXPECT_THAT(first.body, HasSubstr(R"("nextToken":"62"})"));
  const auto second = ask("GET", "/v1/environments?maxResults=2&nextToken=62");
  EXPECT_THAT(second.body, StartsWith(R"({"items":[{"name":"c")"));
  EXPECT_THAT(second.body, Not(HasSubstr("nextToken")));
}

}  // namespace
}  // namespace blox::scheduler
