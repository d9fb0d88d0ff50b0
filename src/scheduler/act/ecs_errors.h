// What errors of ECS mean to act besides their kind.
#pragma once

#include <string_view>

#include "base/result.h"

namespace blox::scheduler {

/// True if ECS says that there is no such cluster, whatever was asked of it. ECS deletes a cluster
/// only when no instance is left in it, so it has no tasks; but lists lag, as all do.
inline bool is_cluster_missing(const Error& error) {
  return is_outcome_known(error.kind) &&
         std::string_view{error.message}.contains("ClusterNotFoundException");
}

}  // namespace blox::scheduler
