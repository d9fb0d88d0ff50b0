#include "simulation/scenario.h"

#include <algorithm>

#include "simulation/own_numbers.h"
#include "simulator/judge.h"

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

std::vector<Window> draw_windows(Random& random, const Scenario& scenario, Duration longest) {
  std::vector<Window> windows;
  for (auto count = random.below(3); count > 0; --count) {
    const Duration length = random.between(seconds{20}, longest);
    windows.push_back({random.between(Duration::zero(), scenario.calm_at - length), length});
  }
  return windows;
}

// Deletes are confirmed by two looks five minutes apart, so the storm lasts.
void make_forgetful(Random& random, Scenario& scenario) {
  scenario.forgetful = true;
  scenario.calm_at = minutes{15} + seconds{random.below(600)};
  scenario.stopped_visible = minutes{1} + seconds{random.below(240)};
  scenario.final_kept = minutes{1} + seconds{random.below(240)};
  scenario.faults.event_delay = {seconds{1}, minutes{60}};
  scenario.faults.event_delayed = 0;  // It keeps the order: all later ones would be as late.
  scenario.faults.agent_away = {seconds{5}, minutes{20}};
  scenario.faults.event_reordered = std::max(scenario.faults.event_reordered, 0.1);
}

// Most events are lost, lists lag, and the next full read is far: what was started stays unseen,
// for as long as it runs, or until ECS has forgotten it.
void make_blind(Random& random, Scenario& scenario) {
  auto& faults = scenario.faults;
  faults.event_lost = 0.5 + 0.4 * random.unit();
  faults.list_lagging = 0.5;
  faults.list_lag_max = simulator::kEcsVisibleMax;
  faults.task_life = {seconds{1}, seconds{30}};
  scenario.reconcile_every = minutes{20};
  scenario.calm_at = std::max<Duration>(scenario.calm_at, minutes{10});
}

void add_bad_revision(Random& random, Scenario& scenario) {
  const Duration lives[] = {seconds{5}, seconds{20}, seconds{45}};
  const BadRevision kinds[] = {BadRevision::kDies, BadRevision::kDies, BadRevision::kHangs,
                               BadRevision::kDenied};
  scenario.bad_revision = kinds[random.below(4)];
  scenario.bad_life = lives[random.below(3)];
  scenario.deployments = std::max(scenario.deployments, 2);
}

// What the state service has not known before it does not learn by reading, be it of a store that
// was put back.
void add_holes(Random& random, Scenario& scenario) {
  scenario.holes_share = 0.2 + 0.4 * random.unit();
  if (!scenario.state_on_sqlite && random.percent(60)) {
    scenario.restored.at = random.between(seconds{1}, scenario.calm_at / 4);
    scenario.restored.length = random.between(seconds{30}, scenario.calm_at / 2);
  }
  const Duration restored = scenario.restored.at + scenario.restored.length;
  scenario.holes.at = random.between(Duration::zero(), std::min(restored, scenario.calm_at / 2));
  scenario.holes.length =
      random.between(scenario.calm_at / 4, scenario.calm_at - scenario.holes.at);
}

// Much is decided and soon not wanted any more, while the scheduler reaches no AWS or crashes, so
// that stops are open of which nobody knows whether they were sent.
void add_second_thoughts(Random& random, Scenario& scenario) {
  scenario.second_thoughts = true;
  scenario.machine_events = std::max(scenario.machine_events, 4);
  scenario.deployments = std::max(scenario.deployments, 2);
  scenario.crash_count = std::max(scenario.crash_count, 2);
  if (scenario.scheduler_partitions.empty()) {
    scenario.scheduler_partitions = draw_windows(random, scenario, scenario.calm_at / 2);
  }
}

// What an unclaimed task of others is, and what a task of a lost deployment, nobody can tell:
// whoever adopts the one adopts the other.
void add_scheduler_restore(Random& random, Scenario& scenario) {
  scenario.scheduler_on_sqlite = false;
  scenario.others_meddle = scenario.others_stay = false;
  scenario.scheduler_restored.at = random.between(seconds{10}, scenario.calm_at / 2);
  scenario.scheduler_restored.length = random.between(seconds{5}, scenario.calm_at / 3);
  scenario.deployments = std::max(scenario.deployments, 2);
  scenario.both_restored = random.percent(40);
  if (!scenario.both_restored) return;
  scenario.state_on_sqlite = false;
  scenario.restored = {};
}

