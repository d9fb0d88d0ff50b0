// What of a scenario makes a mutant's broken mechanism needed often: without it, it would take
// hundreds of seeds to be caught.
#pragma once

#include <algorithm>
#include <utility>

#include "simulation/mutant.h"

namespace blox::simulation {

inline void crash_often(Scenario& scenario) {
  scenario.crash_count = 12;
  scenario.machine_events = 12;
}

/// Nothing gets lost, so that what happened some minutes ago is known to all.
inline void keep_quiet(Scenario& scenario) {
  Scenario quiet;
  quiet.seed = scenario.seed;
  quiet.instance_count = 40;
  quiet.calm_at = std::chrono::minutes{40};
  quiet.deployments = 3;
  scenario = std::move(quiet);
}

inline void die_early(Scenario& scenario) {
  scenario.bad_revision = BadRevision::kDies;
  scenario.bad_life = std::chrono::seconds{45};
  scenario.deployments = 2;
  scenario.instance_count = 10;
  scenario.unavailable_is_percent = false;
  scenario.unavailable_max = 1;
}

/// The state service's store, as it was before anything was started, once the scheduler has
/// forgotten the outcomes of what it started: until then they alone show the tasks.
inline void put_back(Scenario& scenario) {
  scenario.state_on_sqlite = false;
  scenario.reconcile_every = std::chrono::minutes{20};
  scenario.calm_at = std::max<Duration>(scenario.calm_at, std::chrono::minutes{11});
  scenario.restored = {std::chrono::seconds{2}, std::chrono::minutes{8}};
}

/// And for a while it cannot be compared with ECS.
inline void put_back_unread(Scenario& scenario) {
  put_back(scenario);
  scenario.state_partitions = {{std::chrono::minutes{8}, std::chrono::minutes{2}}};
}

/// And of a few of the tasks ECS tells nothing when it is compared: so few that their starts are
/// not confirmed for being many.
inline void leave_holes(Scenario& scenario) {
  put_back(scenario);
  scenario.instance_count = 10;
  scenario.holes = {Duration::zero(), scenario.calm_at};
  scenario.holes_share = 0.1;
}

inline void lose_answers(Scenario& scenario) {
  scenario.faults.answer_lost = 0.3;
  scenario.second_environment = true;
  scenario.instance_count = 10;
}

}  // namespace blox::simulation
