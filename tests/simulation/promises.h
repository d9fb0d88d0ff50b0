// The promises of docs/simulation.md, asked of one run: S1 to S4 and C at any moment, L at rest.
#pragma once

#include <string>

#include "simulation/actors.h"
#include "simulation/call_judge.h"
#include "simulation/scenario.h"
#include "simulation/scheduler_records.h"
#include "simulation/sim_process.h"
#include "simulation/state_judge.h"
#include "simulator/simulator.h"

namespace blox::simulation {

/// Where a run stands. A process that is down is null.
struct Situation {
  const Scenario& scenario;
  simulator::Simulator& simulator;
  const StateJudge& state_judge;
  const SchedulerRecords& records;  ///< Of the scheduler.
  const CallJudge& calls;
  const User& user;
  const StateProcess* state;
  SchedulerProcess* scheduler;
  std::size_t eligible_max = 0;  ///< The most instances that were eligible at a moment.
};

/// True where the place in the budget of an instance that is away is given up for good reason only.
bool judges_s3(const Scenario& scenario);

/// The safety promise that was broken, and how; empty: none.
std::string broken_safety(const Situation& situation);
/// What stands between now and L, in words; empty: nothing.
std::string what_is_missing(const Situation& situation);

}  // namespace blox::simulation
