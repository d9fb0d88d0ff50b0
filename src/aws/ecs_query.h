// EcsQuery: what Blox reads from ECS. Nothing here changes the world, so all of it may be retried.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/result.h"
#include "base/time.h"
#include "model/arn.h"
#include "model/report.h"

namespace blox::aws {

/// An object that may well be there, and that nothing was learned of.
struct Undescribed {
  std::string arn;  ///< As ECS named it; perhaps empty.
  std::string why;
  bool is_passing = false;  ///< The call failed, which says nothing of the object.
};

/// `missing`: those that ECS says it does not know (failure reason MISSING), in the order asked.
/// `undescribed`: those of which it said something else, or what nobody could decode; they may be
/// there or not, so who decides on absence has to look at them too.
struct DescribedTasks {
  std::vector<TaskReport> tasks;
  std::vector<TaskArn> missing;
  std::vector<Undescribed> undescribed;
  WallTime asked_at;  ///< When the (first) request started: orders describe_only parts.
};
struct DescribedInstances {
  std::vector<InstanceReport> instances;
  std::vector<ContainerInstanceArn> missing;
  std::vector<Undescribed> undescribed;
  WallTime asked_at;
};

/// Exactly one of `started_by` and the others, as ECS demands. Source: API/ListTasks.
struct TaskFilter {
  std::string started_by;
  std::optional<ContainerInstanceArn> container_instance;
  std::string family;
  bool stopped = false;  ///< desiredStatus STOPPED instead of RUNNING.
};

/// Half a million objects: far more than a cluster runs; bounds a server that never ends its list.
inline constexpr int kListPagesMax = 5'000;

/// A part of a list. `next_token` names the next one; empty: this is the last.
template <class Arn>
struct ListPage {
  std::vector<Arn> arns;
  std::string next_token;
};

struct DescribedTaskDefinition {
  TaskDefinitionArn arn;
  bool active = false;  ///< Status ACTIVE; INACTIVE ones cannot be started by anyone new.
  /// The essential containers with a health check: by them alone ECS tells a task's health.
  std::vector<std::string> checked_containers = {};
};

/// Every list reads all its pages; every Describe splits into calls of 100. Retries are within.
/// A page is one call, for who wants to keep the pages before the one that fails: the first by an
/// empty token. A token that ECS does not take any more is kInvalid: begin again.
/// Errors of all: kNotFound (the cluster or definition), kInvalid, kDenied, kThrottled,
/// kUnavailable; never kUnknown, as nothing is changed. kInvalid of a Describe of several objects:
/// ECS refuses one of them, or nobody can read what it says of one; asked about fewer it may
/// answer. Threading: one strand.
class EcsQuery {
 public:
  virtual ~EcsQuery() = default;
  virtual Async<Result<std::vector<ClusterArn>>> list_clusters() = 0;
  virtual Async<Result<ListPage<ClusterArn>>> list_clusters_page(std::string token);
  /// By name or ARN. kNotFound when missing or INACTIVE.
  virtual Async<Result<ClusterArn>> describe_cluster(std::string cluster) = 0;
  /// All registrations but INACTIVE ones.
  virtual Async<Result<std::vector<ContainerInstanceArn>>> list_container_instances(
      ClusterArn cluster) = 0;
  virtual Async<Result<ListPage<ContainerInstanceArn>>> list_container_instances_page(
      ClusterArn cluster, std::string token);
  virtual Async<Result<DescribedInstances>> describe_container_instances(
      ClusterArn cluster, std::vector<ContainerInstanceArn> instances) = 0;
  /// Without a filter: both desired statuses must be asked for apart, by `stopped`.
  virtual Async<Result<std::vector<TaskArn>>> list_tasks(ClusterArn cluster, TaskFilter filter) = 0;
  virtual Async<Result<ListPage<TaskArn>>> list_tasks_page(ClusterArn cluster, TaskFilter filter,
                                                           std::string token);
  virtual Async<Result<DescribedTasks>> describe_tasks(ClusterArn cluster,
                                                       std::vector<TaskArn> tasks) = 0;
  /// `family`, `family:revision` or ARN. kNotFound when missing.
  virtual Async<Result<DescribedTaskDefinition>> describe_task_definition(std::string name) = 0;
};

}  // namespace blox::aws
