// The cluster-state-service on fakes, asked over its HTTP API. For tests alone.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "aws/fake_ecs.h"
#include "aws/fake_queue.h"
#include "base/sim_loop.h"
#include "blox/state_service.h"
#include "cluster_state/ingest/testing_reports.h"
#include "http/local_transport.h"
#include "store/memory_store.h"

namespace blox::apps {

inline const ClusterArn kOther{"arn:aws:ecs:eu-west-1:123456789012:cluster/other"};
inline const Error kTooFast{ErrorKind::kThrottled, "Rate exceeded"};

class StateServiceTest : public ::testing::Test {
 protected:
  void start() { start(store); }
  void start(store::Store& on) {
    service = std::make_unique<StateService>(loop, random, on, queue, ecs, metrics, options);
  }
  http::Answer ask(std::string method, const std::string& target) {
    http::LocalTransport transport{loop, service->handler()};
    http::OutgoingRequest request;
    request.method = std::move(method);
    request.url = "local:" + target;
    std::optional<http::Answer> answer;
    Scope scope{loop};
    scope.spawn(keep(transport.send(std::move(request)), answer));
    EXPECT_TRUE(loop.run_while_not([&] { return answer.has_value(); }, std::chrono::minutes{1}));
    return answer.value_or(http::Answer{});
  }
  void commit(store::Commit change) {
    Scope scope{loop};
    scope.spawn([](store::Store& in, store::Commit commit) -> Async<void> {
      EXPECT_TRUE(co_await in.commit(std::move(commit)));
    }(store, std::move(change)));
    loop.run_for(std::chrono::seconds{1});
  }
  std::string readyz() { return ask("GET", "/readyz").body; }
  void push(int number) {
    queue.push(cluster_state::testing::task_event({.id = std::to_string(number)}, loop.wall_now()));
  }

  SimLoop loop{1};
  Random random{1};
  Metrics metrics;
  store::MemoryStore store{loop, 1};
  aws::FakeQueue queue{loop};
  aws::FakeEcsQuery ecs;
  StateServiceOptions options;
  std::unique_ptr<StateService> service;

 private:
  static Async<void> keep(Async<Result<http::Answer>> work, std::optional<http::Answer>& answer) {
    auto result = co_await std::move(work);
    EXPECT_TRUE(result);
    answer.emplace(result ? *std::move(result) : http::Answer{});
  }
};

}  // namespace blox::apps
