// What stands between act and ECS, broken: answers that are taken for others.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "aws/ecs_control.h"
#include "aws/ecs_query.h"

namespace blox::simulation {

/// The real calls, with answers that were bent.
class BentControl final : public aws::EcsControl {
 public:
  using Started = Result<std::vector<aws::StartedOn>>;
  struct Bends {
    std::function<void(const aws::StartRequest&, Started&)> started;
    std::function<void(Status&)> stopped;
  };
  BentControl(aws::EcsControl& real, Bends bends) : real_(real), bends_(std::move(bends)) {}

  Async<Started> start_task(aws::StartRequest request) override {
    auto answer = co_await real_.start_task(request);
    if (bends_.started) bends_.started(request, answer);
    co_return answer;
  }
  Async<Status> stop_task(ClusterArn cluster, TaskArn task, std::string reason) override {
    auto answer = co_await real_.stop_task(std::move(cluster), std::move(task), std::move(reason));
    if (bends_.stopped) bends_.stopped(answer);
    co_return answer;
  }

 private:
  aws::EcsControl& real_;
  Bends bends_;
};

/// The real questions, with answers that were bent.
class BentQuery final : public aws::EcsQuery {
 public:
  struct Bends {
    std::function<void(const aws::TaskFilter&, std::vector<TaskArn>&)> listed;
    std::function<void(aws::DescribedInstances&)> instances;
    std::function<void(aws::DescribedTasks&)> tasks;
  };
  BentQuery(aws::EcsQuery& real, Bends bends) : real_(real), bends_(std::move(bends)) {}

  Async<Result<std::vector<ClusterArn>>> list_clusters() override { return real_.list_clusters(); }
  Async<Result<ClusterArn>> describe_cluster(std::string cluster) override {
    return real_.describe_cluster(std::move(cluster));
  }
  Async<Result<std::vector<ContainerInstanceArn>>> list_container_instances(
      ClusterArn cluster) override {
    return real_.list_container_instances(std::move(cluster));
  }
  Async<Result<aws::DescribedInstances>> describe_container_instances(
      ClusterArn cluster, std::vector<ContainerInstanceArn> instances) override {
    auto answer =
        co_await real_.describe_container_instances(std::move(cluster), std::move(instances));
    if (answer && bends_.instances) bends_.instances(*answer);
    co_return answer;
  }
  Async<Result<std::vector<TaskArn>>> list_tasks(ClusterArn cluster,
                                                 aws::TaskFilter filter) override {
    auto answer = co_await real_.list_tasks(std::move(cluster), filter);
    if (answer && bends_.listed) bends_.listed(filter, *answer);
    co_return answer;
  }
  Async<Result<aws::DescribedTasks>> describe_tasks(ClusterArn cluster,
                                                    std::vector<TaskArn> tasks) override {
    auto answer = co_await real_.describe_tasks(std::move(cluster), std::move(tasks));
    if (answer && bends_.tasks) bends_.tasks(*answer);
    co_return answer;
  }
  Async<Result<aws::DescribedTaskDefinition>> describe_task_definition(std::string name) override {
    return real_.describe_task_definition(std::move(name));
  }

 private:
  aws::EcsQuery& real_;
  Bends bends_;
};

}  // namespace blox::simulation
