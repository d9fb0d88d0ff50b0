// Simulation: one run of the whole of Blox in one thread: the shipped services, as two processes
// with disks of their own, against the simulated AWS, with faults, crashes and a judge.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "simulation/coverage.h"
#include "simulation/mutant.h"
#include "simulation/scenario.h"

namespace blox::simulation {

struct RunReport {
  std::string broken;  ///< Which promise and how; empty: all were kept.
  std::uint64_t trace_hash = 0;
  std::uint64_t step_count = 0;
  Coverage coverage;
};

/// First safety among faults (S1 to S4), then, the faults over, liveness (L). Equal scenarios and
/// mutants give equal reports.
/// With `trace`, what happens in the simulated AWS is written there, a line a change.
RunReport simulate(const Scenario& scenario, const Mutant& mutant = {},
                   std::ostream* trace = nullptr);

}  // namespace blox::simulation
