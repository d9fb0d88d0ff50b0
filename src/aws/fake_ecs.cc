#include "aws/fake_ecs.h"

#include <fmt/format.h>

namespace blox::aws {

std::optional<Error> FakeEcsQuery::enter(const std::string& operation, const std::string& on) {
  calls.push_back(on.empty() ? operation : operation + " " + on);
  if (!faults.empty()) {
    const Error fault = std::move(faults.front());
    faults.pop_front();
    return fault;
  }
  for (const auto& [call, error] : broken) {
    if (call == operation || call == calls.back()) return error;
  }
  return std::nullopt;
}

template <class Arn>
std::optional<Error> FakeEcsQuery::refuse(const std::vector<Arn>& asked) const {
  for (const Arn& arn : asked) {
    if (refused.contains(arn.value)) {
      return Error{ErrorKind::kInvalid, "InvalidParameterException: Identifier is not valid"};
    }
  }
  return std::nullopt;
}

// A token is the last ARN of the page before.
template <class Arn>
Result<ListPage<Arn>> FakeEcsQuery::cut(Result<std::vector<Arn>> listed,
                                        const std::string& token) const {
  if (!listed) return std::unexpected(listed.error());
  ListPage<Arn> page;
  for (Arn& arn : *listed) {
    if (!token.empty() && arn.value <= token) continue;
    if (page_max > 0 && page.arns.size() == page_max) {
      page.next_token = page.arns.back().value;
      break;
    }
    page.arns.push_back(std::move(arn));
  }
  return page;
}

Async<Result<ListPage<ClusterArn>>> FakeEcsQuery::list_clusters_page(std::string token) {
  co_return cut(co_await list_clusters(), token);
}

Async<Result<ListPage<ContainerInstanceArn>>> FakeEcsQuery::list_container_instances_page(
    ClusterArn cluster, std::string token) {
  co_return cut(co_await list_container_instances(std::move(cluster)), token);
}

Async<Result<ListPage<TaskArn>>> FakeEcsQuery::list_tasks_page(ClusterArn cluster,
                                                               TaskFilter filter,
                                                               std::string token) {
  co_return cut(co_await list_tasks(std::move(cluster), std::move(filter)), token);
}

Async<Result<std::vector<ClusterArn>>> FakeEcsQuery::list_clusters() {
  if (const auto fault = enter("ListClusters", "")) co_return std::unexpected(*fault);
  co_return clusters;
}

Async<Result<ClusterArn>> FakeEcsQuery::describe_cluster(std::string cluster) {
  if (const auto fault = enter("DescribeClusters", cluster)) co_return std::unexpected(*fault);
  for (const ClusterArn& arn : clusters) {
    if (arn.value == cluster || cluster_name(arn) == cluster) co_return arn;
  }
  co_return fail(ErrorKind::kNotFound, "cluster '" + cluster + "' is MISSING");
}

Async<Result<std::vector<ContainerInstanceArn>>> FakeEcsQuery::list_container_instances(
    ClusterArn cluster) {
  const auto fault = enter("ListContainerInstances", std::string{cluster_name(cluster)});
  if (fault) co_return std::unexpected(*fault);
  std::vector<ContainerInstanceArn> arns;
  for (const auto& [arn, report] : instances) {
    if (report.cluster == cluster && !report.status.is_final()) arns.push_back(arn);
  }
  co_return arns;
}

Async<Result<DescribedInstances>> FakeEcsQuery::describe_container_instances(
    ClusterArn cluster, std::vector<ContainerInstanceArn> asked) {
  auto fault = enter("DescribeContainerInstances", std::string{cluster_name(cluster)});
  if (!fault) fault = refuse(asked);
  if (fault) co_return std::unexpected(*fault);
  DescribedInstances described;
  described.asked_at = now;
  for (const ContainerInstanceArn& arn : asked) {
    if (unspoken.contains(arn.value)) continue;
    if (const auto failing = undescribed.find(arn.value); failing != undescribed.end()) {
      described.undescribed.push_back({arn.value, failing->second});
      continue;
    }
    const auto found = instances.find(arn);
    if (found != instances.end() && found->second.cluster == cluster) {
      described.instances.push_back(found->second);
    } else {
      described.missing.push_back(arn);
    }
  }
  co_return described;
}

Async<Result<std::vector<TaskArn>>> FakeEcsQuery::list_tasks(ClusterArn cluster,
                                                             TaskFilter filter) {
  const auto fault = enter("ListTasks", std::string{cluster_name(cluster)});
  if (fault) co_return std::unexpected(*fault);
  std::vector<TaskArn> arns;
  for (const auto& [arn, task] : tasks) {
    const bool wanted =
        task.report.cluster == cluster && task.stopped == filter.stopped &&
        (filter.started_by.empty() || task.started_by == filter.started_by) &&
        (filter.family.empty() || task.family == filter.family) &&
        (!filter.container_instance || task.report.container_instance == filter.container_instance);
    if (wanted) arns.push_back(arn);
  }
  co_return arns;
}

Async<Result<DescribedTasks>> FakeEcsQuery::describe_tasks(ClusterArn cluster,
                                                           std::vector<TaskArn> asked) {
  auto fault = enter("DescribeTasks", std::string{cluster_name(cluster)});
  if (!fault) fault = refuse(asked);
  if (fault) co_return std::unexpected(*fault);
  DescribedTasks described;
  described.asked_at = now;
  for (const TaskArn& arn : asked) {
    if (unspoken.contains(arn.value)) continue;
    if (const auto failing = undescribed.find(arn.value); failing != undescribed.end()) {
      described.undescribed.push_back({arn.value, failing->second});
      continue;
    }
    const auto found = tasks.find(arn);
    if (found != tasks.end() && found->second.report.cluster == cluster) {
      described.tasks.push_back(found->second.report);
    } else {
      described.missing.push_back(arn);
    }
  }
  co_return described;
}

Async<Result<DescribedTaskDefinition>> FakeEcsQuery::describe_task_definition(std::string name) {
  if (const auto fault = enter("DescribeTaskDefinition", name)) co_return std::unexpected(*fault);
  const auto found = task_definitions.find(name);
  if (found != task_definitions.end()) co_return found->second;
  co_return fail(ErrorKind::kNotFound, "task definition '" + name + "' is not known");
}

std::optional<Error> FakeEcsControl::take_fault(const ClusterArn& cluster) {
  if (cluster == denied_cluster) return Error{ErrorKind::kDenied, "AccessDeniedException: denied"};
  if (faults.empty()) return std::nullopt;
  std::optional<Error> fault = std::move(faults.front());
  faults.pop_front();
  return fault;
}

Async<Result<std::vector<StartedOn>>> FakeEcsControl::start_task(StartRequest request) {
  starts.push_back(request);
  if (const auto fault = take_fault(request.cluster)) co_return std::unexpected(*fault);
  for (const ContainerInstanceArn& instance : request.instances) {
    if (!refused_as_a_whole.contains(instance)) continue;
    co_return fail(ErrorKind::kInvalid, "InvalidParameterException: an instance is not usable");
  }
  const std::string prefix = [&] {
    std::string text = request.cluster.value;
    const std::size_t kind = text.find(":cluster/");
    if (kind != std::string::npos) text.replace(kind, 9, ":task/");
    return text;
  }();
  std::vector<StartedOn> started;
  for (const ContainerInstanceArn& instance : request.instances) {
    const auto refused = start_failures.find(instance);
    if (refused != start_failures.end()) {
      started.push_back({instance, std::unexpected(refused->second)});
    } else {
      started.push_back({instance, TaskArn{fmt::format("{}/{:032}", prefix, ++task_count_)}});
    }
  }
  co_return started;
}

Async<Status> FakeEcsControl::stop_task(ClusterArn cluster, TaskArn task, std::string reason) {
  stops.push_back({std::move(cluster), std::move(task), std::move(reason)});
  if (const auto fault = take_fault(stops.back().cluster)) co_return std::unexpected(*fault);
  co_return done();
}

}  // namespace blox::aws
