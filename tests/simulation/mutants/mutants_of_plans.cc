#include <memory>
#include <utility>

#include "simulation/mutants/biases.h"
#include "simulation/mutants/broken_planners.h"
#include "simulation/mutants/more_mutants.h"
#include "simulation/mutants/planned.h"

namespace blox::simulation {
namespace {

using scheduler::ObservedInstance;
using scheduler::Plan;
using scheduler::World;
using std::chrono::minutes;
using std::chrono::seconds;

// Nothing else fails a start.
void deny_a_revision(Scenario& scenario) {
  scenario.bad_revision = BadRevision::kDenied;
  scenario.deployments = 3;
  scenario.refused_instance = false;
  scenario.small_instance = false;
  scenario.faults.start_refused = 0;
  scenario.faults.start_broken = 0;
  scenario.faults.task_dies = 0;
}

void drain_often(Scenario& scenario) {
  scenario.services_run = true;
  scenario.machine_events = 12;
  scenario.drain_deadline = minutes{15};
}

void lose_agents(Scenario& scenario) {
  scenario.instance_count = 6;
  scenario.machine_events = 0;
  scenario.deployments = 3;
  scenario.faults.agent_disconnects = 0.5;
  scenario.faults.agent_away = {seconds{60}, minutes{3}};
  scenario.faults.event_lost = 0;
}

void delete_with_tasks(Scenario& scenario) {
  scenario.second_environment = true;
  scenario.delete_terminates = true;
}

// The picture goes back to tasks that have been replaced since.
void show_the_dead(Scenario& scenario) {
  scenario.state_on_sqlite = false;
  scenario.instance_count = 10;
  scenario.unavailable_is_percent = false;
  scenario.unavailable_max = 1;
  scenario.faults.agent_disconnects = 0;
  scenario.faults.task_dies = 0.7;
  scenario.faults.task_life = {seconds{20}, seconds{100}};
  scenario.holes = {};
  scenario.restored = {seconds{30}, seconds{90}};
  scenario.state_partitions = {{seconds{118}, minutes{2}}};
}

// The store is put back, and Describe is silent about what it shows.
void hide_the_dead(Scenario& scenario) {
  Random random{scenario.seed * 77 + 5};
  scenario.state_on_sqlite = false;
  scenario.instance_count = 6;
  scenario.unavailable_max = 1;
  scenario.unavailable_is_percent = false;
  scenario.deployments = 3;
  scenario.reconcile_every = minutes{2};
  scenario.others_meddle = scenario.others_stay = false;
  scenario.faults.agent_disconnects = 0;
  scenario.faults.task_dies = 0.5;
  scenario.faults.task_life = {seconds{5}, seconds{100}};
  scenario.calm_at = minutes{8};
  scenario.restored.at = seconds{20 + random.below(60)};
  scenario.restored.length = seconds{30 + random.below(120)};
  scenario.holes_share = 0.5;
  scenario.holes.at =
      random.between(Duration::zero(), scenario.restored.at + scenario.restored.length);
  scenario.holes.length = scenario.calm_at - scenario.holes.at;
}

// As if the picture could not have gone backwards, whatever it shows.
void believe_the_dead(ObservedInstance& instance) {
  for (auto& task : instance.tasks) {
    if (!task.doubted_since) continue;
    task.doubted_since.reset();
    instance.emptied_by_us = false;
  }
}

// Its bias still leaves many seeds in which nothing is wrong with what it does.
Mutant from_seed(std::uint64_t first, Mutant mutant) {
  mutant.first_seed = first;
  return mutant;
}

Mutant forgets_unseen() {
  Mutant mutant;
  mutant.promise = "S1";
  mutant.name = "forgets-what-it-does-not-see";
  mutant.planner = [] { return std::make_unique<ForgetfulPlanner>(); };
  mutant.bend_scenario = [](Scenario& scenario) { scenario.faults.event_lost = 0.5; };
  return mutant;
}

// The picture goes back to when there was one instance. A rollout hangs on one that came since.
void show_one(Scenario& scenario) {
  keep_quiet(scenario);
  scenario.instance_count = 1;
  scenario.machine_events = 5;
  scenario.calm_at = minutes{20};
  scenario.bad_revision = BadRevision::kHangs;
  scenario.restored = {seconds{5}, seconds{295}};
  scenario.state_partitions = {{minutes{5}, minutes{2}}};
}

Mutant stops_by_any_picture() {
  Mutant mutant;
  mutant.promise = "S3";
  mutant.name = "stops-by-any-picture";
  mutant.planner = [] { return std::make_unique<RashPlanner>(); };
  mutant.bend_scenario = show_one;
  return mutant;
}

void connect(ObservedInstance& instance) {
  instance.agent_connected = true;
  instance.superseded = false;
}

// A newer registration of the machine would have taken over: whoever is silent gives its place
// back.
void supersede_silent(ObservedInstance& instance) {
  if (!instance.agent_connected) instance.superseded = true;
}

void blink(Scenario& scenario) {
  keep_quiet(scenario);
  scenario.instance_count = 6;
  scenario.faults.agent_disconnects = 0.5;
  scenario.faults.agent_away = {seconds{20}, minutes{2}};
}

}  // namespace

std::vector<Mutant> mutants_of_plans() {
  return {
      planned("S2", "starts-while-disconnected", each_instance(connect), keep,
              [](Scenario& scenario) { scenario.faults.agent_disconnects = 0.5; }),
      planned("pauses", "does-not-pause", each_instance([](ObservedInstance& instance) {
                instance.disconnected_since.reset();
              }),
              keep, lose_agents),
      planned(
          "pauses", "calls-a-rollout-a-drain",
          each_instance([](ObservedInstance& instance) { instance.disconnected_since.reset(); }),
          [](Plan& plan) {
            for (auto& stop : plan.stops) stop.reason = "drains, and all other tasks are gone";
          },
          lose_agents),
      planned("drains", "stops-first-where-it-drains",
              each_instance([](ObservedInstance& instance) { instance.other_task_count = 0; }),
              keep, drain_often),
      planned(
          "drains", "does-not-wait-for-the-drain-deadline",
          [](World& world) { world.desired.drain_deadline = Duration::zero(); }, keep, drain_often),
      planned(
          "L", "never-stops-what-drains", leave,
          [](Plan& plan) {
            std::erase_if(plan.stops,
                          [](const auto& stop) { return stop.reason.starts_with("drains"); });
          },
          drain_often),
      planned(
          "S3", "counts-a-percent-as-a-number",
          [](World& world) { world.desired.unavailable_is_percent = false; }, keep,
          [](Scenario& scenario) {
            scenario.unavailable_is_percent = true;
            scenario.unavailable_max = 20;
            scenario.deployments = 3;
          }),
      from_seed(150,
                planned("S3", "forgets-early-deaths", each_instance([](ObservedInstance& instance) {
                          instance.early_death.reset();
                        }),
                        keep, die_early)),
      planned("backoff", "starts-again-at-once",
              each_instance([](ObservedInstance& instance) { instance.failures = {}; }), keep,
              refuse_starts),
      planned("backoff", "does-not-wait-after-a-denied-start",
              each_instance([](ObservedInstance& instance) { instance.failures = {}; }), keep,
              deny_a_revision),
      from_seed(119, planned("S3", "takes-the-silent-for-superseded",
                             each_instance(supersede_silent), keep, blink)),
      planned(
          "L", "leaves-the-tasks-of-the-deleted",
          [](World& world) { world.desired.terminate_tasks = false; }, keep, delete_with_tasks),
      from_seed(85, planned("S3", "does-not-know-whom-it-emptied",
                            each_instance(
                                [](ObservedInstance& instance) { instance.emptied_by_us = false; }),
                            keep, [](Scenario& scenario) { scenario.deployments = 3; })),
      from_seed(1015, planned(
                          "S3", "stops-without-asking-for-what-stays", leave,
                          [](Plan& plan) {
                            for (auto& stop : plan.stops) stop.kept.reset();
                          },
                          show_the_dead)),
      from_seed(163, planned("S3", "believes-the-dead", each_instance(believe_the_dead), keep,
                             hide_the_dead)),
      forgets_unseen(),
      from_seed(10, stops_by_any_picture()),
  };
}

}  // namespace blox::simulation
