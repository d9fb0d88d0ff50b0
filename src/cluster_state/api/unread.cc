#include "cluster_state/api/unread.h"

#include "model/arn.h"

namespace blox::cluster_state {
namespace {

std::string with_reason(std::string sentence, const std::string& why) {
  return why.empty() ? sentence : sentence + ": " + why;
}

}  // namespace

std::optional<std::string> why_unread(const UnreadState& unread, const std::string& cluster) {
  if (!unread.knows_clusters) {
    return with_reason("ECS has not told yet which clusters there are; try again", unread.why);
  }
  for (const auto& each : unread.clusters) {
    const bool named = cluster == each.target || cluster == cluster_name(ClusterArn{each.target});
    if (cluster.empty() ? !each.holds_up : !named) continue;
    return with_reason("cluster " + each.target + " was not read from ECS yet; try again",
                       each.why);
  }
  return std::nullopt;
}

std::string list_unread(const UnreadState& unread) {
  std::string list;
  for (const auto& each : unread.clusters) list += (list.empty() ? "" : ", ") + each.target;
  return list;
}

}  // namespace blox::cluster_state
