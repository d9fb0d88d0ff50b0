// What a service has not read from ECS yet, and which plain answers that forbids: an unread cluster
// is not an empty one. Who asks for bookmarks can tell by them and is answered. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace blox::cluster_state {

/// A cluster that was never read whole.
struct UnreadCluster {
  std::string target;    ///< Its ARN, or the name that it is known by so far.
  bool holds_up = true;  ///< Its read makes progress: answers about all clusters wait for it.
  std::string why;       ///< What the last attempt said, in words; may be empty.
};

struct UnreadState {
  bool knows_clusters = true;  ///< False: ECS has not told yet which there are, nor does the store.
  std::string why;             ///< Why not, in words; may be empty.
  std::vector<UnreadCluster> clusters;
};
using FindUnread = std::function<UnreadState()>;

/// Why a plain answer about `cluster` (a name, an ARN, or empty: all of them) is not given yet, as
/// a sentence; none: it is.
std::optional<std::string> why_unread(const UnreadState& unread, const std::string& cluster);

/// The clusters that an answer about all of them leaves out, as ClusterNames has them; empty: none.
std::string list_unread(const UnreadState& unread);

}  // namespace blox::cluster_state
