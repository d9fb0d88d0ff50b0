#include <utility>

#include "simulation/mutants/biases.h"
#include "simulation/mutants/broken_states.h"
#include "simulation/mutants/more_mutants.h"

namespace blox::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

Mutant bent_queue(std::string promise, std::string name, BentQueue::Bends bends) {
  Mutant mutant;
  mutant.promise = std::move(promise);
  mutant.name = std::move(name);
  mutant.state_queue = [bends](Executor& executor, aws::Queue& real) {
    return std::make_unique<BentQueue>(executor, real, bends);
  };
  return mutant;
}

Mutant hasty_records() {
  Mutant mutant;
  mutant.promise = "S1";
  mutant.name = "acknowledges-intents-before-it-commits";
  mutant.scheduler_store = [](Executor& executor, std::unique_ptr<store::Store> real) {
    return std::make_unique<HastyStore>(executor, std::move(real));
  };
  mutant.bend_scenario = [](Scenario& scenario) {
    crash_often(scenario);
    scenario.scheduler_on_sqlite = false;
  };
  return mutant;
}

// Its stops have ended what served, and the next process does not know that it was us.
Mutant forgets_emptied() {
  Mutant mutant;
  mutant.promise = "S3";
  mutant.name = "forgets-whom-it-emptied-at-a-crash";
  mutant.forgotten_prefix = "scheduler/emptied/";
  mutant.first_seed = 126;  // Few crashes come in time.
  mutant.bend_scenario = [](Scenario& scenario) {
    scenario.crash_count = 12;
    scenario.deployments = 3;
    scenario.instance_count = 10;
    scenario.unavailable_is_percent = false;
    scenario.unavailable_max = 2;
    scenario.forgetful = false;
    scenario.faults.event_lost = 0.4;
  };
  return mutant;
}

}  // namespace

std::vector<Mutant> mutants_of_states() {
  return {
      bent_queue("C", "deletes-what-it-has-not-stored", {.deletes_at_once = true}),
      bent_queue("S2", "takes-old-news-for-new", {.makes_new = true}),
      hasty_records(),
      forgets_emptied(),
  };
}

}  // namespace blox::simulation
