// Mutant: Blox broken on purpose at one place. The suites have to catch every one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "aws/ecs_control.h"
#include "aws/ecs_query.h"
#include "aws/queue.h"
#include "base/executor.h"
#include "blox/state_service.h"
#include "scheduler/act/assumptions.h"
#include "scheduler/act/intent_log.h"
#include "scheduler/plan/daemon_plan.h"
#include "simulation/scenario.h"
#include "store/store.h"

namespace blox::simulation {

/// What is not set is as it ships.
struct Mutant {
  std::string name = "none";
  std::string promise;  ///< The one that has to catch it: "S1", …, "L", "C", "drains", ….
  std::function<std::unique_ptr<scheduler::Planner>()> planner;
  std::function<std::unique_ptr<aws::EcsControl>(aws::EcsControl&)> control;
  std::function<std::unique_ptr<scheduler::IntentLog>(scheduler::Repository&)> log;
  std::function<void(scheduler::ActOptions&)> options;
  std::string forgotten_prefix;  ///< Keys that are gone after a crash of the scheduler.
  std::function<std::unique_ptr<store::Store>(Executor&, std::unique_ptr<store::Store>)>
      state_store;
  std::function<std::unique_ptr<store::Store>(Executor&, std::unique_ptr<store::Store>)>
      scheduler_store;
  std::function<std::unique_ptr<aws::EcsQuery>(aws::EcsQuery&)> query;  ///< Of the scheduler.
  double clock_speed = 1;                        ///< Of the scheduler, against the world's.
  bool has_its_own_date = false;                 ///< Both services believe their machine's clock.
  bool measures_by_date = false;                 ///< And measure time with it.
  std::function<void(Scenario&)> bend_scenario;  ///< What makes it catch sooner.
  std::uint64_t first_seed = 1;
  bool slow = false;  ///< It takes more than some seconds to be caught.
  std::function<std::unique_ptr<aws::Queue>(Executor&, aws::Queue&)> state_queue;
  std::function<void(apps::StateServiceOptions&)> state_options;
};

/// All of them, by mutants/*.cc.
std::vector<Mutant> all_mutants();

}  // namespace blox::simulation
