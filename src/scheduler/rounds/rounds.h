// Rounds: the scheduler's one loop: observe, plan, act for each environment, again whenever
// something changed or became due. It remembers nothing of its own: each round decides anew.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/executor.h"
#include "base/metrics.h"
#include "base/scope.h"
#include "base/signal.h"
#include "client/cluster_mirror.h"
#include "scheduler/act/actor.h"
#include "scheduler/environments/repository.h"
#include "scheduler/environments/status_board.h"
#include "scheduler/observe/observer.h"
#include "scheduler/plan/daemon_plan.h"
#include "scheduler/rounds/environment_metrics.h"

namespace blox::scheduler {

struct RoundsOptions {
  Duration join_window = std::chrono::milliseconds{20};  ///< For joins to share a call of ten.
  Duration idle_max = std::chrono::seconds{30};          ///< A round at least so often.
  ObserveOptions observe;
  ActOptions act;
};

struct RoundsMetrics {
  explicit RoundsMetrics(Metrics& metrics);
  Counter& rounds;
  Histogram& seconds;
  Counter& doubled;  ///< Times that an instance came to have two live tasks.
  Gauge& open_intents;
  Gauge& unknown_intents;
  Gauge& outcomes;
};

/// What a scheduler works with. Requires: all of it outlives the Rounds.
struct RoundsParts {
  Executor& executor;
  Random& random;
  Repository& repository;  ///< Loaded before run().
  client::ClusterMirror& mirror;
  Planner& planner;
  IntentLog& log;
  aws::EcsControl& control;
  aws::EcsQuery& query;
  StatusBoard& board;
  Metrics& metrics;
};

/// Threading: the executor's thread.
class Rounds {
 public:
  explicit Rounds(const RoundsParts& parts, RoundsOptions options = {});

  /// Runs rounds until stopped or destroyed. Requires: the records are loaded; spawned once; this
  /// outlives it.
  Async<void> run();

  /// From here on nothing new is decided or begun; what is under way goes on to its end.
  void stop();
  /// False while a call that changes ECS, or the storing of what came of it, is under way. After
  /// stop(), true means that destroying this leaves open no intent whose outcome was to be had.
  bool is_quiet() const { return actor_.is_quiet(); }

  /// One round, at once. For tests; run() calls it.
  Async<void> run_once();

 private:
  Async<void> watch(Signal& signal);
  void decide(const Environment& environment, const World& world);
  void publish(const Environment& environment, const World& world, const Plan& plan);
  void explain_waits(const Environment& environment, const Plan& plan);
  void note_metrics(const Environment& environment, const World& world, const Plan& plan);
  void note_doubled(const Environment& environment, const Plan& plan);
  void note_deployment(const Environment& environment, const Plan& plan);
  void note_emptied(const Environment& environment, const World& world);
  Async<void> store_deployments();
  Async<void> store_emptied();
  void measure(TimePoint begun);

  RoundsParts parts_;
  RoundsOptions options_;
  LaunchMemory memory_;
  Observer observer_;
  ActContext context_;
  Actor actor_;
  RoundsMetrics metrics_;
  EnvironmentMetrics environment_metrics_;
  Signal wake_;
  int watching_ = 0;
  bool dirty_ = true;
  std::optional<TimePoint> next_due_;
  EnvironmentUid first_;                         // Was decided first in the newest round.
  std::vector<Deployment> changed_deployments_;  // By the round that runs now.
  std::vector<Emptied> emptied_;                 // Likewise: to be noted,
  std::vector<IntentKey> refilled_;              // and to be forgotten.
  std::set<std::pair<EnvironmentUid, ContainerInstanceArn>> doubled_;
  Scope scope_;
};

}  // namespace blox::scheduler
