// SchedulerService: the daemon-scheduler, wired. It is handed its store, the way to the cluster
// state and ECS, so the programs and the simulation run the same.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "aws/ecs_control.h"
#include "aws/ecs_query.h"
#include "base/executor.h"
#include "base/log_pace.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/scope.h"
#include "client/cluster_mirror.h"
#include "client/http_cluster_state.h"
#include "http/transport.h"
#include "scheduler/api/scheduler_api.h"
#include "scheduler/environments/operations.h"
#include "scheduler/environments/repository.h"
#include "scheduler/environments/status_board.h"
#include "scheduler/plan/daemon_plan.h"
#include "scheduler/rounds/rounds.h"
#include "store/store.h"

namespace blox::apps {

struct SchedulerServiceOptions {
  std::string state_url = "http://127.0.0.1:3000";  ///< Of the cluster-state-service.
  client::ClusterMirrorOptions mirror;
  scheduler::PlanLimits plan;
  scheduler::RoundsOptions rounds;
};

/// What it works with. All of it outlives the service.
struct SchedulerParts {
  Executor& executor;
  Random& random;
  store::Store& store;
  http::Transport& state_transport;
  scheduler::Directory& directory;
  aws::EcsQuery& query;
  aws::EcsControl& control;
  Metrics& metrics;
  /// Decides instead of the planner that ships: for tests. Null: that one.
  scheduler::Planner* planner = nullptr;
  /// Makes what writes intents instead of the repository: for tests. Empty: the repository does.
  std::function<std::unique_ptr<scheduler::IntentLog>(scheduler::Repository&)> make_intent_log = {};
  /// True once the executor's date is that of ECS: nothing is decided before. Empty: it always is.
  std::function<bool()> knows_date = {};
};

/// Runs from construction to destruction, which may come at any moment: what counts is in the
/// store. An orderly end is stop(), then a wait for is_quiet(): it leaves no start of unknown
/// outcome, which would keep its instance waiting for the settle time. Threading: the executor's
/// thread.
class SchedulerService {
 public:
  explicit SchedulerService(SchedulerParts parts, SchedulerServiceOptions options = {});

  /// Its HTTP API.
  http::Handler& handler() { return api_; }
  /// True once its records are read and can be gone by; the rounds run from then on.
  bool is_loaded() const { return rounds_ != nullptr; }
  /// Decides and begins nothing new from here on.
  void stop();
  /// False while a call that changes ECS is under way, or what came of it is not stored.
  bool is_quiet() const { return !rounds_ || rounds_->is_quiet(); }
  const scheduler::Repository& repository() const { return repository_; }
  const scheduler::StatusBoard& board() const { return board_; }
  const client::ClusterMirror& mirror() const { return mirror_; }

 private:
  Async<void> run();
  Async<void> load();
  Async<void> learn_date();
  Async<void> outwait_copy();
  void tell_wait(std::string_view what, std::string_view why, LogPace& pace);
  Status readiness() const;

  SchedulerParts parts_;
  SchedulerServiceOptions options_;
  scheduler::Repository repository_;
  std::unique_ptr<scheduler::IntentLog> intent_log_;
  scheduler::DaemonPlanner planner_;
  scheduler::StatusBoard board_;
  client::HttpClusterState state_;
  client::ClusterMirror mirror_;
  scheduler::Operations operations_;
  scheduler::SchedulerApi api_;
  std::unique_ptr<scheduler::Rounds> rounds_;
  std::string waits_for_;  // Until there are rounds.
  bool stopping_ = false;
  Scope scope_;
};

}  // namespace blox::apps
