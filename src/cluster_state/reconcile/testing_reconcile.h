// A reconciler on a world of ingest and a fake ECS whose answers take time. For tests alone.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/fake_ecs.h"
#include "cluster_state/ingest/testing_world.h"
#include "cluster_state/reconcile/reconciler.h"

namespace blox::cluster_state::testing {

/// Puts time, and faults by chance, before a fake's answers.
class TimedEcs final : public aws::EcsQuery {
 public:
  explicit TimedEcs(SimLoop& loop) : loop_(loop) {}
  aws::FakeEcsQuery fake;
  Duration latency = std::chrono::milliseconds{1};
  std::optional<Duration> list_latency;          ///< Of ListClusters instead.
  std::map<ClusterArn, Duration> slow_clusters;  ///< The latency of these instead.
  std::set<ClusterArn> broken_clusters;
  bool endless = false;  ///< The list of tasks has always a next page.
  double throttled = 0;  ///< The share of all calls but DescribeClusters.

  Async<Result<std::vector<ClusterArn>>> list_clusters() override {
    return timed(std::nullopt, fake.list_clusters());
  }
  Async<Result<aws::ListPage<ClusterArn>>> list_clusters_page(std::string token) override {
    return timed(std::nullopt, fake.list_clusters_page(std::move(token)));
  }
  Async<Result<ClusterArn>> describe_cluster(std::string cluster) override {
    co_return co_await fake.describe_cluster(std::move(cluster));
  }
  Async<Result<std::vector<ContainerInstanceArn>>> list_container_instances(
      ClusterArn cluster) override {
    return timed(cluster, fake.list_container_instances(cluster));
  }
  Async<Result<aws::ListPage<ContainerInstanceArn>>> list_container_instances_page(
      ClusterArn cluster, std::string token) override {
    auto listed = co_await timed(cluster, fake.list_container_instances_page(cluster, token));
    if (broken_clusters.contains(cluster)) {
      co_return fail(ErrorKind::kUnavailable, "this cluster fails");
    }
    co_return listed;
  }
  Async<Result<aws::DescribedInstances>> describe_container_instances(
      ClusterArn cluster, std::vector<ContainerInstanceArn> asked) override {
    EXPECT_LE(asked.size(), 100U);
    return stamped(timed(cluster, fake.describe_container_instances(cluster, std::move(asked))));
  }
  Async<Result<std::vector<TaskArn>>> list_tasks(ClusterArn cluster,
                                                 aws::TaskFilter filter) override {
    return timed(cluster, fake.list_tasks(cluster, std::move(filter)));
  }
  Async<Result<aws::ListPage<TaskArn>>> list_tasks_page(ClusterArn cluster, aws::TaskFilter filter,
                                                        std::string token) override {
    if (endless) token.clear();
    return timed(cluster, fake.list_tasks_page(cluster, std::move(filter), std::move(token)));
  }
  Async<Result<aws::DescribedTasks>> describe_tasks(ClusterArn cluster,
                                                    std::vector<TaskArn> asked) override {
    EXPECT_LE(asked.size(), 100U);
    return stamped(timed(cluster, fake.describe_tasks(cluster, std::move(asked))));
  }
  Async<Result<aws::DescribedTaskDefinition>> describe_task_definition(std::string name) override {
    co_return co_await fake.describe_task_definition(std::move(name));
  }

 private:
  template <class T>
  Async<Result<T>> timed(std::optional<ClusterArn> cluster, Async<Result<T>> answer) {
    const auto slow = cluster ? slow_clusters.find(*cluster) : slow_clusters.end();
    const Duration wait = cluster ? latency : list_latency.value_or(latency);
    co_await sleep_for(loop_, slow == slow_clusters.end() ? wait : slow->second);
    if (throttled > 0 && chance_.unit() < throttled) {
      co_return fail(ErrorKind::kThrottled, "Rate exceeded");
    }
    co_return co_await std::move(answer);
  }
  template <class T>
  Async<Result<T>> stamped(Async<Result<T>> asking) {
    const WallTime asked_at = loop_.wall_now();
    auto answer = co_await std::move(asking);
    if (answer) answer->asked_at = asked_at;
    co_return answer;
  }

  SimLoop& loop_;
  Random chance_{7};
};

struct ReconcileWorld : World {
  ReconcileWorld() : random(1), ecs(loop) { ecs.fake.clusters = {kCluster}; }

  void put(const testing::TaskText& task, std::string describe_only = {}) {
    ecs.fake.tasks[task_arn(task.id)] = {task_report(task, std::move(describe_only)), "", "",
                                         task.status == "STOPPED"};
  }
  /// In ECS, with all that is in it.
  void delete_cluster() {
    ecs.fake.clusters.clear();
    ecs.fake.tasks.clear();
    for (const char* call : {"ListTasks", "ListContainerInstances", "DescribeTasks"}) {
      ecs.fake.broken[call] = Error{ErrorKind::kNotFound, "cluster is MISSING"};
    }
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
  std::size_t task_count() const { return ingest->catalog().live_tasks(kCluster).size(); }
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
