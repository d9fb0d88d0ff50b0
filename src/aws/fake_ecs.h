// Fakes of ECS for the unit tests of other folders: no I/O, no waiting, no chance. For a world with
// delays and faults of its own take src/simulator.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "aws/ecs_control.h"
#include "aws/ecs_query.h"

namespace blox::aws {

/// Answers from what the test puts in. Sorted by ARN.
class FakeEcsQuery final : public EcsQuery {
 public:
  /// A task with what ListTasks filters by.
  struct Task {
    TaskReport report;
    std::string started_by;
    std::string family;
    bool stopped = false;  ///< desiredStatus STOPPED.
  };
  std::vector<ClusterArn> clusters;
  std::map<ContainerInstanceArn, InstanceReport> instances;
  std::map<TaskArn, Task> tasks;
  std::map<std::string, DescribedTaskDefinition> task_definitions;  ///< By all names asked for.
  std::map<std::string, std::string> undescribed;  ///< ARNs to why Describe leaves them out.
  std::set<std::string> unspoken;  ///< ARNs that Describe leaves out without a word.
  std::set<std::string> refused;   ///< ARNs with which a Describe is kInvalid.
  WallTime now{};                  ///< The answers' asked_at.
  std::size_t page_max = 0;        ///< ARNs on a page of a list; 0: all of them.

  std::vector<std::string> calls;       ///< "ListTasks prod", in order.
  std::deque<Error> faults;             ///< The next call takes the front one, if there is any.
  std::map<std::string, Error> broken;  ///< "ListTasks", or "ListTasks prod", to all its errors.

  Async<Result<std::vector<ClusterArn>>> list_clusters() override;
  Async<Result<ListPage<ClusterArn>>> list_clusters_page(std::string token) override;
  Async<Result<ClusterArn>> describe_cluster(std::string cluster) override;
  Async<Result<std::vector<ContainerInstanceArn>>> list_container_instances(
      ClusterArn cluster) override;
  Async<Result<ListPage<ContainerInstanceArn>>> list_container_instances_page(
      ClusterArn cluster, std::string token) override;
  Async<Result<DescribedInstances>> describe_container_instances(
      ClusterArn cluster, std::vector<ContainerInstanceArn> asked) override;
  Async<Result<std::vector<TaskArn>>> list_tasks(ClusterArn cluster, TaskFilter filter) override;
  Async<Result<ListPage<TaskArn>>> list_tasks_page(ClusterArn cluster, TaskFilter filter,
                                                   std::string token) override;
  Async<Result<DescribedTasks>> describe_tasks(ClusterArn cluster,
                                               std::vector<TaskArn> asked) override;
  Async<Result<DescribedTaskDefinition>> describe_task_definition(std::string name) override;

 private:
  std::optional<Error> enter(const std::string& operation, const std::string& on);
  template <class Arn>
  Result<ListPage<Arn>> cut(Result<std::vector<Arn>> listed, const std::string& token) const;
  template <class Arn>
  std::optional<Error> refuse(const std::vector<Arn>& asked) const;
};

/// Remembers the calls in order and fails those for which a fault is queued. Never suspends.
class FakeEcsControl final : public EcsControl {
 public:
  std::vector<StartRequest> starts;  ///< Those that failed included.
  struct StopCall {
    ClusterArn cluster;
    TaskArn task;
    std::string reason;
  };
  std::vector<StopCall> stops;
  std::deque<std::optional<Error>> faults;  ///< The next call takes the front one; none: it works.
  std::map<ContainerInstanceArn, StartFailure> start_failures;  ///< Instances that refuse a task.
  std::set<ContainerInstanceArn> refused_as_a_whole;  ///< With one of them, a call is kInvalid.
  ClusterArn denied_cluster;                          ///< All calls about it are denied.

  /// Task ARNs are "<cluster ARN with :task/ for :cluster/>/<number, 32 digits>", counted from 1.
  Async<Result<std::vector<StartedOn>>> start_task(StartRequest request) override;
  Async<Status> stop_task(ClusterArn cluster, TaskArn task, std::string reason) override;

 private:
  std::optional<Error> take_fault(const ClusterArn& cluster);
  int task_count_ = 0;
};

}  // namespace blox::aws
