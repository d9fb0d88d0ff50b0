// Judges: all who judge a run by what happens in the world and by what passes the seams, and where
// each of them listens.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "simulation/age_judge.h"
#include "simulation/budget_judge.h"
#include "simulation/call_judge.h"
#include "simulation/copy_judge.h"
#include "simulation/coverage.h"
#include "simulation/eligible_count.h"
#include "simulation/ending_judge.h"
#include "simulation/failure_judge.h"
#include "simulation/health_words.h"
#include "simulation/observation_judge.h"
#include "simulation/read_judge.h"
#include "simulation/rollout_judge.h"
#include "simulation/scenario.h"
#include "simulation/scheduler_records.h"
#include "simulation/seam_listener.h"
#include "simulation/state_judge.h"
#include "simulation/strikes.h"
#include "simulator/simulator.h"

namespace blox::simulation {

/// Threading: the loop's thread. Requires: simulator, scenario and coverage outlive it.
class Judges {
 public:
  /// `groups` are those of the environments that stay.
  Judges(simulator::Simulator& simulator, const Scenario& scenario,
         const std::vector<std::string>& groups, Coverage& coverage);

  /// What the first of them says that has something to say; empty: all was kept.
  std::string broken() const;
  void note_coverage(Coverage& coverage) const;
  StateJudge& state() { return state_; }
  AgeJudge& ages() { return ages_; }
  const SchedulerRecords& records() const { return records_; }
  const CallJudge& calls() const { return calls_; }
  /// The most instances that were eligible at a moment.
  std::size_t eligible_max() const { return eligible_.max(); }

  /// Who listens to the queue and the store of the cluster-state-service, and to its calls,
  SeamListeners of_state() { return {&observation_, &calls_, &ages_}; }
  SeamListeners of_state_calls() { return {&observation_, &health_, &reads_, &ages_}; }
  /// and to the store of the daemon-scheduler, and to its calls.
  SeamListeners of_scheduler() {
    return {&rollout_, &hold_ups_, &strikes_, &ending_, &failure_, &calls_, &copies_, &records_};
  }
  SeamListeners of_scheduler_calls() {
    return {&observation_, &health_, &calls_, &hold_ups_, &strikes_, &failure_};
  }

  /// Somebody is about to deploy.
  void on_deploying(const std::string& environment);
  void on_state_crash() {
    state_.on_crash();
    reads_.on_crash();
    failure_.on_crash();
  }
  void on_scheduler_crash() {
    calls_.on_crash();
    hold_ups_.on_crash();
    failure_.on_crash();
    records_.on_crash();
  }
  /// The cluster state is an older copy of itself.
  void on_restore();
  /// The scheduler's store is copied, …
  void on_scheduler_copy() { copies_.on_copy(); }
  /// … and put back. False: the copy has no environment, and nothing to be known by.
  bool is_scheduler_copied() const { return copies_.has_copy_of_environment(); }
  void on_scheduler_restore();

 private:
  HealthWords health_;
  EligibleCount eligible_;
  std::deque<BudgetJudge> budgets_;  // One an environment that stays; they do not move.
  StateJudge state_;
  ObservationJudge observation_;
  CallJudge calls_;
  ReadJudge reads_;
  RolloutJudge rollout_;
  HoldUps hold_ups_;
  Strikes strikes_;
  EndingJudge ending_;
  FailureJudge failure_;
  AgeJudge ages_;
  CopyJudge copies_;
  SchedulerRecords records_;
};

}  // namespace blox::simulation
