// Reconcile: reads ECS and hands ingest what it says, so that lost events are made good. ECS is
// the truth; that something is missing from a list proves nothing.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "aws/ecs_query.h"
#include "base/async.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/scope.h"
#include "base/signal.h"
#include "cluster_state/ingest/ingest.h"
#include "cluster_state/reconcile/missing_list.h"

namespace blox::cluster_state {

struct ReconcileOptions {
  std::string source = "default";     ///< The pair of account and region, as a label of metrics.
  std::vector<std::string> clusters;  ///< Names or ARNs; empty: all that ListClusters names.
  Duration every = std::chrono::minutes{20};
  /// How long ECS may show an old picture. Source: API/RunTask, "eventually consistent", 5 min.
  Duration visible_max = std::chrono::minutes{5};
  std::size_t describes_max = 4;  ///< Describe calls at a time.
  Duration retry_wait_min = std::chrono::seconds{1};
  Duration retry_wait_max = std::chrono::minutes{2};
};

/// Runs from construction to destruction: at once a full read, then one every `every`, and what
/// request() and ingest's describe list ask for in between.
/// Threading: the executor's thread. All references must outlive it.
class Reconciler {
 public:
  Reconciler(Executor& executor, Random& random, aws::EcsQuery& ecs, Ingest& ingest,
             Metrics& metrics, ReconcileOptions options = {});

  /// Has one cluster, or all, read whole soon.
  void request(ClusterArn cluster);
  void request_all();

  /// True once the store holds a complete read of every cluster, of this or an earlier run.
  bool is_synced() const { return synced_; }
  /// What the last full read failed with; none when it succeeded.
  const std::optional<Error>& last_error() const { return last_error_; }

 private:
  using Objects = std::vector<ObjectName>;

  Async<void> read_for_ever();
  Async<void> ask_for_ever();
  Async<Status> read_clusters(bool all, std::set<ClusterArn> requested);
  Async<Result<std::vector<ClusterArn>>> find_clusters();
  Async<Status> read_cluster(ClusterArn cluster);
  Async<Result<Objects>> list_objects(ClusterArn cluster, bool tasks);
  Async<Status> ask_about(ClusterArn cluster, Objects objects);
  Async<Status> ask_instances(ClusterArn cluster, std::vector<ContainerInstanceArn> instances);
  Async<Status> ask_tasks(ClusterArn cluster, std::vector<TaskArn> tasks);
  Async<Status> take(Batch batch);
  Async<Status> note_missing(ClusterArn cluster, Objects missing, TimePoint asked_at);
  bool is_followed(const ClusterArn& cluster) const;
  bool all_marked(const std::vector<ClusterArn>& clusters) const;
  Duration jittered(Duration wait);

  Executor& executor_;
  Random& random_;
  aws::EcsQuery& ecs_;
  Ingest& ingest_;
  ReconcileOptions options_;
  Histogram& seconds_;
  Counter& rounds_;
  Counter& failures_;
  Counter& added_;
  Counter& changed_;
  Counter& overlaid_;
  Counter& removed_;
  MissingList missing_;
  Signal requests_;
  bool all_requested_ = true;
  std::set<ClusterArn> requested_;
  std::set<ClusterArn> unread_;  // To be read unless a read that goes on does it.
  bool synced_ = false;
  std::optional<Error> last_error_;
  Scope scope_;
};

}  // namespace blox::cluster_state
