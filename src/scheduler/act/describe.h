// Describe calls of act that one bad member does not fail: a call that ECS refuses as a whole is
// made again by halves, until it shows which objects are to blame.
#pragma once

#include <vector>

#include "aws/ecs_query.h"

namespace blox::scheduler {

/// As EcsQuery::describe_tasks, but an object for which alone ECS refuses the call is
/// `undescribed`. Errors: those of EcsQuery; kInvalid when more than kBlamedMax objects are
/// refused and none is answered. Requires: query outlives it.
Async<Result<aws::DescribedTasks>> describe_tasks(aws::EcsQuery& query, ClusterArn cluster,
                                                  std::vector<TaskArn> tasks);
/// Likewise.
Async<Result<aws::DescribedInstances>> describe_instances(
    aws::EcsQuery& query, ClusterArn cluster, std::vector<ContainerInstanceArn> instances);

}  // namespace blox::scheduler
