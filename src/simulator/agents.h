// Agents: container instances as they register, leave, lose and find their connection, drain.
#pragma once

#include <string>

#include "simulator/lifecycle.h"
#include "simulator/timers.h"
#include "simulator/world.h"

namespace blox::simulator {

/// A machine as it registers. Empty text is filled with something plausible.
struct Machine {
  std::string ec2_instance_id;
  Capacity capacity{.cpu = 2048, .memory = 4096, .ports = {22, 2375, 2376, 51678}, .udp_ports = {}};
  Attributes attributes;
  std::string agent_version = "1.97.0";
  std::string agent_hash = "0a1b2c3d";
  std::string docker_version = "DockerVersion: 25.0.6";
  boost::json::array tags;
};

class Agents {
 public:
  Agents(World& world, Lifecycle& lifecycle, Timers& timers, Delays delays);

  /// A new registration, ACTIVE and connected. One with the same ec2InstanceId stays as it is.
  Instance& join(Cluster& cluster, Machine machine);
  /// The machine loses its registration (its disk) and registers anew: the old registration is
  /// disconnected for good, its tasks stay shown.
  Instance& rejoin(Instance& old);
  /// Its agent registers again, as it does at each start: resources, versions and the attributes
  /// given are those of `machine`, and it is connected. Its EC2 instance and tags stay.
  void renew(Instance& instance, Machine machine);
  void disconnect(Instance& instance);
  void connect(Instance& instance);
  /// ACTIVE or DRAINING. Standalone tasks are left alone. Source: developer guide, "Draining".
  /// Errors: InvalidParameterException unless the instance is ACTIVE or DRAINING now.
  Outcome<void> set_status(Instance& instance, InstanceStatusKind status);
  /// INACTIVE; live tasks stop with it. Errors: InvalidParameterException when tasks are live and
  /// `force` is not set.
  Outcome<void> deregister(Instance& instance, bool force);

 private:
  void visit();
  void plan_visit();
  void forget_later(std::string id);

  World& world_;
  Lifecycle& lifecycle_;
  Timers& timers_;
  Delays delays_;
};

}  // namespace blox::simulator
