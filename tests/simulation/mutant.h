// Mutant: the scheduler broken on purpose at one place. The suites have to catch every one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "aws/ecs_control.h"
#include "scheduler/act/assumptions.h"
#include "scheduler/act/intent_log.h"
#include "scheduler/plan/daemon_plan.h"

namespace blox::simulation {

/// What is not set is as it ships.
struct Mutant {
  std::string name = "none";
  std::function<std::unique_ptr<scheduler::Planner>()> planner;
  std::function<std::unique_ptr<aws::EcsControl>(aws::EcsControl&)> control;
  std::function<std::unique_ptr<scheduler::IntentLog>(scheduler::Repository&)> log;
  std::function<void(scheduler::ActOptions&)> options;
  std::string forgotten_prefix;  ///< Keys that are gone after a crash of the scheduler.
};

/// All of them, by mutants/*.cc.
std::vector<Mutant> all_mutants();

}  // namespace blox::simulation
