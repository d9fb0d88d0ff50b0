// Ingest: the only writer of cluster state. Reports of the queue and of reconcile come in, commits
// of the store go out; between them stands only what merging needs of each object.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/async.h"
#include "base/metrics.h"
#include "base/signal.h"
#include "cluster_state/ingest/catalog.h"
#include "cluster_state/ingest/describe_list.h"
#include "cluster_state/ingest/merge.h"
#include "cluster_state/ingest/record_keeper.h"
#include "cluster_state/ingest/report.h"
#include "cluster_state/ingest/writer.h"
#include "codec/stored_records.h"
#include "model/report.h"
#include "store/store.h"

namespace blox::cluster_state {

/// How many reports of a batch ended how. Overlays that changed nothing count as stale.
struct TakeCounts {
  std::size_t added = 0;  ///< Applied to an unknown or removed object.
  std::size_t changed = 0;
  std::size_t overlaid = 0;
  std::size_t stale = 0;
  std::size_t final = 0;
  std::size_t asked = 0;  ///< Not applied; the object is on the describe list.
};

struct IngestOptions {
  WriterOptions writer;
  RecordBounds records;
  Duration final_kept = std::chrono::hours{3};  ///< STOPPED tasks, INACTIVE instances.
  /// Longer than any queue keeps a message. Source: SQS quotas, 14 days.
  Duration tombstone_kept = std::chrono::hours{15 * 24};
  Duration sweep_every = std::chrono::minutes{1};
  /// Between two readings of the store when commits fail again and again: doubled up to the second.
  Duration reload_wait_min = std::chrono::seconds{1};
  Duration reload_wait_max = std::chrono::minutes{1};
  /// An event sent longer ago, about an unknown object, is not taken for a new object.
  Duration old_event_age = std::chrono::minutes{5};
  std::size_t describe_list_max = 10'000;
};

/// Threading: the executor's thread; calls may overlap. Requires: open() has succeeded before all
/// else, and nothing else writes under `cluster-state/`.
class Ingest {
 public:
  Ingest(Executor& executor, store::Store& store, Metrics& metrics, IngestOptions options = {});
  Ingest(const Ingest&) = delete;
  Ingest& operator=(const Ingest&) = delete;

  /// Reads what the store holds, page by page, and starts the work behind.
  /// Values of another format are counted and skipped; what they are about is written anew.
  /// Errors: those of Store::range.
  Async<Status> open();

  /// Merges the batch with what is held and under way. When it returns, all that the batch brought,
  /// and all that made parts of it stale, is durable.
  /// Errors: kInvalid (a report or event is too large for the store, or refused by it, and will be
  /// each time it is given; some of the batch may have been done), kUnavailable (the store is being
  /// read again; nothing or some of it was done: give the batch again), kConflict, kUnknown and
  /// kInternal of Store::commit (the same).
  Async<Result<TakeCounts>> take(Batch batch);

  /// Takes away an object that ECS has twice said it does not know, unless a report has shown it
  /// alive after `missing_since`. Shape: whether it was taken away. Errors: as take.
  Async<Result<bool>> remove_missing(ObjectName object, TimePoint missing_since);

  /// Records that a complete reconcile of the cluster began at `started` and left out `holes`, or
  /// with none forgets the cluster. A hole ends with the first report on it. Errors: as take.
  Async<Status> mark_synced(ClusterArn cluster, std::optional<WallTime> started, Holes holes = {});
  /// Ends a hole of which ECS says that it does not know the object. Errors: as take.
  Async<Status> end_hole(ClusterArn cluster, ObjectName object);

  /// Puts the object of a key on the describe list and takes what comes of it for news, as the
  /// value that is stored cannot be read by those who show it. `cluster` is where it was when last
  /// it could. Without one, and for keys of other things, nothing is done: the next report on an
  /// object that ingest cannot read either is news to it anyway.
  void renew(std::string_view key, const std::optional<ClusterArn>& cluster);

  /// The objects that are in the store and not at their end: what a full read has to show again.
  const Catalog& catalog() const { return catalog_; }
  /// What ECS has to be asked about; reconcile takes it.
  DescribeList& describe_list() { return describe_list_; }
  /// False before open() and while the store is read again: batches would be refused.
  bool is_ready() const { return open_ && !writer_.is_broken(); }
  /// Notified when it becomes ready.
  Signal& became_ready() { return became_ready_; }
  /// Ok when batches are taken and become durable. Errors: kUnavailable, with the reason.
  Status health() const;
  /// Reports that are merged and not durable yet.
  std::size_t undurable_count() const { return writer_.undurable_count(); }

 private:
  // One call's time, and who waits for what it brings.
  struct Round {
    WallTime wall_now;
    TimePoint now;
    std::shared_ptr<Ticket> ticket;
    TakeCounts counts;
    std::vector<std::pair<ClusterArn, ObjectName>> filled;  // Perhaps holes, by reports.
  };
  Round start_round() const;
  Status check_ready() const;
  Async<Status> load();
  Async<void> reload_when_broken();
  Async<void> reload();

  bool merge(const Report& report, Round& round);
  bool confirm(Entry& entry, const ReportView& view, const Decision& decision, const Round& round);
  static void note_asked(Entry& entry, const ReportView& view);
  static void note_seen(Entry& entry, const Round& round);
  void apply(const ReportView& view, const Decision& decision, Round& round);
  void note_shape(Entry& entry, const ReportView& view, const Round& round);
  void describe_tasks_on(const ContainerInstanceArn& instance, const ClusterArn& cluster);
  void write(Entry& entry, const ReportView& view, std::string_view detail, const Round& round);
  Async<Status> overlay(const Report& report, Round& round);
  void restore(const ObjectName& name, std::optional<std::string> value);
  Status lay_over(const Report& report, const std::string& value, Round& round);
  Async<Result<std::optional<std::string>>> read_value(std::string key);
  void count(const ReportView& view, Verdict verdict, Round& round);

  bool end_hole(const ClusterArn& cluster, const ObjectName& object, const Round& round);
  void write_mark(const ClusterArn& cluster, ClusterEntry& mark, const Round& round);

  void bury(const ObjectName& name, Entry& entry, std::string_view reason, Round& round);
  Async<void> sweep_for_ever();
  Async<Status> sweep();

  Executor& executor_;
  store::Store& store_;
  IngestOptions options_;
  ReportCounters counters_;
  Counter& undecodable_;
  Catalog catalog_;
  DescribeList describe_list_;
  Writer writer_;
  RecordKeeper records_;
  bool open_ = false;
  std::optional<Error> load_error_;
  Signal became_ready_;
  Scope scope_;
};

}  // namespace blox::cluster_state
