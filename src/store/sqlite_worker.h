// SqliteWorker: runs a SqliteCore's blocking calls, on a thread of its own or, in simulation,
// within the executor's; what commits wait together go to the core as one group.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/executor.h"
#include "base/signal.h"
#include "store/sqlite_core.h"
#include "store/store.h"

namespace blox::store {

/// kThread for programs; kInline for simulation, where everything runs in one thread.
enum class SqliteThreading : std::uint8_t { kThread, kInline };

/// A group that is durable, or refused.
struct SqliteGroupDone {
  std::vector<Promise<Result<Revision>>> promises;
  std::vector<CommitOutcome> outcomes;  ///< One a promise.
  Revision before = 0;                  ///< The newest revision before the group.
  StoreInfo info;                       ///< After the group.
  SqliteHealth health;                  ///< After the group.
  std::size_t waiting = 0;              ///< Commits that wait for the next ones.
};

/// Takes turns: a few jobs, then one group of the commits that wait (at most 1,000 operations or
/// 4 MB, so that no job waits long). Threading: the executor's thread; the core belongs to the
/// worker from then on.
class SqliteWorker {
 public:
  using Job = std::move_only_function<void(SqliteCore&)>;
  using OnGroup = std::function<void(SqliteGroupDone)>;

  /// `on_group` is called on the executor's thread, in the order of the revisions.
  SqliteWorker(Executor& executor, std::unique_ptr<SqliteCore> core, SqliteThreading threading,
               Duration inline_latency, OnGroup on_group);
  /// Waits for the job or group that is under way; what has not begun is dropped, and its promises
  /// are never set.
  ~SqliteWorker();

  /// Runs `job` where the core lives, in the order of submission. Bound: none here. Each job is
  /// that of a caller that waits for it, and `http` bounds these by its connections and streams.
  void submit(Job job);
  /// False when too much waits already.
  bool submit(Commit commit, Promise<Result<Revision>> promise);

 private:
  struct Shared;
  class Thread;
  void schedule();
  void run_inline();

  Executor& executor_;
  std::shared_ptr<Shared> shared_;
  Duration inline_latency_;
  Executor::TimerId round_ = 0;  // kInline: of the next round, 0 when nothing waits.
  std::unique_ptr<Thread> thread_;
};

}  // namespace blox::store
