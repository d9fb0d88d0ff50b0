// ClusterView: the cluster state in memory, built from the store's range and watch, for lists and
// streams. The only reader of the stored format on the way of queries.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/signal.h"
#include "cluster_state/view/recent_lines.h"
#include "cluster_state/view/snapshot.h"
#include "cluster_state/view/state_builder.h"
#include "store/store.h"

namespace blox::cluster_state {

struct ClusterViewOptions {
  /// Snapshots are at least so far apart; what comes in between waits.
  Duration publish_interval = std::chrono::milliseconds{1};
  RecentLines::Bounds recent;  ///< Of each kind.
  /// After a failure of the store: doubled per failure in a row, up to the second.
  Duration retry_min = std::chrono::milliseconds{100};
  Duration retry_max = std::chrono::seconds{5};
  /// False: the executor's date may be off by minutes for now. Empty: it never is.
  std::function<bool()> knows_date = {};
};

/// Threading: the executor's thread. Requires: executor, store and metrics outlive it.
class ClusterView {
 public:
  ClusterView(Executor& executor, store::Store& store, Metrics& metrics,
              ClusterViewOptions options = {});

  /// Keeps the view until destroyed; spawn it once. Requires: the view outlives it.
  Async<void> run();

  /// The latest picture; null until the first list is complete.
  SnapshotPtr snapshot() const { return snapshot_; }
  /// The changes up to the latest picture.
  const RecentLines& recent(ObjectKind kind) const {
    return kind == ObjectKind::kTask ? recent_tasks_ : recent_instances_;
  }
  /// Told after each new picture that changes objects of the kind, or sync times.
  Signal& changed(ObjectKind kind) {
    return kind == ObjectKind::kTask ? tasks_changed_ : instances_changed_;
  }

  /// Keys under which the newest value is one that cannot be read, each with the cluster of the
  /// object as lists still show it, or with none: what is shown of them is of the past until
  /// somebody writes them anew.
  using Unreadable = std::map<std::string, std::optional<ClusterArn>>;
  Unreadable unreadable() const { return builder_ ? builder_->unreadable : Unreadable{}; }

  store::Store& store() { return store_; }
  Executor& executor() { return executor_; }
  /// Whether the age of what is shown can be told by the executor's date.
  bool knows_date() const { return !options_.knows_date || options_.knows_date(); }

 private:
  struct Builder {
    StateBuilder state;
    store::Revision revision = 0;
    Unreadable unreadable;
  };

  Async<Status> load();
  Async<Status> load_prefix(Builder& builder, std::string_view prefix);
  Async<void> read_page(store::RangeRequest request, std::optional<Result<store::Page>>& next,
                        Signal& arrived);
  Async<Status> follow();
  Async<void> publish_changes();
  void apply(const store::WatchBatch& batch);
  Result<std::optional<ObjectChange>> apply(Builder& builder, const store::WatchEvent& event);
  void publish_loaded(std::unique_ptr<Builder> builder);
  void publish();
  RecentLines& recent_lines(ObjectKind kind) {
    return kind == ObjectKind::kTask ? recent_tasks_ : recent_instances_;
  }

  Executor& executor_;
  store::Store& store_;
  ClusterViewOptions options_;
  std::unique_ptr<Builder> builder_;  // Null until loaded.
  std::vector<ObjectChange> unpublished_;
  bool is_unpublished_ = false;
  Signal applied_;
  TimePoint published_at_{};
  std::uint64_t generation_ = 0;
  SnapshotPtr snapshot_;
  RecentLines recent_tasks_;
  RecentLines recent_instances_;
  Signal tasks_changed_;
  Signal instances_changed_;
  Gauge& task_count_;
  Gauge& instance_count_;
  Gauge& revision_;
  Counter& publish_count_;
  Counter& list_count_;
  Counter& undecodable_count_;
  Gauge& unreadable_;
};

}  // namespace blox::cluster_state
