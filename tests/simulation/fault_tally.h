// FaultTally: what struck the simulated world by itself, counted, and every change of it traced.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include "base/sim_loop.h"
#include "simulation/coverage.h"
#include "simulator/judge.h"
#include "simulator/sim_transport.h"
#include "simulator/simulator.h"
#include "simulator/world.h"

namespace blox::simulation {

/// Requires: all outlive it.
class FaultTally final : public simulator::WorldObserver {
 public:
  FaultTally(SimLoop& loop, Coverage& coverage) : loop_(loop), coverage_(coverage) {}

  void on_task(const simulator::Task& task, const simulator::TaskState* before) override {
    const auto& state = task.present();
    trace(task.arn, state.version);
    if (before == nullptr) {
      if (loop_.wall_now() > task.created_at) coverage_.add("late launches");
      return;
    }
    if (before->desired_status == state.desired_status) return;
    if (state.stop_code == "TaskFailedToStart") coverage_.add("broken starts");
    if (state.stop_code == "EssentialContainerExited") coverage_.add("tasks that ended");
  }

  void on_instance(const simulator::Instance& instance,
                   const simulator::InstanceState* before) override {
    const auto& state = instance.present();
    trace(instance.arn, state.version);
    const bool registered = state.status != InstanceStatusKind::kInactive && !instance.gone;
    if (before != nullptr && before->agent_connected && !state.agent_connected && registered) {
      coverage_.add("agent disconnects");
    }
  }

  void on_start_asked(const simulator::Instance& instance, std::string_view) override {
    trace(instance.arn, 0);
  }

  void on_stop_asked(const simulator::Task& task, std::string_view) override {
    trace(task.arn, 0);
    if (task.instance->present().status != InstanceStatusKind::kDraining) return;
    const bool waits = std::ranges::any_of(task.instance->tasks, [&](const auto& entry) {
      return entry.second->present().is_live() && !simulator::is_blox_group(entry.second->group);
    });
    if (waits) coverage_.add("stops at the drain deadline");
  }

 private:
  void trace(std::string_view arn, std::int64_t version) {
    loop_.trace(arn);
    loop_.trace(static_cast<std::uint64_t>(version));
  }

  SimLoop& loop_;
  Coverage& coverage_;
};

/// Adds what the metrics of a process, as text, say of what it met.
void tally_metrics(const std::string& metrics, Coverage& coverage);

/// What the network did to the calls of a process,
void tally_calls(const simulator::SimTransport& aws, Coverage& coverage);
/// and the simulated AWS to all.
void tally_simulator(const simulator::Simulator& simulator, Coverage& coverage);

}  // namespace blox::simulation
