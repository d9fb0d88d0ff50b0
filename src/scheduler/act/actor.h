// Actor: carries plans out. It takes of a plan what there is room for and leaves the rest to the
// next round, so that nothing queues here.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/scope.h"
#include "scheduler/act/act_context.h"
#include "scheduler/act/confirmer.h"
#include "scheduler/act/health_watch.h"
#include "scheduler/act/kept_check.h"
#include "scheduler/act/launcher.h"
#include "scheduler/act/outcome_watch.h"
#include "scheduler/act/remover.h"
#include "scheduler/act/resolver.h"
#include "scheduler/act/sightings.h"
#include "scheduler/act/stopper.h"
#include "scheduler/plan/daemon_plan.h"

namespace blox::scheduler {

/// Threading: the executor's thread. Requires: the context outlives it; the records are loaded.
class Actor {
 public:
  explicit Actor(ActContext& context);

  /// Begins to carry out `plan`, which was made from the records as they are now.
  void carry_out(const Environment& environment, const Plan& plan);
  /// Goes on with what is open: stops, look-ups, checks. Call it in every round, after the plans.
  void drive();
  /// When drive() or a paused start has something to do.
  std::optional<TimePoint> next_due() const;
  /// Why nothing is started in that cluster for now, in words; empty: nothing stands against it.
  std::string why_paused(const ClusterArn& cluster) const { return launcher_.why_paused(cluster); }
  /// Why the newest plan's start or stop there is kept back until ECS has confirmed what it rests
  /// on, in words; or empty.
  std::string why_held(const EnvironmentUid& environment,
                       const ContainerInstanceArn& instance) const;
  /// How many starts are being looked for.
  std::size_t unknown_count() const { return resolver_.size(); }
  /// False while a call that changes ECS, or the storing of what came of it, is under way.
  bool is_quiet() const { return launcher_.is_quiet() && stopper_.is_quiet() && writing_.empty(); }

 private:
  std::optional<Emptied> find_emptied(const Intent& intent) const;
  void begin_closings(const Environment& environment, const Plan& plan);
  void begin_starts(const Environment& environment, const Plan& plan);
  void begin_stops(const Environment& environment, const Plan& plan);
  void watch_health(const Environment& environment, const Plan& plan);
  Intent intent_for(const Environment& environment, IntentKind kind,
                    const ContainerInstanceArn& instance, const std::string& reason);
  Async<void> close(std::vector<IntentClosing> closings);
  Async<void> open_stops(EnvironmentUid environment, std::vector<Intent> intents);

  ActContext& context_;
  Launcher launcher_;
  Stopper stopper_;
  Resolver resolver_;
  OutcomeWatch outcome_watch_;
  Sightings sightings_;
  Confirmer confirmer_;
  KeptCheck kept_check_;
  HealthWatch health_watch_;
  Remover remover_;
  std::set<IntentKey> writing_;  // Stop intents being opened, intents being closed.
  std::set<EnvironmentUid> opening_stops_;
  StopAdvice stop_advice_;  // By the plans of this round.
  TimePoint stops_paused_until_;
  Scope scope_;
};

}  // namespace blox::scheduler
