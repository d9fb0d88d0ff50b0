#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "simulation/mutants/biases.h"
#include "simulation/mutants/broken_planners.h"
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

// What it started since the copy was made shows late, if at all.
void put_back_records(Scenario& scenario) {
  scenario.scheduler_on_sqlite = scenario.state_on_sqlite = false;
  scenario.others_meddle = scenario.others_stay = false;
  scenario.restored = scenario.holes = {};
  scenario.both_restored = false;
  scenario.scheduler_restored = {seconds{20}, scenario.calm_at / 3};
  scenario.deployments = 3;
  scenario.machine_events = std::max(scenario.machine_events, 6);
}

Mutant trusts_a_copy() {
  Mutant mutant;
  mutant.promise = "S1";
  mutant.name = "trusts-a-copy-of-its-records";
  mutant.scheduler_store = [](Executor&, std::unique_ptr<store::Store> real) {
    return std::make_unique<NamelessStore>(std::move(real));
  };
  mutant.bend_scenario = [](Scenario& scenario) {
    put_back_records(scenario);
    scenario.faults.event_lost = 0.8;
    scenario.faults.list_lagging = 0.8;
    scenario.faults.list_lag_max = minutes{5};
    scenario.reconcile_every = minutes{20};
  };
  return mutant;
}

// Whom the stops had emptied of which the copy does not know.
Mutant suspects_nothing() {
  Mutant mutant;
  mutant.promise = "S3";
  mutant.name = "takes-what-a-copy-knows-for-all";
  mutant.planner = [] { return std::make_unique<UnsuspectingPlanner>(); };
  mutant.bend_scenario = [](Scenario& scenario) {
    keep_quiet(scenario);
    put_back_records(scenario);
    scenario.machine_events = 0;
    scenario.instance_count = 4;
    scenario.calm_at = minutes{20};
    // Nothing has been stopped when the copy is made. When it is put back, an instance is empty on
    // which the next revision may not be started.
    scenario.scheduler_restored = {seconds{30}, seconds{270}};
    scenario.bad_revision = BadRevision::kDenied;
    // Nor does anybody else know who emptied it when the copy has waited.
    scenario.forgetful = true;
    scenario.stopped_visible = scenario.final_kept = scenario.reconcile_every = minutes{2};
  };
  return mutant;
}

// Of a deployment that the copy does not know.
Mutant stops_what_is_unclaimed() {
  Mutant mutant;
  mutant.promise = "S4";
  mutant.name = "stops-what-is-unclaimed";
  mutant.planner = [] {
    return std::make_unique<BentPlanner>([](scheduler::World& world) {
      for (auto& instance : world.instances) {
        for (auto& task : std::exchange(instance.unclaimed, {})) {
          scheduler::ObservedTask own;
          own.arn = task.arn;
          own.task_definition = task.task_definition;
          own.started_by = task.started_by;
          own.phase = scheduler::TaskPhase::kServing;
          own.created_at = task.created_at;
          instance.tasks.push_back(std::move(own));
        }
      }
    });
  };
  mutant.bend_scenario = put_back_records;
  mutant.first_seed = 60;  // Few copies lack a deployment that has started something.
  return mutant;
}

// A machine whose clock is behind, and one whose clock is set back.
Mutant by_its_clock(std::string name, bool measures_by_date) {
  Mutant mutant;
  mutant.promise = "ages";
  mutant.name = std::move(name);
  mutant.has_its_own_date = true;
  mutant.measures_by_date = measures_by_date;
  mutant.bend_scenario = [measures_by_date](Scenario& scenario) {
    scenario.clocks_err = true;
    scenario.state_clock = {minutes{-4}, {}, {}};
    if (measures_by_date) scenario.state_clock = {minutes{4}, scenario.calm_at / 2, minutes{-4}};
  };
  return mutant;
}

// What ECS said it started for an environment that is being deleted counts no more: the environment
// goes, and who takes its name knows nothing of tasks that nobody has seen.
class LogWithoutTheDeleted final : public scheduler::IntentLog {
 public:
  explicit LogWithoutTheDeleted(scheduler::Repository& repository)
      : repository_(repository), real_(repository) {}
  Async<Result<std::vector<scheduler::Intent>>> open(
      std::vector<scheduler::Intent> intents) override {
    co_await forget();
    co_return co_await real_.open(std::move(intents));
  }
  Async<Status> close(std::vector<scheduler::IntentClosing> closings) override {
    const auto closed = co_await real_.close(std::move(closings));
    co_await forget();
    co_return closed;
  }

 private:
  Async<void> forget() {
    const auto& records = repository_.records();
    std::vector<TaskArn> forgotten;
    for (const auto& [task, outcome] : records.outcomes) {
      const auto owner = records.environments.find(outcome.environment);
      const bool deleting = owner != records.environments.end() && owner->second.deleting;
      if (deleting) forgotten.push_back(task);
    }
    if (!forgotten.empty()) (void)co_await repository_.remove_outcomes(std::move(forgotten));
  }

  scheduler::Repository& repository_;
  scheduler::RepositoryIntentLog real_;
};

Mutant forgets_the_deleted() {
  Mutant mutant;
  mutant.promise = "S1";
  mutant.name = "deletes-while-outcomes-are-open";
  mutant.log = [](scheduler::Repository& repository) {
    return std::make_unique<LogWithoutTheDeleted>(repository);
  };
  mutant.bend_scenario = [](Scenario& scenario) {
    scenario.second_environment = true;
    scenario.name_again = true;
    scenario.delete_terminates = false;
    scenario.instance_count = 10;
    scenario.deployments = 3;
    scenario.faults.event_lost = 0.7;
  };
  return mutant;
}

Mutant reads_for_ever() {
  Mutant mutant;
  mutant.promise = "reads";
  mutant.name = "reads-all-clusters-every-15-s";
  mutant.state_options = [](apps::StateServiceOptions& options) {
    options.reconcile.every = seconds{15};
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
      trusts_a_copy(),
      suspects_nothing(),
      stops_what_is_unclaimed(),
      by_its_clock("believes-its-own-clock", false),
      by_its_clock("measures-by-the-date", true),
      reads_for_ever(),
      forgets_the_deleted(),
  };
}

}  // namespace blox::simulation
