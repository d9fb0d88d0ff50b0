#include "cluster_state/api/holes_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "cluster_state/api/cluster_names.h"

namespace blox::cluster_state {
namespace {

// Of the clusters with holes so many have a line; all of them may have some.
constexpr std::size_t kDescribedMax = 10;

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

std::string list_incomplete(const ClusterHoles& holes, std::string_view cluster) {
  ClusterNames names;
  for (const auto& [arn, of_cluster] : holes) {
    if (cluster.empty() || cluster == arn.value || cluster == cluster_name(arn)) {
      names.add(arn.value);
    }
  }
  return names.text();
}

std::string describe_holes(const ClusterHoles& holes) {
  std::string text;
  for (const auto& [cluster, of_cluster] : holes | std::views::take(kDescribedMax)) {
    text += fmt::format("\nwarning: of cluster {} ECS lists {} and does not describe them",
                        cluster.value, count_of(of_cluster));
    if (!of_cluster.arns.empty()) text += ", such as " + *of_cluster.arns.begin();
  }
  if (holes.size() > kDescribedMax) {
    text += "\nwarning: so it is with " + count_of(holes.size() - kDescribedMax, "more cluster");
  }
  return text;
}

void bound_names(ClusterHoles& holes) {
  std::size_t named = 0;
  for (auto& [cluster, of_cluster] : holes) {
    named += of_cluster.arns.size();
    if (named > kNamedOfAllMax) of_cluster.arns.clear();
  }
}

bool is_hole(const ClusterHoles& holes, std::string_view arn) {
  const std::string name{arn};
  return std::ranges::any_of(holes,
                             [&](const auto& entry) { return entry.second.arns.contains(name); });
}

}  // namespace blox::cluster_state
