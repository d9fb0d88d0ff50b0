#include "cluster_state/api/unread.h"

#include "base/bounded_text.h"
#include "cluster_state/api/cluster_names.h"
#include "model/arn.h"

namespace blox::cluster_state {
namespace {

// Of what AWS says, in a sentence of ours.
constexpr std::size_t kReasonBytesMax = 500;

std::string with_reason(std::string sentence, const std::string& why) {
  return why.empty() ? sentence : sentence + ": " + shorten(why, kReasonBytesMax);
}

// Either may be a name, and then stands for each cluster that has it: as long as ECS has not told
// the ARN of one that is followed by its name, any of them may be it.
bool may_be_same(const std::string& one, const std::string& other) {
  if (one == other) return true;
  if (!is_cluster_name(one) && !is_cluster_name(other)) return false;
  return short_id(one) == short_id(other);
}

}  // namespace

std::optional<std::string> why_unread(const UnreadState& unread, const std::string& cluster) {
  if (!unread.knows_clusters) {
    return with_reason("ECS has not told yet which clusters there are; try again", unread.why);
  }
  for (const auto& each : unread.clusters) {
    if (cluster.empty() ? !each.holds_up : !may_be_same(cluster, each.target)) continue;
    return with_reason("cluster " + each.target + " was not read from ECS yet; try again",
                       each.why);
  }
  return std::nullopt;
}

std::optional<std::string> why_not_ready(const UnreadState& unread) {
  if (auto why = why_unread(unread, "")) return why;
  if (unread.any_read || unread.clusters.empty()) return std::nullopt;
  const std::string why = unread.why.empty() ? "" : "; the last read: " + unread.why;
  return "no cluster was read from ECS yet" + why;
}

ClusterSetPtr left_out(const UnreadPtr& unread) {
  return unread->shown.empty() ? nullptr : ClusterSetPtr{unread, &unread->shown};
}

std::string list_unread(const UnreadState& unread) {
  ClusterNames names;
  for (const auto& each : unread.clusters) names.add(each.target);
  return names.text();
}

}  // namespace blox::cluster_state
