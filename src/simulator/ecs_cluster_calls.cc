// CreateCluster, DeleteCluster, DescribeClusters, ListClusters.
#include <algorithm>
#include <optional>

#include "model/arn.h"
#include "simulator/ecs_calls.h"
#include "simulator/paging.h"

namespace blox::simulator {
namespace {

namespace json = boost::json;

json::object describe_cluster(const Cluster& cluster, bool with_tags = true) {
  std::int64_t instances = 0;
  std::int64_t running = 0;
  std::int64_t pending = 0;
  for (const auto& [id, instance] : cluster.instances) {
    const InstanceState& state = instance->present();
    if (state.status == InstanceStatusKind::kInactive) continue;
    ++instances;
    running += state.running_count;
    pending += state.pending_count;
  }
  return {{"clusterArn", cluster.arn},
          {"clusterName", cluster.name},
          {"status", cluster.active ? "ACTIVE" : "INACTIVE"},
          {"registeredContainerInstancesCount", instances},
          {"runningTasksCount", running},
          {"pendingTasksCount", pending},
          {"activeServicesCount", 0},
          {"statistics", json::array{}},
          {"tags", with_tags ? cluster.tags : json::array{}},
          {"settings", json::array{}},
          {"capacityProviders", json::array{}},
          {"defaultCapacityProviderStrategy", json::array{}}};
}

}  // namespace

Outcome<json::object> create_cluster(Simulator& simulator, JsonInput& input) {
  const std::string name = input.text("clusterName", "default");
  const json::array& tags = input.list("tags");
  if (!is_cluster_name(name)) {
    input.reject("clusterName", json::value(name), "1 to 255 letters, digits, '-' and '_'");
  }
  if (input.failed()) return input.error();
  Cluster& cluster = simulator.world.create_cluster(name);
  if (input.has("tags")) cluster.tags = tags;
  return json::object{{"cluster", describe_cluster(cluster)}};
}

Outcome<json::object> delete_cluster(Simulator& simulator, JsonInput& input) {
  const auto cluster = get_cluster(simulator, input);
  if (!cluster) return std::unexpected(cluster.error());
  for (const auto& [id, instance] : (*cluster)->instances) {
    if (instance->present().status != InstanceStatusKind::kInactive) {
      return refuse("ClusterContainsContainerInstancesException",
                    "The cluster '" + (*cluster)->name + "' has container instances.");
    }
  }
  (*cluster)->active = false;
  return json::object{{"cluster", describe_cluster(**cluster)}};
}

Outcome<json::object> describe_clusters(Simulator& simulator, JsonInput& input) {
  std::vector<std::string> names = input.texts("clusters", 100);
  const bool with_tags = includes(input, "TAGS");
  if (input.failed()) return input.error();
  if (names.empty()) names.emplace_back("default");
  json::array found;
  json::array failures;
  for (const std::string& name : names) {
    if (const Cluster* cluster = simulator.world.find_cluster(name)) {
      found.push_back(describe_cluster(*cluster, with_tags));
    } else {
      const bool is_arn = name.starts_with("arn:");
      failures.push_back(
          make_failure(is_arn ? name : simulator.world.make_arn("cluster", name), "MISSING"));
    }
  }
  return json::object{{"clusters", std::move(found)}, {"failures", std::move(failures)}};
}

Outcome<json::object> list_clusters(Simulator& simulator, JsonInput& input) {
  const PageRequest page = read_page(input, "clusterArns");
  if (input.failed()) return input.error();
  return make_page(page, simulator.world.clusters(), [](const std::string&, const auto& cluster) {
    return cluster->active ? std::optional<json::value>{cluster->arn} : std::nullopt;
  });
}

}  // namespace blox::simulator
