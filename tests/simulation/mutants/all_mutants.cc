#include <algorithm>

#include "simulation/mutant.h"
#include "simulation/mutants/biases.h"
#include "simulation/mutants/broken_planners.h"
#include "simulation/mutants/broken_protocols.h"
#include "simulation/mutants/broken_states.h"
#include "simulation/mutants/more_mutants.h"

namespace blox::simulation {
namespace {

using scheduler::Plan;
using scheduler::World;

Mutant bent(std::string name, std::function<void(World&)> bend) {
  Mutant mutant;
  mutant.name = std::move(name);
  mutant.planner = [bend = std::move(bend)] { return std::make_unique<BentPlanner>(bend); };
  return mutant;
}

void trust_any_picture(World& world) {
  world.picture.loaded = true;
  world.picture.confirmed = true;
  world.picture.lacks_tasks = false;
  world.picture.synced_age = Duration::zero();
  world.picture.contact_age = Duration::zero();
}

// What is not sure is neither seen as such nor confirmed.
Mutant credulous() {
  Mutant mutant;
  mutant.name = "trusts-any-picture";
  mutant.planner = [] {
    return std::make_unique<BentPlanner>(trust_any_picture, [](Plan& plan) {
      plan.needs_confirmation = false;
      plan.needs_listing = false;
    });
  };
  return mutant;
}

Mutant cut(std::string name, std::function<void(Plan&)> cut_plan) {
  Mutant mutant;
  mutant.name = std::move(name);
  mutant.planner = [cut_plan = std::move(cut_plan)] {
    return std::make_unique<BentPlanner>([](World&) {}, cut_plan);
  };
  return mutant;
}

Mutant broken_control(std::string name, UnknownStarts unknown) {
  Mutant mutant;
  mutant.name = std::move(name);
  mutant.control = [unknown](aws::EcsControl& real) {
    return std::make_unique<BrokenControl>(real, unknown);
  };
  return mutant;
}

Mutant forgets(std::string name, std::string prefix) {
  Mutant mutant;
  mutant.name = std::move(name);
  mutant.forgotten_prefix = std::move(prefix);
  return mutant;
}

Mutant no_outcome() {
  Mutant mutant;
  mutant.name = "forgets-outcomes";
  mutant.log = [](scheduler::Repository& repository) {
    return std::make_unique<NoOutcomeLog>(repository);
  };
  return mutant;
}

Mutant short_settle() {
  Mutant mutant;
  mutant.name = "settles-too-soon";
  mutant.options = [](scheduler::ActOptions& options) {
    options.assumptions.launch_effect_max = std::chrono::seconds{1};
    options.assumptions.ecs_visible_max = std::chrono::seconds{1};
  };
  return mutant;
}

void see_draining_as_active(World& world) {
  for (auto& instance : world.instances) {
    if (instance.status.is_draining()) instance.status = make_instance_status("ACTIVE");
  }
}

void ignore_the_budget(World& world) {
  world.desired.unavailable_max = 1'000;
  world.desired.unavailable_is_percent = false;
}

// Whatever serves for a moment is built on.
void build_on_young_tasks(World& world) {
  for (auto& instance : world.instances) {
    instance.early_death.reset();
    const bool serves =
        std::ranges::any_of(instance.tasks, [](const scheduler::ObservedTask& task) {
          return task.phase == scheduler::TaskPhase::kServing;
        });
    if (serves) instance.emptied_by_us = false;
  }
}

// Its names are used again while its tasks may not be seen: nobody follows them any more.
void forget_heirs(World& world) {
  for (auto& instance : world.instances) {
    instance.unclaimed.clear();
    instance.predecessor_starts = false;
  }
}

void forget_intents(World& world) {
  for (auto& instance : world.instances) instance.intent.reset();
}

// What bears our group and nobody started is ours, and outdated.
void take_unclaimed_for_ours(World& world) {
  if (!world.desired.deployment) return;
  for (auto& instance : world.instances) {
    for (auto& task : std::exchange(instance.unclaimed, {})) {
      scheduler::ObservedTask ours;
      ours.arn = std::move(task.arn);
      ours.task_definition = TaskDefinitionArn{"outdated"};
      ours.started_by = world.desired.deployment->id;
      ours.phase = scheduler::TaskPhase::kServing;
      instance.tasks.push_back(std::move(ours));
    }
  }
}

Mutant hasty_store() {
  Mutant mutant;
  mutant.name = "acknowledges-before-it-commits";
  mutant.state_store = [](Executor& executor, std::unique_ptr<store::Store> real) {
    return std::make_unique<HastyStore>(executor, std::move(real));
  };
  return mutant;
}

Mutant late_for_new() {
  Mutant mutant;
  mutant.name = "takes-late-events-for-new";
  mutant.state_queue = [](Executor&, aws::Queue& real) {
    return std::make_unique<LateForNewQueue>(real);
  };
  return mutant;
}

Mutant hasty_delete() {
  Mutant mutant;
  mutant.name = "deletes-what-was-missing-once";
  mutant.state_options = [](apps::StateServiceOptions& options) {
    options.reconcile.visible_max = std::chrono::seconds{1};
  };
  return mutant;
}

Mutant caught_by(std::string promise, Mutant mutant) {
  mutant.promise = std::move(promise);
  return mutant;
}

Mutant where(std::function<void(Scenario&)> bias, Mutant mutant) {
  mutant.bend_scenario = std::move(bias);
  return mutant;
}

Mutant slowly(Mutant mutant) {
  mutant.slow = true;
  return mutant;
}

}  // namespace

std::vector<Mutant> all_mutants() {
  std::vector<Mutant> all{
      caught_by("S1", broken_control("sends-unknown-starts-again", UnknownStarts::kSentAgain)),
      caught_by("S1",
                broken_control("takes-unknown-for-not-done", UnknownStarts::kTakenForNotDone)),
      slowly(caught_by(
          "S1", where(crash_often, forgets("forgets-intents-at-a-crash", "scheduler/intents/")))),
      caught_by("S1", forgets("forgets-outcomes-at-a-crash", "scheduler/outcomes/")),
      caught_by("S1", no_outcome()),
      caught_by("S1", short_settle()),
      caught_by("S1", where(put_back_unread, credulous())),
      caught_by("S2", bent("starts-while-draining", see_draining_as_active)),
      caught_by("S3", bent("ignores-the-budget", ignore_the_budget)),
      caught_by("S3", where(die_early, bent("builds-on-young-tasks", build_on_young_tasks))),
      caught_by("S1", bent("does-not-see-tasks-of-its-name", forget_heirs)),
      caught_by("S1",
                where(leave_holes, bent("starts-beside-holes",
                                        [](World& world) { world.picture.lacks_tasks = false; }))),
      slowly(
          caught_by("L", where(lose_answers, bent("does-not-see-open-intents", forget_intents)))),
      caught_by("S4", bent("takes-unclaimed-for-ours", take_unclaimed_for_ours)),
      caught_by("L", cut("never-stops-the-outdated", [](Plan& plan) { plan.stops.clear(); })),
      caught_by("L",
                cut("never-tells-of-deployments", [](Plan& plan) { plan.deployment.reset(); })),
      caught_by("C", hasty_store()),
      caught_by("C", late_for_new()),
      caught_by("C", hasty_delete()),
  };
  for (auto more :
       {mutants_of_plans(), mutants_of_words(), mutants_of_calls(), mutants_of_states()}) {
    std::ranges::move(more, std::back_inserter(all));
  }
  return all;
}

}  // namespace blox::simulation
