// Scenario: what a seed decides before the run: the size of the world, its faults, who crashes
// when.
#pragma once

#include <cstdint>

#include "base/random.h"
#include "base/time.h"
#include "simulator/faults.h"

namespace blox::simulation {

struct Scenario {
  std::uint64_t seed = 0;
  int instance_count = 4;
  int unavailable_max = 1;
  bool state_on_sqlite = false;
  bool scheduler_on_sqlite = false;
  Duration reconcile_every = std::chrono::minutes{20};
  simulator::Faults faults;  ///< Within A1 to A3; off from `calm_at` on.
  Duration calm_at = std::chrono::minutes{8};
  Duration settled_by = std::chrono::minutes{90};  ///< L: from `calm_at` on, at most.
  int crash_count = 0;                             ///< Of both services together, before `calm_at`.
  int machine_events = 0;                          ///< Joins, drains, deaths, …, before `calm_at`.
  int deployments = 1;                             ///< Before `calm_at`; each of another revision.
};

/// Equal seeds, equal scenarios.
Scenario draw_scenario(std::uint64_t seed);

}  // namespace blox::simulation
