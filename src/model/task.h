// A task as ECS reports it. A plain value: compared, copied, printed; no I/O, no JSON, no clock.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/arn.h"
#include "model/status.h"

namespace blox {

struct NetworkBinding {
  std::string bind_ip;
  std::int64_t container_port = 0;
  std::int64_t host_port = 0;
  std::string protocol;  ///< "tcp", "udp" or empty.
  friend bool operator==(const NetworkBinding&, const NetworkBinding&) = default;
};

struct Container {
  std::string arn;
  std::string name;
  std::string last_status;
  std::optional<std::int64_t> exit_code;
  std::string reason;
  std::vector<NetworkBinding> network_bindings;
  friend bool operator==(const Container&, const Container&) = default;
};

struct ContainerOverride {
  std::string name;
  std::vector<std::string> command;
  std::vector<std::pair<std::string, std::string>> environment;  ///< Name, value; as ECS orders.
  friend bool operator==(const ContainerOverride&, const ContainerOverride&) = default;
};

/// Times are RFC 3339 text as ECS sent them; optional text is empty when absent.
struct Task {
  TaskArn arn;
  ClusterArn cluster;
  std::optional<ContainerInstanceArn> container_instance;  ///< None: Fargate, or not placed yet.
  TaskDefinitionArn task_definition;
  std::optional<EcsVersion> version;
  TaskStatus last_status;
  TaskStatus desired_status;
  std::string started_by;
  std::string group;
  std::vector<Container> containers;
  std::vector<ContainerOverride> container_overrides;
  std::string task_role_arn;
  std::string created_at;
  std::string started_at;
  std::string stopped_at;
  std::string stopped_reason;
  std::string stop_code;
  std::string health_status;  ///< From Describe alone: "HEALTHY", "UNHEALTHY", "UNKNOWN" or "".
  friend bool operator==(const Task&, const Task&) = default;
};

}  // namespace blox
