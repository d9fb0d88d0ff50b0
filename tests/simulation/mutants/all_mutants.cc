#include "simulation/mutant.h"
#include "simulation/mutants/broken_planners.h"
#include "simulation/mutants/broken_protocols.h"

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

Mutant cut(std::string name, std::function<void(Plan&)> cut_plan) {
  Mutant mutant;
  mutant.name = std::move(name);
  mutant.planner = [cut_plan = std::move(cut_plan)] {
    return std::make_unique<CutPlanner>(cut_plan);
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

void trust_any_picture(World& world) {
  world.picture.loaded = true;
  world.picture.store_changed = false;
  world.picture.synced_age = Duration::zero();
  world.picture.contact_age = Duration::zero();
}

}  // namespace

std::vector<Mutant> all_mutants() {
  return {
      broken_control("sends-unknown-starts-again", UnknownStarts::kSentAgain),
      broken_control("takes-unknown-for-not-done", UnknownStarts::kTakenForNotDone),
      forgets("forgets-intents-at-a-crash", "scheduler/intents/"),
      forgets("forgets-outcomes-at-a-crash", "scheduler/outcomes/"),
      no_outcome(),
      short_settle(),
      bent("trusts-any-picture", trust_any_picture),
      bent("starts-while-draining",
           [](World& world) {
             for (auto& instance : world.instances) {
               if (instance.status.is_draining()) instance.status = make_instance_status("ACTIVE");
             }
           }),
      bent("ignores-the-budget",
           [](World& world) {
             world.desired.unavailable_max = 1'000;
             world.desired.unavailable_is_percent = false;
           }),
      bent("does-not-see-open-intents",
           [](World& world) {
             for (auto& instance : world.instances) instance.intent.reset();
           }),
      cut("never-stops-the-outdated", [](Plan& plan) { plan.stops.clear(); }),
      cut("never-tells-of-deployments", [](Plan& plan) { plan.deployment.reset(); }),
  };
}

}  // namespace blox::simulation
