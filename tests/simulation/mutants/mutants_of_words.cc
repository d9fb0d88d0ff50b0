#include <memory>
#include <set>
#include <utility>

#include "simulation/mutants/biases.h"
#include "simulation/mutants/more_mutants.h"
#include "simulation/mutants/planned.h"

namespace blox::simulation {
namespace {

using scheduler::InstanceState;
using scheduler::ObservedInstance;
using scheduler::Plan;
using scheduler::World;
using std::chrono::minutes;
using std::chrono::seconds;

void take_for_healthy(ObservedInstance& instance) {
  for (auto& task : instance.tasks) {
    task.unhealthy = task.awaits_health = false;
    task.unhealthy_since.reset();
    task.silent_since.reset();
  }
}

void check_health(Scenario& scenario) {
  scenario.check_interval = seconds{20};
  scenario.bad_revision = BadRevision::kSilent;
  scenario.deployments = 3;
}

// Whom one deployment named the next one names.
Mutant carries_names_over() {
  Mutant mutant;
  mutant.promise = "failed instances";
  mutant.name = "names-whom-an-earlier-deployment-named";
  mutant.planner = [] {
    auto named = std::make_shared<std::set<ContainerInstanceArn>>();
    return std::make_unique<BentPlanner>([named](World& world) {
      if (!world.desired.deployment) return;
      auto& failed = world.desired.deployment->failed_instances;
      named->insert(failed.begin(), failed.end());
      failed.assign(named->begin(), named->end());
    });
  };
  mutant.bend_scenario = refuse_starts;
  return mutant;
}

void give_up_at_once(ObservedInstance& instance) { instance.failures.count *= 3; }

// Its rollout goes on from one instance to the next.
void never_fail(Plan& plan) {
  if (plan.deployment && plan.deployment->status == scheduler::RolloutStatus::kFailed) {
    plan.deployment.reset();
  }
}

void die_in_quiet(Scenario& scenario) {
  keep_quiet(scenario);
  scenario.instance_count = 10;
  scenario.bad_revision = BadRevision::kDies;
  scenario.bad_life = seconds{45};
}

void refuse_in_quiet(Scenario& scenario) {
  keep_quiet(scenario);
  scenario.instance_count = 10;
  scenario.unavailable_max = 3;
  scenario.faults.start_refused = 0.3;
}

Mutant fails_at_the_first_trouble() {
  Mutant mutant;
  mutant.promise = "failed";
  mutant.name = "fails-at-the-first-trouble";
  mutant.planner = [] { return std::make_unique<HastyPlanner>(); };
  mutant.bend_scenario = refuse_in_quiet;
  return mutant;
}

void complete_at_once(Plan& plan) {
  if (!plan.deployment) return;
  plan.deployment->status = scheduler::RolloutStatus::kCompleted;
  plan.deployment->failed_instances.clear();
}

void name_all_that_wait(Plan& plan) {
  if (!plan.deployment) return;
  for (const auto& line : plan.lines) {
    if (line.state != InstanceState::kServing) {
      plan.deployment->failed_instances.push_back(line.instance);
    }
  }
  std::ranges::sort(plan.deployment->failed_instances);
}

// Who is without a task for a moment is not waited for.
void wait_for_nobody(World& world) {
  const auto long_ago = world.now - minutes{20};
  if (world.desired.deployment) world.desired.deployment->since = long_ago;
  for (ObservedInstance& instance : world.instances) {
    if (instance.unserved_since) instance.unserved_since = long_ago;
  }
}

void give_up_what_is_open(World& world) {
  const auto long_ago = world.now - minutes{20};
  if (world.desired.deployment) world.desired.deployment->since = long_ago;
  for (ObservedInstance& instance : world.instances) {
    if (instance.intent) instance.intent->since = long_ago;
  }
}

void deny_stops_for_a_while(Scenario& scenario) {
  scenario.stops_denied = {seconds{30}, minutes{1}};
  scenario.deployments = 3;
}

void give_up_refused_stops(World& world) {
  for (ObservedInstance& instance : world.instances) {
    if (instance.intent) instance.intent->refused_count *= 3;
  }
}

// Nothing but the wait stands between the last start and the end.
void serve_long(Scenario& scenario) {
  scenario.faults = {};
  scenario.deployments = 2;
}

void let_others_stay(Scenario& scenario) {
  scenario.others_meddle = true;
  scenario.others_stay = true;
  scenario.machine_events = 12;
}

}  // namespace

std::vector<Mutant> mutants_of_words() {
  return {
      planned("completed", "completes-at-once", leave, complete_at_once, {}),
      planned(
          "completed", "does-not-wait-for-min-healthy",
          [](World& world) { world.desired.min_healthy = Duration::zero(); }, keep, serve_long),
      planned("completed", "does-not-wait-for-health", each_instance(take_for_healthy), keep,
              check_health),
      planned("S3", "builds-on-what-no-check-calls-well", each_instance(take_for_healthy), keep,
              [](Scenario& scenario) {
                keep_quiet(scenario);
                check_health(scenario);
              }),
      planned("failed", "never-fails-a-deployment", leave, never_fail, die_in_quiet),
      fails_at_the_first_trouble(),
      planned("failed instances", "names-all-that-wait", leave, name_all_that_wait, {}),
      planned("failed instances", "waits-for-no-task", wait_for_nobody, keep, {}),
      planned("failed instances", "waits-for-no-open-call", give_up_what_is_open, keep, {}),
      planned("failed instances", "gives-up-at-the-first-refused-stop", give_up_refused_stops, keep,
              deny_stops_for_a_while),
      planned("failed instances", "gives-up-at-the-first-failed-start",
              each_instance(give_up_at_once), keep, refuse_starts),
      carries_names_over(),
      planned(
          "L", "gives-no-reason", leave,
          [](Plan& plan) {
            for (auto& line : plan.lines) line.reason = "?";
          },
          [](Scenario& scenario) { scenario.small_instance = true; }),
      planned(
          "L", "names-no-task-of-others", leave,
          [](Plan& plan) {
            for (auto& line : plan.lines) {
              if (line.state == InstanceState::kBlocked) line.reason = "waits for a task of others";
            }
          },
          let_others_stay),
  };
}

}  // namespace blox::simulation
