// SqliteStore: the store in one SQLite file, the default. It brings the blocking core
// (sqlite_core.h) to an Executor: commits that wait together share a transaction and an fsync.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/executor.h"
#include "base/metrics.h"
#include "base/scope.h"
#include "base/signal.h"
#include "store/change_ring.h"
#include "store/sqlite_core.h"
#include "store/sqlite_metrics.h"
#include "store/sqlite_worker.h"
#include "store/store.h"

namespace blox::store {

struct SqliteStoreOptions {
  SqliteCoreOptions core;
  SqliteThreading threading = SqliteThreading::kThread;
  /// kInline alone: from a call to its work, in the executor's time.
  Duration inline_latency = Duration::zero();
  /// How often history is held against its bounds.
  Duration compact_interval = std::chrono::seconds{10};
  /// Recent changes kept in memory for watches; older ones are read from the file.
  std::size_t ring_changes_max = 20'000;
  std::int64_t ring_bytes_max = 32 << 20;
  /// What reads and commits that wait may hold together, the answers of the reads included, each
  /// counted at the most that it can be; above it they are refused with kUnavailable.
  std::size_t queue_bytes_max = 64 << 20;
  Metrics* metrics = nullptr;  ///< Where blox_store_* are kept, if anywhere; outlives the store.
};

/// The Store on one file, held by one process. When an outcome is unknown (kUnknown), it opens the
/// file again, at once and then with growing waits; until that comes off, calls are refused with
/// kUnavailable and watches wait. What the transaction turns out to have done, they show.
/// Destroying it waits for the work on the disk that is under way and does none itself: opening
/// recovers, whether the end was orderly or not. It has no leases: they come with several replicas,
/// which a file cannot have. Threading: the executor's thread.
class SqliteStore final : public Store {
 public:
  /// Opens the file at `path`, or creates it with its folder there already.
  /// Errors: kUnavailable (in use by another process, or the disk refuses), kInvalid (not a Blox
  /// store, or of a newer format), kInternal (broken).
  static Result<std::unique_ptr<SqliteStore>> open(Executor& executor, const std::string& path,
                                                   SqliteStoreOptions options = {});
  ~SqliteStore() override;

  Async<Result<Page>> range(RangeRequest request) override;
  Async<Result<Revision>> commit(Commit commit) override;
  std::unique_ptr<Watch> watch(std::string prefix, Revision from_revision) override;
  Async<Status> compact(Revision revision) override;
  StoreInfo info() const override { return info_; }

 private:
  class Reader;
  SqliteStore(Executor& executor, std::unique_ptr<SqliteCore> core, SqliteStoreOptions options);
  template <class T, class Work>
  Async<T> ask(std::optional<std::size_t> bytes, Work work);
  void note_waiting();
  void on_group(SqliteGroupDone done);
  void note_failure(const Error& error);
  void skip_to(Revision revision);
  Async<void> maintain();
  Async<Status> reopen();
  Async<Status> sweep();
  Revision find_aged();

  Executor& executor_;
  SqliteStoreOptions options_;
  StoreInfo info_;
  ChangeRing ring_;
  std::optional<SqliteMetrics> metrics_;
  Signal changed_;
  Signal maintenance_asked_;
  bool broken_ = false;        // The core has to open its file again.
  std::size_t log_reads_ = 0;  // By watches, under way.
  bool refused_ = false;       // A call since there was room in the queue.
  // The newest revision at times since opening, one an interval of compaction, none older than the
  // history; and the newest of those that were.
  std::deque<std::pair<TimePoint, Revision>> newest_at_;
  Revision aged_;
  std::unique_ptr<SqliteWorker> worker_;
  Scope scope_;
};

}  // namespace blox::store
