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

/// True if ECS knows who asks and may not have it. Credentials that nobody takes are no such case.
inline bool is_access_denied(const Error& error) {
  return error.kind == ErrorKind::kDenied &&
         std::string_view{error.message}.contains("AccessDenied");
}

/// True if ECS refused the start of a task definition, whatever the instance: it lacks something,
/// or we may not start it or pass its roles.
/// Source: API/StartTask ("Errors"); IAM names the role or the definition in its message.
inline bool blames_definition(const Error& error) {
  if (error.kind == ErrorKind::kDenied) return is_access_denied(error);
  const std::string_view message{error.message};
  return error.kind == ErrorKind::kInvalid &&
         (message.contains("TaskDefinition") || message.contains("task definition"));
}

}  // namespace blox::scheduler
