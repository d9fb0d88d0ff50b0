#include "simulator/ecs_calls.h"

#include <algorithm>

namespace blox::simulator {
namespace {

struct Row {
  std::string_view operation;
  EcsCall call;
};
constexpr Row kRows[] = {
    {"StartTask", start_task},
    {"RunTask", run_task},
    {"StopTask", stop_task},
    {"ListTasks", list_tasks},
    {"DescribeTasks", describe_tasks},
    {"ListContainerInstances", list_container_instances},
    {"DescribeContainerInstances", describe_container_instances},
    {"RegisterContainerInstance", register_container_instance},
    {"DeregisterContainerInstance", deregister_container_instance},
    {"UpdateContainerInstancesState", update_container_instances_state},
    {"PutAttributes", put_attributes},
    {"DeleteAttributes", delete_attributes},
    {"ListAttributes", list_attributes},
    {"CreateCluster", create_cluster},
    {"DeleteCluster", delete_cluster},
    {"DescribeClusters", describe_clusters},
    {"ListClusters", list_clusters},
    {"RegisterTaskDefinition", register_task_definition},
    {"DeregisterTaskDefinition", deregister_task_definition},
    {"DescribeTaskDefinition", describe_task_definition},
    {"ListTaskDefinitions", list_task_definitions},
    {"ListTaskDefinitionFamilies", list_task_definition_families},
};

}  // namespace

EcsCall find_ecs_call(std::string_view operation) {
  const auto* row = std::ranges::find(kRows, operation, &Row::operation);
  return row == std::end(kRows) ? nullptr : row->call;
}

bool is_read(std::string_view operation) {
  return operation.starts_with("List") || operation.starts_with("Describe");
}

Outcome<Cluster*> get_cluster(Simulator& simulator, JsonInput& input) {
  const std::string name = input.text("cluster", "default");
  if (input.failed()) return input.error();
  Cluster* cluster = simulator.world.find_cluster(name);
  if (cluster == nullptr || !cluster->active) {
    return refuse("ClusterNotFoundException", "Cluster not found: '" + name + "'.");
  }
  return cluster;
}

TimePoint draw_view_time(Simulator& simulator) {
  const World& world = simulator.world;
  const TimePoint now = world.executor().now();
  if (!happens(world.random(), world.faults().list_lagging)) return now;
  return now - world.random().between(Duration::zero(), world.faults().list_lag_max);
}

boost::json::object make_failure(std::string_view arn, std::string_view reason) {
  return {{"arn", boost::json::string_view{arn.data(), arn.size()}},
          {"reason", boost::json::string_view{reason.data(), reason.size()}}};
}

}  // namespace blox::simulator