// SigV4 is refused from five minutes on.
ClockError draw_clock_error(Random& random, const Scenario& scenario) {
  constexpr Duration kWrongMax = minutes{5};
  ClockError error;
  error.ahead = random.between(-kWrongMax, kWrongMax);
  if (random.percent(50)) return error;
  error.set_at = random.between(seconds{1}, scenario.calm_at);
  error.set_by = random.between(-kWrongMax, kWrongMax) - error.ahead;
  return error;
}

void add_copies_and_clocks(Scenario& scenario) {
  Random eighth{scenario.seed * 0x9e3779b97f4a7c15ULL + 8};
  if (eighth.percent(10)) add_scheduler_restore(eighth, scenario);

  Random ninth{scenario.seed * 0x9e3779b97f4a7c15ULL + 9};
  scenario.clocks_err = ninth.percent(15);
  if (!scenario.clocks_err) return;
  scenario.state_clock = draw_clock_error(ninth, scenario);
  scenario.scheduler_clock = draw_clock_error(ninth, scenario);
}

}  // namespace

Duration Scenario::state_restored_at() const {
  const Window& window = both_restored ? scheduler_restored : restored;
  return window.length > Duration::zero() ? window.at + window.length : Duration::zero();
}

bool Scenario::is_lossy() const {
  return state_restored_at() > Duration::zero() || holes.length > Duration::zero() || forgetful ||
         faults.event_lost > 0 || crash_count > 0 || !blackouts.empty() ||
         !state_partitions.empty();
}

Duration Scenario::belief_age_max() const {
  // A call that fails is made again, and a message whose receipt was lost is hidden for a while.
  constexpr Duration kHidden = minutes{2};
  Duration age = faults.overtime.high + kHidden + seconds{90};
  if (faults.list_lagging > 0) age += faults.list_lag_max;
  if (!is_lossy()) return age + faults.event_delay.high;
  // What no event says the next full read does, when the service reaches AWS.
  age += reconcile_every;
  for (const auto& window : state_partitions) age += window.length;
  // Full reads tell nothing of them meanwhile, and the next one may just have been made.
  if (holes.length > Duration::zero()) age += holes.length + reconcile_every;
  return age;
}

Duration Scenario::settled_by() const {
  // A full read that fell into the storm may have failed; the next one is whole, and by then calls
  // that waited after failures are made.
  Duration time = 2 * reconcile_every + minutes{4};
  time += kSettleTime + kVisibleTime;
  time += kBackoffMax + simulator::kUnreachableRelease;
  if (second_environment) time += kVisibleTime;
  // Nothing is decided before the lists tell of what the copy does not know, and a read after that;
  // what was left unclaimed till then is adopted, and deployed anew.
  if (is_scheduler_restored()) time += kSettleTime + reconcile_every + minutes{2};
  // The rollout, wave by wave, each of a stop, a start and the time that its tasks have to serve;
  // and once more, when it has failed as tasks died early.
  const auto most = static_cast<std::size_t>(instance_count + machine_events);
  const auto waves = std::min(most, most / places_of(*this, most) + 1);
  Duration wave = seconds{30};
  // Its checks speak after their interval, and are asked every ten seconds.
  if (check_interval > Duration::zero()) wave += check_interval + seconds{20};
  time += 2 * static_cast<int>(waves) * wave;
  // Each task a call to stop it, and a tenth of one to start it, at the rate that ECS allows.
  time += environment_count * static_cast<int>(most) * milliseconds{60};
  if (!forgetful) time += faults.event_delay.high;
  return time;
}

