// DeploymentRules: what the deployment in force becomes, as a world shows it.
#pragma once

#include <optional>
#include <string>

#include "scheduler/plan/daemon_plan.h"
#include "scheduler/plan/instance_rules.h"
#include "scheduler/plan/world.h"

namespace blox::scheduler {

/// The places of the budget that do not come free by themselves.
struct LostPlaces {
  int count = 0;
  int unavailable_max = 1;  ///< So many there are.
  std::string why_first;    ///< Of the first of them, in words.
};

/// None: it stays as it is. Requires: rules of that world; none are lost that hold no place.
std::optional<DeploymentChange> decide_deployment(const World& world, const PlanLimits& limits,
                                                  const InstanceRules& rules,
                                                  const LostPlaces& lost);

}  // namespace blox::scheduler
