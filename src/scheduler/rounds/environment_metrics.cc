#include "scheduler/rounds/environment_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include <algorithm>
#include <array>

#include "scheduler/environments/record_codec.h"

namespace blox::scheduler {
namespace {

constexpr std::array kStates{InstanceState::kServing,  InstanceState::kStarting,
                             InstanceState::kStopping, InstanceState::kWaiting,
                             InstanceState::kBlocked,  InstanceState::kSkipped};

double in_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

EnvironmentMetrics::EnvironmentMetrics(Metrics& metrics)
    : instances_(metrics, "blox_environment_instances",
                 "Instances of an environment by what they do or wait for"),
      unserved_(metrics, "blox_environment_unserved_seconds",
                "Since when the eligible instance that is longest without a serving task is so"),
      deployment_(metrics, "blox_deployment_seconds",
                  "How long the deployment in force has been going on, or took"),
      deaths_(metrics, "blox_task_deaths_total", "Tasks that ended by themselves") {}

void EnvironmentMetrics::note(const Environment& environment, const Deployment* deployment,
                              const World& world, const Plan& plan, WallTime now) {
  const Metrics::Labels labels{{"environment", environment.name.value},
                               {"cluster", environment.cluster.value}};
  for (const InstanceState state : kStates) {
    auto by_state = labels;
    by_state["state"] = std::string{to_text(state)};
    instances_.at(by_state).Set(
        static_cast<double>(std::ranges::count(plan.lines, state, &InstanceLine::state)));
  }
  Duration unserved{};
  int deaths = 0;
  for (const ObservedInstance& instance : world.instances) {
    if (instance.unserved_since) {
      unserved = std::max<Duration>(unserved, world.now - *instance.unserved_since);
    }
    deaths += instance.new_deaths;
  }
  unserved_.at(labels).Set(in_seconds(unserved));
  deaths_.at(labels).Increment(deaths);
  if (deployment == nullptr) return;
  deployment_
      .at({{"environment", environment.name.value},
           {"status", std::string{to_text(deployment->status)}}})
      .Set(in_seconds(deployment->ended_at.value_or(now) - deployment->created_at));
}

void EnvironmentMetrics::end_round() {
  instances_.sweep();
  unserved_.sweep();
  deployment_.sweep();
  deaths_.sweep();
}

}  // namespace blox::scheduler
