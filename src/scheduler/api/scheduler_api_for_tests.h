// The scheduler's API on a store in memory that is busy, in virtual time, for the tests of this
// folder.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/insist_for_tests.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/run_to_end_for_tests.h"
#include "base/scope.h"
#include "base/sim_loop.h"
#include "base/time.h"
#include "scheduler/api/scheduler_api.h"
#include "scheduler/environments/repository_for_tests.h"

namespace blox::scheduler {

inline std::string arn_of(std::string_view rest) {
  return "arn:aws:ecs:eu-west-1:123456789012:" + std::string{rest};
}

/// Knows the cluster "prod" and the task definitions "logs:1" and "logs:2".
class FakeDirectory final : public Directory {
 public:
  std::optional<Error> fault;
  std::function<void()> before_answer = [] {};

  Async<Result<std::optional<ClusterArn>>> find_cluster(std::string cluster) override {
    before_answer();
    if (fault) co_return std::unexpected(*fault);
    std::optional<ClusterArn> found;
    if (cluster == "prod" || cluster == arn_of("cluster/prod")) {
      found = ClusterArn{arn_of("cluster/prod")};
    }
    co_return found;
  }
  Async<Result<std::optional<TaskDefinitionArn>>> find_task_definition(
      std::string task_definition) override {
    before_answer();
    if (fault) co_return std::unexpected(*fault);
    std::optional<TaskDefinitionArn> found;
    if (task_definition == "logs:1" || task_definition == "logs:2") {
      found = TaskDefinitionArn{arn_of("task-definition/" + task_definition)};
    }
    co_return found;
  }
};

/// What a call gave.
struct Answered {
  int status = 0;
  std::string body;
  std::string detail;
  http::Headers headers;
};

class SchedulerApiTest : public testing::Test {
 protected:
  SchedulerApiTest() {
    EXPECT_TRUE(run_to_end(loop, repository.load()));
    loop.run_for(std::chrono::seconds{1});
  }

  // As clients do: again, when the store was too busy to take it.
  Answered ask(const std::string& method, const std::string& target, const std::string& body = "") {
    for (;;) {
      Answered answered = ask_once(method, target, body);
      if (answered.status != 503 || !answered.body.contains("the store's queue is full")) {
        return answered;
      }
    }
  }
  Answered ask_once(const std::string& method, const std::string& target,
                    const std::string& body = "") {
    const auto response = run_to_end(loop, api.handle(http::Request{method, target, {}, body}));
    Answered answered;
    answered.status = response.status;
    answered.body = std::get<std::string>(response.body);
    answered.headers = response.headers;
    answered.detail = http::find_header(response.headers, "Blox-Error-Detail").value_or("");
    return answered;
  }

  // As answers have the time of something that was done just now.
  std::string just_now(WallTime time) {
    EXPECT_LE(time, loop.wall_now());
    EXPECT_GT(time, loop.wall_now() - std::chrono::milliseconds{50});
    return format_time(time);
  }
  static std::string body_of(const std::string& name) {
    return R"({"name":")" + name +
           R"(","instanceGroup":{"cluster":"prod"},"taskDefinition":"logs:1"})";
  }
  void create(const std::string& name) {
    const auto created = ask("POST", "/v1/environments", body_of(name));
    ASSERT_EQ(created.status, 200) << created.body;
  }
  const Environment& stored(const std::string& name) {
    const auto* found = repository.find_environment(EnvironmentName{name});
    EXPECT_NE(found, nullptr);
    return *found;
  }
  Answered deploy(const std::string& name, const std::string& more = "") {
    return ask("POST", "/v1/environments/" + name +
                           "/deployments?deploymentToken=" + stored(name).deployment_token + more);
  }
  void end_deployment(const std::string& name) {
    Deployment ended = repository.records().deployments.at(*stored(name).deployment);
    ended.status = DeploymentStatus::kCompleted;
    ended.ended_at = loop.wall_now();
    ASSERT_TRUE(insist(loop, [&] { return repository.put({}, {ended}); }));
  }

  SimLoop loop{1};
  Random random{1};
  Metrics metrics;
  RepositoryForTests kept{loop};
  Repository& repository = kept.repository;
  FakeDirectory directory;
  StatusBoard board;
  Operations operations{loop, random, repository, directory};
  Status ready = done();
  SchedulerApi api{operations, board, metrics, [this] { return ready; }};
};

}  // namespace blox::scheduler
