// The pages of an ECS without any: the whole list is the first and last.
#include "aws/ecs_query.h"

#include <utility>

namespace blox::aws {
namespace {

template <class Arn>
Result<ListPage<Arn>> as_page(Result<std::vector<Arn>> listed) {
  if (!listed) return std::unexpected(listed.error());
  return ListPage<Arn>{*std::move(listed), {}};
}

}  // namespace

Async<Result<ListPage<ClusterArn>>> EcsQuery::list_clusters_page(std::string /*token*/) {
  co_return as_page(co_await list_clusters());
}

Async<Result<ListPage<ContainerInstanceArn>>> EcsQuery::list_container_instances_page(
    ClusterArn cluster, std::string /*token*/) {
  co_return as_page(co_await list_container_instances(std::move(cluster)));
}

Async<Result<ListPage<TaskArn>>> EcsQuery::list_tasks_page(ClusterArn cluster, TaskFilter filter,
                                                           std::string /*token*/) {
  co_return as_page(co_await list_tasks(std::move(cluster), std::move(filter)));
}

}  // namespace blox::aws
