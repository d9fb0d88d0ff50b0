// Which clusters are followed, by the names that the flag --cluster gave.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "model/arn.h"

namespace blox::cluster_state {

/// True when `names` has the cluster's name or ARN, or is empty: then all are followed.
inline bool is_followed(const std::vector<std::string>& names, const ClusterArn& cluster) {
  return names.empty() || std::ranges::any_of(names, [&](const std::string& name) {
           return name == cluster.value || name == cluster_name(cluster);
         });
}

}  // namespace blox::cluster_state
