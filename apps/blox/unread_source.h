// UnreadSource: what the cluster-state-service has not read from ECS yet, as one value that all
// answers share until it changes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/executor.h"
#include "cluster_state/api/unread.h"
#include "cluster_state/ingest/ingest.h"
#include "cluster_state/reconcile/reconciler.h"
#include "cluster_state/view/cluster_view.h"

namespace blox::apps {

/// Threading: the executor's thread. Requires: all references outlive it.
class UnreadSource {
 public:
  /// `clusters`: those that are followed, as --cluster names them; none: all.
  UnreadSource(Executor& executor, const cluster_state::Ingest& ingest,
               const cluster_state::ClusterView& view, std::vector<std::string> clusters);

  /// From now on it is asked as well. Requires: it outlives this.
  void follow(const cluster_state::Reconciler& reconciler) { reconciler_ = &reconciler; }
  /// Why nothing can be read from the store; null: it is, or was not tried yet.
  void note_open(const Error* error);

  /// Made anew when something has changed since, and by the time alone when a read stands still.
  cluster_state::UnreadPtr now();
  /// True for the clusters that this service reads.
  bool follows(const ClusterArn& cluster) const;

 private:
  using Marks = std::shared_ptr<const codec::SyncTimes>;
  using Unmarked = std::shared_ptr<const std::set<ClusterArn>>;
  // What it is made of, but for the time.
  struct Inputs {
    Marks marks;  // Null before the store is read.
    Unmarked unmarked;
    std::uint64_t generation = 0;  // Of the catalog.
    bool is_ready = false;         // The catalog is whole.
    bool reads = false;            // There is a reconciler.
    std::uint64_t version = 0;     // Of its list.
    bool knows_clusters = false;
    bool operator==(const Inputs&) const = default;
  };
  Inputs inputs() const;
  std::string_view why() const;
  cluster_state::UnreadState make();
  void add_unread(cluster_state::UnreadState& state);
  void add_unmarked(cluster_state::UnreadState& state);
  void add_unnamed(cluster_state::UnreadState& state);
  void note_until(TimePoint time);

  Executor& executor_;
  const cluster_state::Ingest& ingest_;
  const cluster_state::ClusterView& view_;
  std::vector<std::string> clusters_;
  TimePoint young_until_;  // What was never read is waited for.
  const cluster_state::Reconciler* reconciler_ = nullptr;
  std::string open_error_;
  cluster_state::UnreadPtr made_;
  Inputs made_of_;
  TimePoint until_ = TimePoint::max();  // The last moment at which it holds.
};

}  // namespace blox::apps
