// An account whose calls to ECS others use up: a part of ours is refused, and yet all is read. The
// real client, budget and reconcile against the simulator, under virtual time.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "aws/ecs_client.h"
#include "aws/fake_queue.h"
#include "blox/state_service.h"
#include "simulator/account_for_tests.h"
#include "simulator/sim_transport.h"
#include "store/memory_store.h"

namespace blox::apps {
namespace {

using namespace std::chrono_literals;

constexpr const char* kEndpoint = "http://aws.sim";
constexpr const char* kRegion = "us-east-1";

// Refuses a share of the calls as ECS does, whatever their rate.
class ThrottlingTransport final : public http::Transport {
 public:
  explicit ThrottlingTransport(http::Transport& inner) : inner_(inner) {}
  double share = 0;
  Random chance{1};
  std::size_t served = 0;
  std::size_t refused = 0;

  Async<Result<http::Answer>> send(http::OutgoingRequest request) override {
    if (chance.unit() >= share) {
      ++served;
      co_return co_await inner_.send(std::move(request));
    }
    ++refused;
    co_return http::Answer{
        400, {}, R"({"__type":"ThrottlingException","message":"Rate exceeded"})"};
  }
  Async<Result<std::unique_ptr<http::LineStream>>> open_lines(http::OutgoingRequest,
                                                              Duration) override {
    co_return fail(ErrorKind::kInvalid, "no streams");
  }

 private:
  http::Transport& inner_;
};

struct ThrottledAccount {
  // Two hundred instances with ten tasks each.
  ThrottledAccount() {
    const auto instances = account.set_up(200);
    for (std::size_t first = 0; first < instances.size(); first += 10) {
      std::string names;
      for (std::size_t at = first; at < first + 10; ++at) {
        names += (names.empty() ? "'" : ",'") + instances.at(at)->arn + "'";
      }
      for (int round = 0; round < 10; ++round) {
        account.ecs("StartTask",
                    "{'cluster':'c','taskDefinition':'d','containerInstances':[" + names + "]}");
      }
    }
    account.loop.run_for(5min);
  }

  // A service on an empty store.
  void start(double share, double boot_share, std::uint64_t seed = 1) {
    service.reset();
    ecs.reset();
    throttling.chance = Random{seed};
    store.emplace(account.loop, seed);
    budgets.emplace(account.loop, share);
    ecs.emplace(context, kEndpoint, kRegion, *budgets, aws::CallPriority::kReconcile);
    StateServiceOptions options;
    options.reconcile.region = kRegion;
    options.reconcile.boot_budget = &budgets->read;
    options.reconcile.boot_share = boot_share;
    service.emplace(account.loop, account.random, *store, queue, *ecs, metrics, options);
  }
  std::size_t task_count() const {
    const auto& catalog = service->ingest().catalog();
    std::size_t count = 0;
    for (const auto& cluster : catalog.clusters()) count += catalog.live_tasks(cluster).size();
    return count;
  }
  bool is_read() const {
    const auto& catalog = service->ingest().catalog();
    return std::ranges::any_of(catalog.clusters(), [&](const ClusterArn& cluster) {
      return catalog.synced_at(cluster).has_value();
    });
  }
  // How long it takes until all is read.
  std::optional<Duration> read_within(Duration limit) {
    const TimePoint began = account.loop.now();
    if (!account.loop.run_while_not([&] { return is_read(); }, limit)) return std::nullopt;
    return account.loop.now() - began;
  }

  simulator::Account account;
  Metrics metrics;
  simulator::SimTransport network{account.loop, account.random, account.face,
                                  account.simulator.faults};
  ThrottlingTransport throttling{network};
  aws::StaticCredentials credentials{{"id", "secret", ""}};
  aws::AwsContext context{account.loop, account.random, throttling, credentials, metrics};
  std::optional<store::MemoryStore> store;
  aws::FakeQueue queue{account.loop};
  std::optional<aws::EcsBudgets> budgets;
  std::optional<aws::EcsClient> ecs;
  std::optional<StateService> service;
};

// v0.3, which retried without a budget, took half a minute.
TEST(ThrottledAccount, TwoThousandTasksAreReadWithinAMinuteAtThirtyPercent) {
  ThrottledAccount world;
  world.throttling.share = 0.3;
  for (const double share : {0.5, 1.0}) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      world.start(share, 1.0, seed);
      const auto took = world.read_within(1h);
      ASSERT_TRUE(took) << "seed " << seed << " share " << share;
      EXPECT_LT(*took, 1min) << "seed " << seed << " share " << share;
      EXPECT_EQ(world.task_count(), 2'000u);
    }
  }
}

TEST(ThrottledAccount, AllIsReadInTheEndAtNinetyPercent) {
  ThrottledAccount world;
  world.throttling.share = 0.9;
  for (const double share : {0.5, 1.0}) {
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
      world.start(share, 1.0, seed);
      EXPECT_TRUE(world.read_within(30min)) << "seed " << seed << " share " << share;
      EXPECT_EQ(world.task_count(), 2'000u);
    }
  }
}

// A share that leaves one call in five seconds, and a scheduler that would take each.
TEST(ThrottledAccount, TheSmallestShareReadsAllBesideAScheduler) {
  ThrottledAccount world;
  world.start(0.01, 0.01);
  const auto ask = [&]() -> Async<void> {
    while (true) {
      (void)co_await world.budgets->read.take(aws::CallPriority::kResolve,
                                              world.account.loop.now() + 1h);
    }
  };
  Scope others{world.account.loop};
  for (int i = 0; i < 3; ++i) others.spawn(ask());
  EXPECT_TRUE(world.read_within(2h));
  EXPECT_EQ(world.task_count(), 2'000u);
}

// Without a throttle answer the first read has the whole of the limits, and the next one our share.
TEST(ThrottledAccount, TheFirstReadOfAnEmptyStoreMayUseMore) {
  ThrottledAccount world;
  const auto took = [&](double boot_share) {
    world.start(0.1, boot_share);
    const auto time = world.read_within(1h);
    world.account.loop.run_for(1s);
    EXPECT_DOUBLE_EQ(world.budgets->read.rate(), 2) << "it ends with the read";
    return time.value_or(1h);
  };
  EXPECT_LT(took(1.0), 6s);
  EXPECT_GT(took(0.1), 15s);
}

}  // namespace
}  // namespace blox::apps
