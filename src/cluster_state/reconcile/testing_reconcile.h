// A reconciler on a world of ingest and a fake ECS whose answers take time. For tests alone.
#pragma once

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/fake_ecs.h"
#include "cluster_state/ingest/testing_world.h"
#include "cluster_state/reconcile/reconciler.h"

namespace blox::cluster_state::testing {

/// Stamps the fake's answers with the loop's time.
class TimedEcs final : public aws::EcsQuery {
 public:
  explicit TimedEcs(SimLoop& loop) : loop_(loop) {}
  aws::FakeEcsQuery fake;
  Duration latency = std::chrono::milliseconds{1};
  std::set<ClusterArn> broken_clusters;

  Async<Result<std::vector<ClusterArn>>> list_clusters() override {
    co_await sleep_for(loop_, latency);
    co_return co_await fake.list_clusters();
  }
  Async<Result<ClusterArn>> describe_cluster(std::string cluster) override {
    co_return co_await fake.describe_cluster(std::move(cluster));
  }
  Async<Result<std::vector<ContainerInstanceArn>>> list_container_instances(
      ClusterArn cluster) override {
    co_await sleep_for(loop_, latency);
    const bool broken = broken_clusters.contains(cluster);
    auto listed = co_await fake.list_container_instances(std::move(cluster));
    if (broken) co_return fail(ErrorKind::kUnavailable, "this cluster fails");
    co_return listed;
  }
  Async<Result<aws::DescribedInstances>> describe_container_instances(
      ClusterArn cluster, std::vector<ContainerInstanceArn> asked) override {
    EXPECT_LE(asked.size(), 100U);
    const WallTime asked_at = loop_.wall_now();
    co_await sleep_for(loop_, latency);
    auto answer = co_await fake.describe_container_instances(std::move(cluster), std::move(asked));
    if (answer) answer->asked_at = asked_at;
    co_return answer;
  }
  Async<Result<std::vector<TaskArn>>> list_tasks(ClusterArn cluster,
                                                 aws::TaskFilter filter) override {
    co_await sleep_for(loop_, latency);
    co_return co_await fake.list_tasks(std::move(cluster), std::move(filter));
  }
  Async<Result<aws::DescribedTasks>> describe_tasks(ClusterArn cluster,
                                                    std::vector<TaskArn> asked) override {
    EXPECT_LE(asked.size(), 100U);
    const WallTime asked_at = loop_.wall_now();
    co_await sleep_for(loop_, latency);
    auto answer = co_await fake.describe_tasks(std::move(cluster), std::move(asked));
    if (answer) answer->asked_at = asked_at;
    co_return answer;
  }
  Async<Result<aws::DescribedTaskDefinition>> describe_task_definition(std::string name) override {
    co_return co_await fake.describe_task_definition(std::move(name));
  }

 private:
  SimLoop& loop_;
};

struct ReconcileWorld : World {
  ReconcileWorld() : random(1), ecs(loop) { ecs.fake.clusters = {kCluster}; }

  void put(const testing::TaskText& task, std::string describe_only = {}) {
    ecs.fake.tasks[task_arn(task.id)] = {task_report(task, std::move(describe_only)), "", "",
                                         task.status == "STOPPED"};
  }
  void start() {
    reconciler = std::make_unique<Reconciler>(loop, random, ecs, *ingest, metrics, reconcile);
  }
  void crash() {
    reconciler.reset();
    restart();
    start();
  }
  bool syncs(Duration limit) {
    return loop.run_while_not([&] { return reconciler->is_synced(); }, limit);
  }
  std::size_t calls(std::string_view operation) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        ecs.fake.calls, [&](const std::string& call) { return call.starts_with(operation); }));
  }

  Random random;
  TimedEcs ecs;
  ReconcileOptions reconcile;
  std::unique_ptr<Reconciler> reconciler;
};

}  // namespace blox::cluster_state::testing
