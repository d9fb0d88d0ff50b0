#include "simulator/ecs_calls.h"

#include <algorithm>
#include <iterator>

#include "model/arn.h"

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
  if (cluster == nullptr) {
    return refuse("ClusterNotFoundException", "Cluster not found: '" + name + "'.");
  }
  if (!cluster->active) {
    return refuse("ClusterNotFoundException",
                  "The referenced cluster was inactive: '" + name + "'.");
  }
  return cluster;
}

Outcome<void> check_identifiers(const Cluster& cluster, std::string_view kind,
                                const std::vector<std::string>& names) {
  const auto invalid = [](std::string message) {
    return refuse("InvalidParameterException", std::move(message));
  };
  for (const std::string& name : names) {
    if (!name.starts_with("arn:")) {
      if (name.size() == 32 || name.size() == 36) continue;
      return invalid((kind == "task" ? "taskId" : "instanceId") +
                     std::string{" length should be one of [32,36], but is '"} + name + "'");
    }
    const auto arn = parse_arn(name);
    if (!arn) return invalid("Invalid identifier: " + arn.error().message);
    if (arn->kind != kind) {
      return invalid("Unsupported resource type: " + std::string{arn->kind});
    }
    const auto slash = arn->rest.find('/');
    const std::string_view named = arn->rest.substr(0, slash);
    if (slash == std::string_view::npos || named == cluster.name) continue;
    return invalid("Invalid identifier: Identifier is for cluster " + std::string{named} +
                   ". Your cluster is " + cluster.name);
  }
  return {};
}

bool includes(JsonInput& input, std::string_view what) {
  const auto included = input.texts("include", 10);
  return std::ranges::find(included, what) != included.end();
}

TimePoint draw_view_time(Simulator& simulator) {
  const World& world = simulator.world;
  const TimePoint now = world.executor().now();
  if (!happens(world.random(), world.faults().list_lagging)) return now;
  ++simulator.fault_counts.lagging_answers;
  return now - world.random().between(Duration::zero(), world.faults().list_lag_max);
}

boost::json::object make_failure(std::string_view arn, std::string_view reason) {
  return {{"arn", boost::json::string_view{arn.data(), arn.size()}},
          {"reason", boost::json::string_view{reason.data(), reason.size()}}};
}

boost::json::object make_missing(const World& world, const Cluster& cluster, std::string_view kind,
                                 const std::string& name) {
  return make_failure(world.arn_of_missing(cluster, kind, name), "MISSING");
}

}  // namespace blox::simulator
