// What operators see of a SqliteStore.
#pragma once

#include <cstddef>

#include "base/metrics.h"
#include "store/sqlite_worker.h"
#include "store/store.h"

namespace blox::store {

/// The metrics blox_store_*. Threading: the executor's thread.
class SqliteMetrics {
 public:
  explicit SqliteMetrics(Metrics& metrics);

  void note(const SqliteGroupDone& done);
  void note(const StoreInfo& info);
  /// What waits in the worker.
  void note_waiting(std::size_t bytes);
  /// A call was refused, as too much waits.
  void note_refused();
  /// The file is to be opened again (false), or was.
  void note_opened(bool is_open);

 private:
  Counter& commits_;
  Counter& groups_;
  Gauge& waiting_;
  Gauge& waiting_bytes_;
  Counter& refused_;
  Gauge& wal_pages_;
  Gauge& failed_checkpoints_;
  Gauge& revision_;
  Gauge& compact_revision_;
  Gauge& broken_;
};

}  // namespace blox::store
