// What a service has not read from ECS yet, and which plain answers that forbids: an unread cluster
// is not an empty one. Who asks for bookmarks can tell by them and is answered. Pure.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster_state/view/selection.h"

namespace blox::cluster_state {

/// A cluster that was never read whole.
struct UnreadCluster {
  std::string target;    ///< Its ARN, or the name that it is known by so far.
  bool holds_up = true;  ///< Its read makes progress: answers about all clusters wait for it.
  std::string why;       ///< What the last attempt said, in words; may be empty.
};

/// There may be thousands of clusters, so that readers share one of these, which never changes.
struct UnreadState {
  bool knows_clusters = true;  ///< False: ECS has not told yet which there are, nor does the store.
  bool any_read = true;        ///< At least one of those that are followed was read whole.
  std::string why;             ///< Why not all is read, in words; may be empty.
  std::vector<UnreadCluster> clusters;
  ClusterSet shown;  ///< Those of them of which there are objects: a part of what they have.
};
using UnreadPtr = std::shared_ptr<const UnreadState>;
using FindUnread = std::function<UnreadPtr()>;

/// Why a plain answer about `cluster` (a name, an ARN, or empty: all of them) is not given yet, as
/// a sentence; none: it is.
std::optional<std::string> why_unread(const UnreadState& unread, const std::string& cluster);

/// Why nobody should ask here yet, as a sentence: plain answers about all clusters are not given,
/// or, where there are clusters, none about any of them. None: somebody may.
std::optional<std::string> why_not_ready(const UnreadState& unread);

/// Whose objects a plain answer about all clusters leaves out; null: nobody's.
ClusterSetPtr left_out(const UnreadPtr& unread);

/// The clusters that an answer about all of them leaves out, as ClusterNames has them; empty: none.
std::string list_unread(const UnreadState& unread);

}  // namespace blox::cluster_state