std::size_t places_of(const Scenario& scenario, std::size_t eligible) {
  const auto amount = static_cast<std::size_t>(scenario.unavailable_max);
  if (!scenario.unavailable_is_percent) return amount;
  return std::max<std::size_t>(1, eligible * amount / 100);
}

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

  // By draws of their own, so that a new kind of trouble leaves the rest of a seed as it was.
  Random more{seed * 0x9e3779b97f4a7c15ULL + 2};
  if (more.percent(20)) make_forgetful(more, scenario);
  if (more.percent(15)) make_blind(more, scenario);
  const Duration longest = scenario.calm_at / 2;
  if (more.percent(20)) scenario.blackouts = draw_windows(more, scenario, longest);
  if (more.percent(15)) scenario.state_partitions = draw_windows(more, scenario, longest);
  if (more.percent(15)) scenario.scheduler_partitions = draw_windows(more, scenario, longest);
  if (more.percent(50)) scenario.drain_deadline = minutes{1};
  scenario.second_environment = more.percent(20);
  scenario.delete_terminates = more.percent(50);
  scenario.small_instance = more.percent(20);
  scenario.others_meddle = more.percent(30);
  if (more.percent(30)) add_second_thoughts(more, scenario);

  Random third{seed * 0x9e3779b97f4a7c15ULL + 3};
  if (third.percent(25)) add_bad_revision(third, scenario);
  scenario.name_again = third.percent(25);
  if (scenario.name_again) scenario.second_environment = true;
  scenario.refused_instance = third.percent(15);
  scenario.others_stay = scenario.others_meddle && third.percent(40);
  if (third.percent(15) && !scenario.state_on_sqlite) {
    scenario.restored.at = third.between(seconds{20}, scenario.calm_at / 2);
    scenario.restored.length = third.between(seconds{10}, scenario.calm_at / 2);
  }

  Random fourth{seed * 0x9e3779b97f4a7c15ULL + 4};
  if (fourth.percent(25)) {
    scenario.check_interval = seconds{5 + fourth.below(26)};
    const bool is_bad = scenario.bad_revision != BadRevision::kNone;
    if (is_bad && fourth.percent(50)) scenario.bad_revision = BadRevision::kSilent;
  }

  Random fifth{seed * 0x9e3779b97f4a7c15ULL + 5};
  if (fifth.percent(15)) add_holes(fifth, scenario);

  Random sixth{seed * 0x9e3779b97f4a7c15ULL + 6};
  if (sixth.percent(25)) {
    scenario.unavailable_is_percent = true;
    scenario.unavailable_max = static_cast<int>(10 + sixth.below(40));
  }
  scenario.services_run = sixth.percent(30);
  if (sixth.percent(15)) {
    scenario.stops_denied.length = sixth.between(seconds{20}, longest);
    scenario.stops_denied.at =
        sixth.between(Duration::zero(), scenario.calm_at - scenario.stops_denied.length);
  }
  if (sixth.percent(15)) scenario.environment_count = 2;
  add_copies_and_clocks(scenario);
  return scenario;
}

Scenario draw_large_scenario(std::uint64_t seed) {
  Random random{seed * 0x9e3779b97f4a7c15ULL + 7};
  Scenario scenario;
  scenario.seed = seed;
  scenario.instance_count = static_cast<int>(300 + random.below(701));
  scenario.environment_count = 5;
  scenario.join_window = seconds{1};
  scenario.unavailable_is_percent = true;
  scenario.unavailable_max = static_cast<int>(10 + random.below(20));
  scenario.reconcile_every = minutes{5};
  scenario.calm_at = minutes{5};
  scenario.deployments = 2;
  scenario.machine_events = static_cast<int>(random.below(10));
  scenario.crash_count = static_cast<int>(random.below(3));
  scenario.services_run = random.percent(30);
  scenario.refused_instance = random.percent(30);
  simulator::Faults& faults = scenario.faults;
  faults.event_lost = random.percent(50) ? 0.02 : 0;
  faults.event_duplicated = 0.05;
  faults.event_reordered = 0.05;
  faults.list_lagging = draw(random, 0.2);
  faults.list_lag_max = seconds{20};
  faults.launch_late = draw(random, 0.1);
  faults.start_refused = draw(random, 0.05);
  faults.start_broken = draw(random, 0.02);
  faults.call_refused = draw(random, 0.05);
  faults.answer_lost = draw(random, 0.03);
  faults.server_error = draw(random, 0.03);
  faults.throttled = random.percent(50);
  return scenario;
}

void note_scenario(const Scenario& scenario, Coverage& coverage) {
  if (scenario.check_interval > Duration::zero()) coverage.add("runs with health checks");
  if (scenario.small_instance) coverage.add("runs with an instance without room");
  if (scenario.others_stay) coverage.add("runs in which tasks of others stay");
  if (scenario.unavailable_is_percent) coverage.add("runs with a budget in percent");
  if (scenario.environment_count > 1) coverage.add("runs with environments side by side");
  if (scenario.state_on_sqlite || scenario.scheduler_on_sqlite) coverage.add("runs on SQLite");
  if (!scenario.clocks_err) return;
  coverage.add("runs in which clocks err");
  const bool set = scenario.state_clock.set_by != Duration::zero() ||
                   scenario.scheduler_clock.set_by != Duration::zero();
  if (set) coverage.add("runs in which a clock is set");
}

}  // namespace blox::simulation
