// EcsClient: ECS over a Transport, with paging, chunks and the budget of calls.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "aws/call_budget.h"
#include "aws/ecs_control.h"
#include "aws/ecs_query.h"
#include "aws/json_client.h"
#include "codec/ecs_calls.h"

namespace blox::aws {

/// The buckets that all clients of one account and region share.
struct EcsBudgets {
  explicit EcsBudgets(Executor& executor, double share = 1.0)
      : read(executor, kReadLimits, share), modify(executor, kModifyLimits, share) {}
  /// Shows both as gauges. `metrics` outlives them.
  void show_in(Metrics& metrics) {
    read.show_in(metrics, "read");
    modify.show_in(metrics, "modify");
  }
  CallBudget read;
  CallBudget modify;
};

/// Deadlines: 10 s for each read (each page and each chunk is one), 2 s for StartTask and StopTask,
/// the wait for a token included, which leaves the call itself at least 1 s; but of kReconcile each
/// attempt may wait 5 min for its token besides. Threading: one strand.
class EcsClient final : public EcsQuery, public EcsControl {
 public:
  /// `budgets` must outlive the client. `priority` is that of its reads.
  EcsClient(AwsContext context, std::string endpoint, std::string region, EcsBudgets& budgets,
            CallPriority priority = CallPriority::kReconcile);

  Async<Result<std::vector<ClusterArn>>> list_clusters() override;
  Async<Result<ListPage<ClusterArn>>> list_clusters_page(std::string token) override;
  Async<Result<ClusterArn>> describe_cluster(std::string cluster) override;
  Async<Result<std::vector<ContainerInstanceArn>>> list_container_instances(
      ClusterArn cluster) override;
  Async<Result<ListPage<ContainerInstanceArn>>> list_container_instances_page(
      ClusterArn cluster, std::string token) override;
  Async<Result<DescribedInstances>> describe_container_instances(
      ClusterArn cluster, std::vector<ContainerInstanceArn> instances) override;
  Async<Result<std::vector<TaskArn>>> list_tasks(ClusterArn cluster, TaskFilter filter) override;
  Async<Result<ListPage<TaskArn>>> list_tasks_page(ClusterArn cluster, TaskFilter filter,
                                                   std::string token) override;
  Async<Result<DescribedTasks>> describe_tasks(ClusterArn cluster,
                                               std::vector<TaskArn> tasks) override;
  Async<Result<DescribedTaskDefinition>> describe_task_definition(std::string name) override;

  Async<Result<std::vector<StartedOn>>> start_task(StartRequest request) override;
  Async<Status> stop_task(ClusterArn cluster, TaskArn task, std::string reason) override;

 private:
  void note_repaired(const std::vector<codec::EcsRepair>& repaired);

  Executor& executor_;
  JsonClient client_;
  EcsBudgets& budgets_;
  CallPriority priority_;
  Counter& repaired_;
};

}  // namespace blox::aws
