#include "simulator/agents.h"

#include <utility>

#include "model/status.h"

namespace blox::simulator {

namespace {
constexpr Duration kVisitInterval = std::chrono::seconds{1};
}

Agents::Agents(World& world, Lifecycle& lifecycle, Timers& timers, Delays delays)
    : world_(world), lifecycle_(lifecycle), timers_(timers), delays_(delays) {
  plan_visit();
}

Instance& Agents::join(Cluster& cluster, Machine machine) {
  Random& random = world_.random();
  InstanceState first;
  first.attributes = std::move(machine.attributes);
  first.attributes.try_emplace("ecs.os-type", "linux");
  first.attributes.try_emplace("ecs.cpu-architecture", "x86_64");
  first.attributes.try_emplace("ecs.availability-zone", world_.identity().region + "a");
  first.agent_version = std::move(machine.agent_version);
  first.updated_at = world_.executor().wall_now();
  auto instance = std::make_unique<Instance>(world_.executor().now(), std::move(first));
  instance->ec2_instance_id =
      machine.ec2_instance_id.empty() ? "i-" + random.hex(17) : std::move(machine.ec2_instance_id);
  instance->registered = std::move(machine.capacity);
  instance->agent_hash = std::move(machine.agent_hash);
  instance->docker_version = std::move(machine.docker_version);
  instance->tags = std::move(machine.tags);
  return world_.add_instance(cluster, std::move(instance));
}

Instance& Agents::rejoin(Instance& old) {
  Machine machine;
  machine.ec2_instance_id = old.ec2_instance_id;
  machine.capacity = old.registered;
  machine.attributes = old.present().attributes;
  machine.agent_version = old.present().agent_version;
  machine.agent_hash = old.agent_hash;
  machine.docker_version = old.docker_version;
  machine.tags = old.tags;
  disconnect(old);
  old.gone = true;
  return join(*old.cluster, std::move(machine));
}

void Agents::renew(Instance& instance, Machine machine) {
  instance.registered = std::move(machine.capacity);
  instance.agent_hash = std::move(machine.agent_hash);
  instance.docker_version = std::move(machine.docker_version);
  InstanceState state = instance.present();
  state.agent_version = std::move(machine.agent_version);
  for (auto& [name, value] : machine.attributes) state.attributes[name] = value;
  state.agent_connected = !instance.gone;
  const bool connects = state.agent_connected && !instance.present().agent_connected;
  world_.change(instance, std::move(state));
  if (connects) lifecycle_.continue_on(instance);
}

void Agents::disconnect(Instance& instance) {
  InstanceState state = instance.present();
  if (state.status == InstanceStatusKind::kInactive || !state.agent_connected) return;
  state.agent_connected = false;
  world_.change(instance, std::move(state));
}

void Agents::connect(Instance& instance) {
  InstanceState state = instance.present();
  if (state.status == InstanceStatusKind::kInactive || state.agent_connected || instance.gone) {
    return;
  }
  state.agent_connected = true;
  world_.change(instance, std::move(state));
  lifecycle_.continue_on(instance);
}

Outcome<void> Agents::set_status(Instance& instance, InstanceStatusKind status) {
  InstanceState state = instance.present();
  if (state.status == InstanceStatusKind::kInactive) {
    return refuse("InvalidParameterException",
                  "The container instance " + instance.arn + " is INACTIVE.");
  }
  if (state.status == status) return {};
  state.status = status;
  world_.change(instance, std::move(state));
  return {};
}

Outcome<void> Agents::deregister(Instance& instance, bool force) {
  if (instance.present().status == InstanceStatusKind::kInactive) return {};
  bool has_live = false;
  for (const auto& [id, task] : instance.tasks) has_live = has_live || task->present().is_live();
  if (has_live && !force) {
    return refuse("InvalidParameterException",
                  "Found running tasks on the instance " + instance.arn + "; use force.");
  }
  InstanceState state = instance.present();
  state.status = InstanceStatusKind::kInactive;
  state.agent_connected = false;
  world_.change(instance, std::move(state));
  for (const auto& [id, task] : instance.tasks) {
    lifecycle_.abandon(*task, "Container instance deregistration forced by user.");
  }
  forget_later(instance.id);
  return {};
}

void Agents::forget_later(std::string id) {
  timers_.after(delays_.stopped_visible, [this, id = std::move(id)] {
    Instance* instance = world_.find_instance(id);
    if (instance == nullptr) return;
    if (instance->tasks.empty()) {
      world_.forget_instance(*instance);
    } else {
      forget_later(id);  // Its tasks stopped when it did and are forgotten by then.
    }
  });
}

void Agents::plan_visit() {
  timers_.after(kVisitInterval, [this] { visit(); });
}

// Lets agents lose their connection for a while.
void Agents::visit() {
  plan_visit();
  const Faults& faults = world_.faults();
  if (faults.agent_disconnects <= 0) return;
  const double probability = faults.agent_disconnects / 60;
  for (const auto& [name, cluster] : world_.clusters()) {
    for (const auto& [id, instance] : cluster->instances) {
      if (!instance->present().agent_connected || !happens(world_.random(), probability)) continue;
      disconnect(*instance);
      timers_.after(faults.agent_away.draw(world_.random()), [this, away = id] {
        if (Instance* back = world_.find_instance(away)) connect(*back);
      });
    }
  }
}

}  // namespace blox::simulator
