#include "simulation/scenario.h"

namespace blox::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Off in half of the seeds, else up to `most`.
double draw(Random& random, double most) { return random.percent(50) ? 0 : most * random.unit(); }

simulator::Faults draw_faults(Random& random) {
  simulator::Faults faults;
  faults.event_delayed = draw(random, 0.5);
  faults.event_lost = draw(random, 0.3);
  faults.event_duplicated = draw(random, 0.3);
  faults.event_reordered = draw(random, 0.3);
  faults.list_lagging = draw(random, 0.5);
  faults.list_lag_max = random.percent(50) ? Duration{seconds{20}} : simulator::kEcsVisibleMax;
  faults.list_slow = draw(random, 0.2);
  faults.launch_late = draw(random, 0.3);
  faults.launch_late_max = seconds{30};
  faults.start_refused = draw(random, 0.2);
  faults.start_broken = draw(random, 0.2);
  faults.call_refused = draw(random, 0.2);
  faults.answer_lost = draw(random, 0.3);
  faults.request_lost = draw(random, 0.2);
  faults.server_error = draw(random, 0.1);
  faults.server_error_executed = draw(random, 0.1);
  faults.call_overtime = draw(random, 0.1);
  faults.overtime = {seconds{1}, seconds{20}};
  faults.throttled = random.percent(30);
  faults.message_redelivered = draw(random, 0.2);
  faults.task_dies = draw(random, 0.3);
  faults.agent_disconnects = draw(random, 0.2);
  return faults;
}

}  // namespace

Scenario draw_scenario(std::uint64_t seed) {
  Random random{seed * 0x9e3779b97f4a7c15ULL + 1};
  Scenario scenario;
  scenario.seed = seed;
  scenario.instance_count = static_cast<int>(2 + random.below(9));
  scenario.unavailable_max = static_cast<int>(1 + random.below(3));
  scenario.state_on_sqlite = random.percent(25);
  scenario.scheduler_on_sqlite = random.percent(25);
  const Duration intervals[] = {minutes{2}, minutes{5}, minutes{20}};
  scenario.reconcile_every = intervals[random.below(3)];
  scenario.faults = draw_faults(random);
  scenario.calm_at = minutes{4} + seconds{random.below(240)};
  scenario.crash_count = static_cast<int>(random.below(5));
  scenario.machine_events = static_cast<int>(random.below(8));
  scenario.deployments = static_cast<int>(1 + random.below(3));
  return scenario;
}

}  // namespace blox::simulation
