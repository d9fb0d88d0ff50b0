// What ECS said about one object at one moment, by an event or by a Describe answer: the common
// form in which ingest takes both.
#pragma once

#include <optional>
#include <string>

#include "model/arn.h"
#include "model/status.h"

namespace blox {

/// `detail` is one JSON object in the form of an event's `detail` (unknown fields kept, times
/// RFC 3339): as it came by event, or minified from a Describe answer. `describe_only` is a JSON
/// object of what events never carry (healthStatus, tags, containers' healthStatus by container
/// name), empty text for a report by event.
struct TaskReport {
  TaskArn arn;
  ClusterArn cluster;
  std::optional<EcsVersion> version;  ///< Absent where a Describe answer has none.
  TaskStatus last_status;
  std::optional<ContainerInstanceArn> container_instance;
  std::string detail;
  std::string describe_only;
};

/// As TaskReport, of a container instance. `describe_only`: healthStatus, tags.
struct InstanceReport {
  ContainerInstanceArn arn;
  ClusterArn cluster;
  std::optional<EcsVersion> version;
  InstanceStatus status;
  std::string detail;
  std::string describe_only;
};

}  // namespace blox
