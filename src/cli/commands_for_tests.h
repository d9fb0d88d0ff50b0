// CommandsTest: a command as users type it, against a service that answers by a script. Tests alone
// use it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/scope.h"
#include "base/sim_loop.h"
#include "cli/commands.h"

namespace blox::cli {

// Answers in the order of the script and notes what it was asked.
class ScriptedTransport final : public http::Transport {
 public:
  std::deque<Result<http::Answer>> script;
  std::vector<std::string> asked;  // "GET URL BODY".

  void answer(int status, std::string body, http::Headers headers = {}) {
    script.emplace_back(http::Answer{status, std::move(headers), std::move(body)});
  }
  Async<Result<http::Answer>> send(http::OutgoingRequest request) override {
    asked.push_back(request.method + " " + request.url +
                    (request.body.empty() ? "" : " " + request.body));
    if (script.empty()) co_return fail(ErrorKind::kInternal, "the script has ended");
    auto next = std::move(script.front());
    script.pop_front();
    co_return next;
  }
  Async<Result<std::unique_ptr<http::LineStream>>> open_lines(http::OutgoingRequest,
                                                              Duration) override {
    co_return fail(ErrorKind::kUnavailable, "no streams here");
  }
};

struct Ran {
  int status = -1;
  std::string out;
  std::string error;
};

class CommandsTest : public testing::Test {
 protected:
  Async<void> keep(Async<int> work, std::optional<int>& result) {
    result.emplace(co_await std::move(work));
  }
  Ran blox(const std::string& line) {
    CLI::App app{"test"};
    Invocation invocation;
    add_commands(app, invocation);
    Ran ran;
    try {
      app.parse(line, false);
    } catch (const CLI::ParseError& error) {
      std::ostringstream out;
      std::ostringstream problem;
      ran.status = app.exit(error, out, problem) == 0 ? 0 : 2;
      ran.out = out.str();
      ran.error = problem.str();
      return ran;
    }
    std::ostringstream out;
    std::ostringstream problem;
    std::optional<int> status;
    Scope scope{loop};
    scope.spawn(keep(run(invocation, loop, transport, out, problem), status));
    EXPECT_TRUE(loop.run_while_not([&] { return status.has_value(); }, std::chrono::hours{2}));
    ran.status = status.value_or(-1);
    ran.out = out.str();
    ran.error = problem.str();
    return ran;
  }

  SimLoop loop{1};
  ScriptedTransport transport;
};

inline const std::string kArn = "arn:aws:ecs:eu-west-1:123456789012:";
inline const std::string kScheduler = "http://127.0.0.1:2000/v1/environments";

inline std::string task_json(const std::string& id, const std::string& status) {
  return R"({"metadata":{"entityVersion":"257"},"entity":{"clusterARN":")" + kArn +
         R"(cluster/prod","containerInstanceARN":")" + kArn +
         R"(container-instance/prod/i1","containers":[],"createdAt":"2026-08-20T10:00:03Z",)"
         R"("desiredStatus":"RUNNING","lastStatus":")" +
         status + R"(","overrides":{"containerOverrides":[]},"startedBy":"me","taskARN":")" + kArn +
         "task/prod/" + id + R"(","taskDefinitionARN":")" + kArn + R"(task-definition/logs:3"}})";
}
inline std::string environment_json(const std::string& name) {
  return R"({"name":")" + name + R"(","deploymentToken":"token-1","instanceGroup":{"cluster":")" +
         kArn + R"(cluster/prod"},"taskDefinition":")" + kArn +
         R"(task-definition/logs:3","health":"healthy","maxUnavailable":"10%",)"
         R"("drainDeadline":"15m"})";
}
inline std::string deployment_json(const std::string& status, const std::string& failed = "[]") {
  return R"({"id":"d1","status":")" + status + R"(","taskDefinition":")" + kArn +
         R"(task-definition/logs:3","environmentName":"logs","failedInstances":)" + failed + "}";
}
inline std::string instances_json(const std::string& first, const std::string& second) {
  return R"({"items":[{"containerInstanceARN":")" + kArn +
         R"(container-instance/prod/i1","state":")" + first +
         R"(","reason":"waits 4 s after a start failed","taskARN":""},{"containerInstanceARN":")" +
         kArn + R"(container-instance/prod/i2","state":")" + second +
         R"(","reason":"runs it","taskARN":")" + kArn + R"(task/prod/t2"}]})";
}

}  // namespace blox::cli
