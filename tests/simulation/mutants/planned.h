// Mutants that plan for a world that was bent before, or lose a part of the plan.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "simulation/mutants/broken_planners.h"

namespace blox::simulation {

/// Where the mechanism is needed often.
using Bias = std::function<void(Scenario&)>;

inline Mutant planned(std::string promise, std::string name,
                      std::function<void(scheduler::World&)> bend,
                      std::function<void(scheduler::Plan&)> cut, Bias bias) {
  Mutant mutant;
  mutant.promise = std::move(promise);
  mutant.name = std::move(name);
  mutant.planner = [bend = std::move(bend), cut = std::move(cut)] {
    return std::make_unique<BentPlanner>(bend, cut);
  };
  mutant.bend_scenario = std::move(bias);
  return mutant;
}

/// Nothing of the plan is lost.
inline void keep(scheduler::Plan&) {}
/// The world is as it is.
inline void leave(scheduler::World&) {}

template <class Change>
std::function<void(scheduler::World&)> each_instance(Change change) {
  return [change](scheduler::World& world) {
    for (scheduler::ObservedInstance& instance : world.instances) change(instance);
  };
}

inline void refuse_starts(Scenario& scenario) {
  scenario.faults.start_refused = 0.5;
  scenario.deployments = 3;
}

}  // namespace blox::simulation
