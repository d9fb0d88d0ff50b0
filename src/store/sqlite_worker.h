// SqliteWorker: runs a SqliteCore's blocking calls, on a thread of its own or, in simulation,
// within the executor's; what commits wait together go to the core as one group.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/byte_budget.h"
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
  std::vector<ByteHold> holds;          ///< The commits' part of what may wait, until it is told.
};

/// A call of the core whose caller waits for it.
class SqliteJob {
 public:
  virtual ~SqliteJob() = default;
  /// Once, where the core lives.
  virtual void run(SqliteCore& core) = 0;
  /// True when the caller has left: the job need not be run. Threading: any.
  virtual bool is_abandoned() const = 0;

 protected:
  ByteHold hold_;  // Its part of what may wait; the worker sets it.

 private:
  friend class SqliteWorker;
};

/// What came of a job. Its part of what may wait is given back with it, so that answers which
/// nobody has taken yet count too.
template <class T>
struct SqliteAnswer {
  T value;
  ByteHold hold;
};

/// Calls `work` with the core, and hands what it returns to `promise`.
template <class T, class Work>
class SqliteAsked final : public SqliteJob {
 public:
  SqliteAsked(Promise<SqliteAnswer<T>> promise, Work work)
      : promise_(std::move(promise)), work_(std::move(work)) {}
  void run(SqliteCore& core) override {
    SqliteAnswer<T> answer{work_(core), std::move(hold_)};
    promise_.set(std::move(answer));
  }
  bool is_abandoned() const override { return promise_.is_abandoned(); }

 private:
  Promise<SqliteAnswer<T>> promise_;
  Work work_;
};

/// Takes turns: a few jobs, then one group of the commits that wait (at most 1,000 operations or
/// 4 MB, so that no job waits long). Bound: jobs and commits that wait, their answers included,
/// hold `queue_bytes_max` bytes together; above it they are refused, but never one that would be
/// alone. Threading: the executor's thread; the core belongs to the worker from then on.
class SqliteWorker {
 public:
  using OnGroup = std::function<void(SqliteGroupDone)>;

  /// `on_group` is called on the executor's thread, in the order of the revisions.
  SqliteWorker(Executor& executor, std::unique_ptr<SqliteCore> core, SqliteThreading threading,
               Duration inline_latency, std::size_t queue_bytes_max, OnGroup on_group);
  /// Waits for the job or group that is under way; what has not begun is dropped, and its promises
  /// are never set.
  ~SqliteWorker();

  /// Runs `job` where the core lives, in the order of submission, unless it is abandoned before.
  /// `bytes`: of the request and of the largest answer. False when too much waits already.
  bool submit(std::unique_ptr<SqliteJob> job, std::size_t bytes);
  /// As submit, but never refused: for the store's own upkeep, which asks for one at a time.
  void submit_upkeep(std::unique_ptr<SqliteJob> job);
  /// False when too much waits already.
  bool submit(Commit commit, Promise<Result<Revision>> promise);

  /// Bytes that jobs, commits and answers hold now.
  std::size_t waiting_bytes() const { return budget_.held(); }
  /// kUnavailable: says what is full. For calls that were refused.
  std::unexpected<Error> fail_full() const;

 private:
  struct Shared;
  class Thread;
  std::optional<ByteHold> try_hold(std::size_t bytes, std::size_t left_free);
  void schedule();
  void run_inline();

  Executor& executor_;
  ByteBudget budget_;
  std::shared_ptr<Shared> shared_;
  Duration inline_latency_;
  Executor::TimerId round_ = 0;  // kInline: of the next round, 0 when nothing waits.
  std::unique_ptr<Thread> thread_;
};

}  // namespace blox::store
