// A simulated account on a SimLoop, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "base/scope.h"
#include "base/sim_loop.h"
#include "simulator/face.h"
#include "simulator/simulator.h"

namespace blox::simulator {

/// What a call gave: status and body.
struct Reply {
  int status = 0;
  boost::json::object body;
  http::Headers headers;
  std::string error() const {
    const auto* type = body.if_contains("__type");
    return type == nullptr ? "" : std::string{type->as_string()};
  }
  std::string message() const { return std::string{body.at("message").as_string()}; }
};

class Account {
 public:
  explicit Account(std::uint64_t seed = 1, Options options = {})
      : loop(seed), random(seed), simulator(loop, random, std::move(options)), face(simulator) {}

  /// Sends one request and runs the loop until it is answered, at most for `limit`.
  Reply send(http::Request request, Duration limit = std::chrono::minutes{1}) {
    std::optional<Reply> reply;
    Scope scope{loop};
    const auto work = [&](http::Request sent) -> Async<void> {
      http::Response response = co_await face.answer(std::move(sent));
      Reply got;
      got.status = response.status;
      got.headers = std::move(response.headers);
      boost::system::error_code error;
      auto body = boost::json::parse(std::get<std::string>(response.body), error);
      if (!error && body.is_object()) got.body = std::move(body.get_object());
      reply.emplace(std::move(got));
    };
    scope.spawn(work(std::move(request)));
    loop.run_while_not([&] { return reply.has_value(); }, limit);
    EXPECT_TRUE(reply.has_value()) << "no answer";
    return reply ? std::move(*reply) : Reply{};
  }
  /// `body` is JSON text in which ' stands for ".
  Reply ecs(const std::string& operation, const std::string& body) {
    return call("AmazonEC2ContainerServiceV20141113." + operation, body);
  }
  Reply sqs(const std::string& operation, const std::string& body) {
    return call("AmazonSQS." + operation, body);
  }
  Reply control(const std::string& method, const std::string& target,
                const std::string& body = {}) {
    http::Request request;
    request.method = method;
    request.target = target;
    request.body = with_quotes(body);
    return send(std::move(request));
  }
  static std::string with_quotes(std::string text) {
    for (char& letter : text) {
      if (letter == '\'') letter = '"';
    }
    return text;
  }

  /// Cluster "c", definition "d:1" (100 CPU units, 100 MiB) and `count` instances.
  std::vector<Instance*> set_up(int count) {
    ecs("CreateCluster", "{'clusterName':'c'}");
    ecs("RegisterTaskDefinition",
        "{'family':'d','containerDefinitions':[{'name':'m','image':'i','cpu':100,'memory':100}]}");
    std::vector<Instance*> instances;
    for (int i = 0; i < count; ++i) {
      instances.push_back(&simulator.agents.join(*simulator.world.find_cluster("c"), Machine{}));
    }
    return instances;
  }
  /// Starts one task there. Null when it was not started.
  Task* start(const Instance& instance, const std::string& group = "blox:e",
              const std::string& definition = "d:1") {
    const Reply reply = ecs("StartTask", "{'cluster':'c','taskDefinition':'" + definition +
                                             "','startedBy':'x','group':'" + group +
                                             "','containerInstances':['" + instance.arn + "']}");
    const auto& tasks = reply.body.at("tasks").as_array();
    if (tasks.empty()) return nullptr;
    return simulator.world.find_task(std::string{tasks[0].at("taskArn").as_string()});
  }

  SimLoop loop;
  Random random;
  Simulator simulator;
  Face face;

 private:
  Reply call(const std::string& target, const std::string& body) {
    http::Request request;
    request.method = "POST";
    request.target = "/";
    request.headers = {{"X-Amz-Target", target}, {"Host", "127.0.0.1:4567"}};
    request.body = with_quotes(body);
    return send(std::move(request));
  }
};

}  // namespace blox::simulator
