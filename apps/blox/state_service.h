// StateService: the cluster-state-service, wired. It is handed its store, queue and ECS, so the
// programs and the simulation run the same.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "aws/ecs_query.h"
#include "aws/queue.h"
#include "base/executor.h"
#include "base/metric_series.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/scope.h"
#include "blox/unread_source.h"
#include "cluster_state/api/cluster_state_api.h"
#include "cluster_state/ingest/ingest.h"
#include "cluster_state/ingest/queue_consumer.h"
#include "cluster_state/reconcile/reconciler.h"
#include "cluster_state/view/cluster_view.h"
#include "http/router.h"
#include "store/store.h"

namespace blox::apps {

struct StateServiceOptions {
  cluster_state::IngestOptions ingest;
  cluster_state::ConsumerOptions consumer;
  cluster_state::ReconcileOptions reconcile;
  cluster_state::ClusterViewOptions view;
};

/// Runs from construction to destruction; destroying it is how it ends, orderly or not: what counts
/// is in the store. Requires: everything handed in outlives it. Threading: the executor's thread.
class StateService {
 public:
  StateService(Executor& executor, Random& random, store::Store& store, aws::Queue& queue,
               aws::EcsQuery& ecs, Metrics& metrics, StateServiceOptions options = {});

  /// Its HTTP API.
  http::Handler& handler() { return router_; }

  const cluster_state::Ingest& ingest() const { return ingest_; }
  const cluster_state::ClusterView& view() const { return view_; }
  /// What plain answers leave out, or wait for.
  cluster_state::UnreadPtr unread() { return unread_.now(); }

 private:
  Async<void> run();
  Async<void> renew_for_ever();
  Status ready();
  Result<bool> reconcile(const std::string& cluster);
  cluster_state::ClusterStateApiOptions api_options();
  void annotate(codec::Bookmark& bookmark) const;
  Duration age_of(const ClusterArn& cluster, WallTime synced_at) const;
  Async<void> measure_for_ever();
  void measure(const cluster_state::Snapshot& snapshot);

  Executor& executor_;
  Random& random_;
  aws::Queue& queue_;
  aws::EcsQuery& ecs_;
  Metrics& metrics_;
  StateServiceOptions options_;
  std::string epoch_;  // Of this opening of the store.
  MetricSeries<Gauge> synced_age_;
  MetricSeries<Gauge> hole_count_;
  MetricSeries<Gauge> unread_gauge_;
  cluster_state::Ingest ingest_;
  cluster_state::ClusterView view_;
  UnreadSource unread_;
  cluster_state::ClusterStateApi api_;
  http::Router router_;
  std::optional<Error> open_error_;  // Why ingest could not be opened the last time.
  std::unique_ptr<cluster_state::QueueConsumer> consumer_;  // From when the store has been read.
  std::unique_ptr<cluster_state::Reconciler> reconciler_;   // Likewise.
  Scope scope_;
};

}  // namespace blox::apps
