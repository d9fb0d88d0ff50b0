// A container instance (the registration of a machine) as ECS reports it. A plain value.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/arn.h"
#include "model/status.h"

namespace blox {

struct Attribute {
  std::string name;
  std::string value;
  friend bool operator==(const Attribute&, const Attribute&) = default;
};

/// CPU, MEMORY, PORTS, … of an instance.
struct Resource {
  std::string name;
  std::string type;   ///< "INTEGER", "LONG", "DOUBLE", "STRINGSET".
  std::string value;  ///< As the API of v0.3 gives it: decimal, two decimals, or joined by commas.
  friend bool operator==(const Resource&, const Resource&) = default;
};

/// Optional text is empty when absent.
struct ContainerInstance {
  ContainerInstanceArn arn;
  ClusterArn cluster;
  std::optional<EcsVersion> version;
  InstanceStatus status;
  bool agent_connected = false;
  std::string agent_update_status;
  std::string ec2_instance_id;  ///< "i-…", or "mi-…" for an External instance.
  std::vector<Attribute> attributes;
  std::vector<Resource> registered_resources;
  std::vector<Resource> remaining_resources;
  std::string agent_hash;
  std::string agent_version;
  std::string docker_version;
  std::string registered_at;
  friend bool operator==(const ContainerInstance&, const ContainerInstance&) = default;
};

}  // namespace blox
