// What of a scenario makes a mutant's broken mechanism needed often: without it, it would take
// hundreds of seeds to be caught.
#pragma once

#include "simulation/mutant.h"

namespace blox::simulation {

inline void crash_often(Scenario& scenario) {
  scenario.crash_count = 12;
  scenario.machine_events = 12;
}

inline void die_early(Scenario& scenario) {
  scenario.bad_revision = BadRevision::kDies;
  scenario.bad_life = std::chrono::seconds{45};
  scenario.deployments = 2;
  scenario.instance_count = 10;
  scenario.unavailable_is_percent = false;
  scenario.unavailable_max = 1;
}

/// The state service's store, before most of what was started was stored; and for a while it cannot
/// be compared with ECS.
inline void put_back(Scenario& scenario) {
  scenario.state_on_sqlite = false;
  scenario.reconcile_every = std::chrono::minutes{20};
  scenario.deployments = 2;
  scenario.faults.event_lost = 0.3;
  scenario.restored = {std::chrono::seconds{2}, std::chrono::seconds{60}};
  scenario.state_partitions = {{std::chrono::seconds{60}, std::chrono::minutes{2}}};
}

inline void lose_answers(Scenario& scenario) {
  scenario.faults.answer_lost = 0.3;
  scenario.second_environment = true;
  scenario.instance_count = 10;
}

}  // namespace blox::simulation
