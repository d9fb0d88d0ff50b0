#include "simulation/judges.h"

#include <chrono>
#include <functional>

#include "simulation/promises.h"

namespace blox::simulation {

namespace {

std::function<std::size_t(std::size_t)> places_by(const Scenario& scenario) {
  return [&scenario](std::size_t eligible) { return places_of(scenario, eligible); };
}

FailureJudge::Rules rules_of(const Scenario& scenario) {
  return {places_by(scenario), scenario.belief_age_max(), !scenario.forgetful};
}

}  // namespace

Judges::Judges(simulator::Simulator& simulator, const Scenario& scenario,
               const std::vector<std::string>& groups, Coverage& coverage)
    : eligible_(simulator.world, scenario.belief_age_max()),
      state_(simulator.world, coverage),
      observation_(simulator.world),
      calls_(simulator.world, state_),
      reads_(simulator.world, scenario.reconcile_every),
      rollout_(simulator.world, simulator.judge, state_, scenario.drain_deadline),
      hold_ups_(simulator.world, state_),
      strikes_({simulator.world, simulator.judge, state_, calls_, hold_ups_}),
      ending_(simulator.world, state_, health_, strikes_),
      failure_(simulator.world, strikes_, eligible_, rules_of(scenario)),
      ages_(simulator.world, state_) {
  const Duration belief = scenario.belief_age_max();
  simulator.judge.set_drain_grace(belief + std::chrono::minutes{2});
  if (judges_s3(scenario)) simulator.judge.set_return_grace(belief);
  simulator.world.add_observer(eligible_);
  for (const auto& group : groups) {
    Budget budget{group, places_by(scenario), belief, !scenario.forgetful};
    simulator.world.add_observer(budgets_.emplace_back(simulator.world, simulator.judge, health_,
                                                       eligible_, std::move(budget)));
  }
  simulator.world.add_observer(observation_);
  simulator.world.add_observer(rollout_);
  simulator.world.add_observer(hold_ups_);
  simulator.world.add_observer(strikes_);
  simulator.world.add_observer(ending_);
  simulator.world.add_observer(ages_);
  simulator.world.add_observer(copies_);
}

std::string Judges::broken() const {
  for (const auto& budget : budgets_) {
    if (!budget.broken().empty()) return budget.broken();
  }
  for (const std::string* broken :
       {&copies_.broken(), &observation_.broken(), &rollout_.broken(), &calls_.broken(),
        &reads_.broken(), &failure_.broken(), &ending_.broken(), &ages_.broken()}) {
    if (!broken->empty()) return *broken;
  }
  return {};
}

void Judges::note_coverage(Coverage& coverage) const {
  if (budgets_.front().known_max() > 0) coverage.add("stops while places were taken");
  calls_.note_coverage(coverage);
  reads_.note_coverage(coverage);
  rollout_.note_coverage(coverage);
  ending_.note_coverage(coverage);
  failure_.note_coverage(coverage);
  ages_.note_coverage(coverage);
  copies_.note_coverage(coverage);
  coverage.note_greatest("seconds that an observation was old at a start",
                         std::chrono::duration<double>(observation_.oldest()).count());
}

void Judges::on_deploying(const std::string& environment) {
  for (auto& budget : budgets_) {
    if (budget.group() == "blox:" + environment) budget.note_deployment();
  }
}

void Judges::on_restore() {
  state_.on_restore();
  calls_.on_restore();
  failure_.on_crash();
}

void Judges::on_scheduler_restore() {
  copies_.on_restore();
  hold_ups_.on_restore(copies_.held());
  strikes_.on_restore(copies_.held());
  failure_.on_restore();
}

}  // namespace blox::simulation
