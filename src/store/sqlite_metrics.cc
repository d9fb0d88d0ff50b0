#include "store/sqlite_metrics.h"

#include <algorithm>

namespace blox::store {

SqliteMetrics::SqliteMetrics(Metrics& metrics)
    : commits_(metrics.counter("blox_store_commits_total", "Commits that became durable.")),
      groups_(metrics.counter("blox_store_groups_total",
                              "Groups of commits that shared a transaction and an fsync.")),
      waiting_(metrics.gauge("blox_store_waiting_commits",
                             "Commits that waited when the last group was taken.")),
      waiting_bytes_(metrics.gauge("blox_store_waiting_bytes",
                                   "What reads and commits that wait may hold together.")),
      refused_(metrics.counter("blox_store_refused_total",
                               "Reads and commits that were refused, as too much waited.")),
      wal_pages_(metrics.gauge("blox_store_wal_pages",
                               "Pages of 4 KiB in the write-ahead log, not copied yet.")),
      failed_checkpoints_(metrics.gauge("blox_store_failed_checkpoints",
                                        "Attempts since the start to copy the write-ahead log "
                                        "into the file that failed.")),
      revision_(metrics.gauge("blox_store_revision", "The newest revision.")),
      compact_revision_(metrics.gauge("blox_store_compact_revision",
                                      "The revision up to which history is forgotten.")),
      broken_(metrics.gauge("blox_store_broken",
                            "1 while the file is opened again after an unknown outcome.")) {}

void SqliteMetrics::note(const SqliteGroupDone& done) {
  groups_.Increment();
  commits_.Increment(static_cast<double>(std::ranges::count_if(
      done.outcomes, [](const CommitOutcome& outcome) { return outcome.result.has_value(); })));
  waiting_.Set(static_cast<double>(done.waiting));
  wal_pages_.Set(done.health.wal_pages);
  failed_checkpoints_.Set(static_cast<double>(done.health.failed_checkpoints));
  note(done.info);
}

void SqliteMetrics::note(const StoreInfo& info) {
  revision_.Set(static_cast<double>(info.revision));
  compact_revision_.Set(static_cast<double>(info.compact_revision));
}

void SqliteMetrics::note_waiting(std::size_t bytes) {
  waiting_bytes_.Set(static_cast<double>(bytes));
}

void SqliteMetrics::note_refused() { refused_.Increment(); }

void SqliteMetrics::note_opened(bool is_open) { broken_.Set(is_open ? 0 : 1); }

}  // namespace blox::store
