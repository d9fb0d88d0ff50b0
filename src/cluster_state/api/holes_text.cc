#include "cluster_state/api/holes_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace blox::cluster_state {
namespace {

std::string count_of(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string count_of(const Holes& holes) {
  if (holes.instance_count == 0) return count_of(holes.task_count, "task");
  const std::string instances = count_of(holes.instance_count, "container instance");
  if (holes.task_count == 0) return instances;
  return count_of(holes.task_count, "task") + " and " + instances;
}

}  // namespace

std::string list_incomplete(const ClusterHoles& holes) {
  std::string list;
  for (const auto& [cluster, of_cluster] : holes) {
    list += (list.empty() ? "" : ", ") + cluster.value;
  }
  return list;
}

std::string describe_holes(const ClusterHoles& holes) {
  std::string text;
  for (const auto& [cluster, of_cluster] : holes) {
    text += fmt::format("\nwarning: of cluster {} ECS lists {} and does not describe them",
                        cluster.value, count_of(of_cluster));
    if (!of_cluster.arns.empty()) text += ", such as " + *of_cluster.arns.begin();
  }
  return text;
}

bool is_hole(const ClusterHoles& holes, std::string_view arn) {
  const std::string name{arn};
  return std::ranges::any_of(holes,
                             [&](const auto& entry) { return entry.second.arns.contains(name); });
}

}  // namespace blox::cluster_state
