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
#include "cluster_state/reconcile/read_requests.h"

namespace blox::cluster_state {

struct ReconcileOptions {
  std::string source = "default";     ///< The pair of account and region, as a label of metrics.
  std::string region;                 ///< Of the endpoint; empty: what ECS answers tells it.
  std::vector<std::string> clusters;  ///< Names or ARNs; empty: all that ListClusters names.
  Duration every = std::chrono::minutes{20};
  /// How long ECS may show an old picture. Source: API/RunTask, "eventually consistent", 5 min.
  Duration visible_max = std::chrono::minutes{5};
  std::size_t describes_max = 4;  ///< Describe calls at a time, of one cluster.
  Duration retry_wait_min = std::chrono::seconds{1};
  Duration retry_wait_max = std::chrono::minutes{2};
  /// At least this between the end of a read for people and the next one for them: long enough for
  /// a loop of requests to cost little, short enough for a person at a terminal.
  Duration people_pause = std::chrono::seconds{10};
};

/// Runs from construction to destruction: at once a full read, then one every `every`, and what
/// request() and ingest's describe list ask for in between. A cluster that cannot be read is tried
/// again by itself, with growing waits, and whatever events come meanwhile; an object with which
/// ECS refuses a call is found and left out until the next full read. Of other accounts and regions
/// than its credentials' it asks nothing.
/// Threading: the executor's thread. All references must outlive it.
class Reconciler {
 public:
  Reconciler(Executor& executor, Random& random, aws::EcsQuery& ecs, Ingest& ingest,
             Metrics& metrics, ReconcileOptions options = {});

  /// Has the cluster read whole soon.
  void request(ClusterArn cluster);
  /// Has all of them read whole soon, by a read that begins now or later.
  void request_all();
  /// The same of one cluster, or all, because people ask for it; see ReadRequests. Shape: true when
  /// a read is begun for it, after the pause; false when it joins one. Requires: follows(cluster),
  /// and the catalog has it, so that names nobody knows do not pile up.
  bool request_for_people(ClusterArn cluster);
  bool request_all_for_people();

  /// True once the store holds a complete read of every cluster, of this or an earlier run.
  bool is_synced() const { return synced_; }
  /// Why not all is read that should be; none when the last attempts succeeded.
  std::optional<Error> last_error() const;
  /// True for the clusters that it reads: of its account and region, as far as that is known, and
  /// among the named ones, if there are any.
  bool follows(const ClusterArn& cluster) const;

 private:
  using Objects = std::vector<ObjectName>;
  struct Pair {
    std::string account;
    std::string region;
  };
  // What failed and is tried again.
  struct Retry {
    Duration wait{};
    TimePoint due{};
    Error error;
  };
  // Objects of one cluster that ECS has to be asked about.
  struct Doubt {
    std::set<ObjectName> objects;
    Duration wait{};  // None before the first failure.
    TimePoint due{};
  };

  Async<void> read_for_ever();
  Async<bool> read_what_is_due();
  TimePoint next_read() const;
  Async<void> add_due(std::set<ClusterArn>& clusters);
  Async<Status> find_clusters(std::set<ClusterArn>& clusters);
  Async<void> resolve(std::string name, std::set<ClusterArn>& clusters);
  void drop_unfollowed(std::set<ClusterArn>& clusters);
  Async<void> read_clusters(std::set<ClusterArn> clusters);
  Async<Status> read_and_note(ClusterArn cluster);
  void note_failure(const std::string& target, const Error& error);
  bool is_retried(const ClusterArn& cluster) const { return retries_.contains(cluster.value); }
  void learn_pair(const ClusterArn& cluster);
  Async<Status> read_cluster(ClusterArn cluster);
  Async<Result<Objects>> list_objects(ClusterArn cluster, bool tasks);

  Async<void> ask_for_ever();
  void collect_doubts();
  void doubt(const ClusterArn& cluster, ObjectName object);
  bool is_in_backoff(const ClusterArn& cluster) const;
  Async<void> ask_doubtful(ClusterArn cluster);
  TimePoint next_ask() const;
  Async<Status> ask_about(ClusterArn cluster, Objects objects);
  template <class Arn>
  Async<Status> ask(ClusterArn cluster, std::vector<Arn> arns);
  template <class Arn>
  Async<Status> ask_at_once(ClusterArn cluster, std::vector<Arn> arns);
  Async<Status> take(Batch batch);
  void note_undescribed(const std::vector<aws::Undescribed>& undescribed);
  Async<Status> note_missing(ClusterArn cluster, Objects missing, TimePoint asked_at);
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
  Counter& skipped_;
  MissingList missing_;
  Signal requests_;
  Signal found_first_;
  ReadRequests wanted_;
  TimePoint next_full_;
  Duration full_wait_;                    // After the next full read that cannot even begin.
  std::set<ClusterArn> unread_;           // To be read unless a read that goes on does it.
  std::map<std::string, Retry> retries_;  // By a cluster's ARN, or as it is configured.
  std::map<ClusterArn, Doubt> doubts_;
  std::set<ObjectName> refused_;  // With these ECS refuses a Describe; emptied by a full read.
  std::optional<Pair> pair_;      // Of the clusters that ECS has named.
  bool found_ = false;            // The clusters, once: whose they are is known from then on.
  bool listed_ = false;           // And those found then were read, or are tried again.
  bool synced_ = false;
  std::optional<Error> list_error_;
  Scope scope_;
};

}  // namespace blox::cluster_state
