// The mirror over the real API, view and store, while streams break, history is compacted and the
// service restarts: in the end it holds what the store holds. A seed is a run: BLOX_SEED=7 repeats.
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

#include "client/cluster_mirror.h"
#include "client/http_cluster_state.h"
#include "cluster_state/api/cluster_state_api.h"
#include "cluster_state/view/view_world.h"
#include "http/local_transport.h"

namespace blox {
namespace {

using namespace std::chrono_literals;
using client::ClusterMirror;
using cluster_state::ViewWorld;

constexpr std::uint64_t kSeedCount = 12;

// The service as one process: all but the store goes with it.
struct Service {
  explicit Service(ViewWorld& world) : api(*world.view, world.metrics) { api.add_to(router); }
  cluster_state::ClusterStateApi api;
  http::Router router;
};

// Lets a client keep its transport over restarts of the service.
class CurrentService final : public http::Handler {
 public:
  Async<http::Response> handle(http::Request request) override {
    if (!service) co_return http::make_text(503, "restarting");
    co_return co_await service->router.handle(std::move(request));
  }
  std::unique_ptr<Service> service;
};

std::string rest_of(const std::string& arn) { return arn.substr(arn.find('/') + 1); }

struct Run {
  explicit Run(std::uint64_t seed)
      : world(seed, {.recent = {.count_max = 16, .bytes_max = 1 << 20}}), random(seed) {
    current.service = std::make_unique<Service>(world);
    scope.spawn(mirror.run());
  }

  store::Put draw_put() {
    const std::string name =
        std::string{"abc"[random.below(3)]} + "/" + std::to_string(random.below(30));
    if (random.percent(30)) {
      return random.percent(25)
                 ? ViewWorld::instance_tombstone(name)
                 : ViewWorld::instance(name, random.percent(50) ? "ACTIVE" : "DRAINING");
    }
    return random.percent(25)
               ? ViewWorld::task_tombstone(name)
               : ViewWorld::task(name, random.percent(50) ? "RUNNING" : "STOPPED", "d");
  }

  void change() {
    std::map<std::string, store::Put> puts;  // No key twice.
    for (auto i = random.below(8) + 1; i > 0; --i) {
      auto put = draw_put();
      puts.insert_or_assign(put.key, put);
    }
    if (random.percent(10)) {
      synced_at = synced_at.value_or(world.loop.wall_now() - 1h) + 1s;
      auto mark = ViewWorld::sync_mark("a", *synced_at);
      puts.insert_or_assign(mark.key, mark);
    }
    store::Commit commit{.compares = {}, .puts = {}, .deletes = {}};
    for (auto& [key, put] : puts) {
      truth.insert_or_assign(key, put.value);
      commit.puts.push_back(std::move(put));
    }
    ASSERT_TRUE(world.insist([&] { return world.store.commit(commit); }));
  }

  void disturb() {
    if (random.percent(4)) transport.break_streams();
    if (random.percent(3)) {
      ++compactions;
      ASSERT_TRUE(world.await(world.store.compact(world.store.info().revision)));
    }
    if (random.percent(2)) {
      // No new streams first, so that none is on the old view when that goes.
      auto stopping = std::move(current.service);
      transport.break_streams();
      world.loop.run_for(10ms);
      stopping.reset();
      world.open_view();
      world.loop.run_for(random.between(0s, 2s));
      current.service = std::make_unique<Service>(world);
    }
    if (random.percent(60)) world.loop.run_for(random.between(0s, 500ms));
  }

  // The truth is what was committed, not what the view made of it.
  void expect_mirror_holds_truth() {
    std::map<std::string, std::string> tasks;
    std::map<std::string, std::string> instances;
    for (const auto& [key, value] : truth) {
      if (key.starts_with(codec::kTasksPrefix)) {
        const auto decoded = codec::decode_stored_task(value);
        if (const auto* task = std::get_if<codec::StoredTask>(&*decoded)) {
          tasks[rest_of(task->object.arn.value)] = format(task->object.last_status);
        }
      } else if (key.starts_with(codec::kInstancesPrefix)) {
        const auto decoded = codec::decode_stored_instance(value);
        if (const auto* instance = std::get_if<codec::StoredInstance>(&*decoded)) {
          instances[rest_of(instance->object.arn.value)] = format(instance->object.status);
        }
      }
    }
    std::map<std::string, std::string> seen_tasks;
    for (const auto& [arn, task] : mirror.tasks()) {
      seen_tasks[rest_of(arn.value)] = format(task.object.last_status);
    }
    std::map<std::string, std::string> seen_instances;
    for (const auto& [arn, instance] : mirror.instances()) {
      seen_instances[rest_of(arn.value)] = format(instance.object.status);
    }
    EXPECT_EQ(seen_tasks, tasks);
    EXPECT_EQ(seen_instances, instances);
    EXPECT_TRUE(mirror.is_loaded());
    EXPECT_FALSE(mirror.is_stale());
    EXPECT_EQ(mirror.store_id(), world.store.info().store_id);
    if (synced_at) {
      const auto synced = mirror.synced_at();
      ASSERT_EQ(synced.size(), 1U);
      const Duration age = world.loop.now() - synced.at(cluster_state::test_cluster_arn("a"));
      const Duration told = world.loop.wall_now() - *synced_at;
      EXPECT_LT(std::max(age - told, told - age), Duration{2ms}) << "by clocks of milliseconds";
    }
  }

  ViewWorld world;
  Random random;
  std::map<std::string, std::string> truth;
  std::optional<WallTime> synced_at;  // By the newest mark.
  int compactions = 0;
  CurrentService current;
  http::LocalTransport transport{world.loop, current};
  client::HttpClusterState source{transport, {.base_url = "local:"}};
  ClusterMirror mirror{world.loop, random, source};
  Scope scope{world.loop};
};

// Gives how often the mirror had to read everything.
std::uint64_t simulate(std::uint64_t seed) {
  SCOPED_TRACE("repeat with BLOX_SEED=" + std::to_string(seed));
  Run run{seed};
  for (int step = 0; step < 150 && !testing::Test::HasFailure(); ++step) {
    run.change();
    run.disturb();
  }
  run.world.loop.run_for(60s);
  run.expect_mirror_holds_truth();
  return run.mirror.list_count();
}

TEST(ClusterMirrorSimulation, HoldsWhatTheStoreHolds) {
  if (const char* seed = std::getenv("BLOX_SEED")) {
    simulate(std::stoull(seed));
    return;
  }
  std::uint64_t lists = 0;
  for (std::uint64_t seed = 1; seed <= kSeedCount && !HasFailure(); ++seed) lists += simulate(seed);
  EXPECT_GT(lists, 2U * kSeedCount) << "no run had to read everything again";
}

}  // namespace
}  // namespace blox
