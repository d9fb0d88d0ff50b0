#include "store/sqlite_worker.h"

#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "store/commit_check.h"

namespace blox::store {
namespace {

// A group ends with the commit that reaches one of these.
constexpr std::size_t kGroupOperationsMax = 1'000;
constexpr std::size_t kGroupBytesMax = 4 << 20;
// Jobs between two groups.
constexpr std::size_t kJobsMax = 4;
// Of a commit that waits, besides its keys and values: itself with its promise, and each put,
// delete or compare with what the allocator adds.
constexpr std::size_t kCommitOverhead = 512;
constexpr std::size_t kOperationOverhead = 128;

// So large a part of what may wait is for commits alone: a quarter.
constexpr std::size_t kCommitsPart = 4;

struct WaitingCommit {
  Commit commit;
  Promise<Result<Revision>> promise;
  ByteHold hold;
};

// What one turn of the worker does.
struct Turn {
  std::vector<std::unique_ptr<SqliteJob>> jobs;
  std::vector<Commit> commits;
  std::vector<Promise<Result<Revision>>> promises;
  std::vector<ByteHold> holds;  // Of the commits.
  std::size_t waiting = 0;      // Commits that are left for later turns.
};

std::size_t cost_of(const Commit& commit) {
  std::size_t bytes = kCommitOverhead + bytes_of(commit);
  for (const auto& compare : commit.compares) bytes += compare.key.size();
  return bytes +
         kOperationOverhead * (commit.puts.size() + commit.deletes.size() + commit.compares.size());
}

}  // namespace

// The worker and its thread meet here; `core` is used outside the lock by the worker's side alone.
struct SqliteWorker::Shared {
  Executor& executor;
  std::unique_ptr<SqliteCore> core;
  OnGroup on_group;

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::unique_ptr<SqliteJob>> jobs;
  std::deque<WaitingCommit> commits;
  std::deque<SqliteGroupDone> groups_done;
  bool stop = false;

  Shared(Executor& used, std::unique_ptr<SqliteCore> owned, OnGroup callback)
      : executor(used), core(std::move(owned)), on_group(std::move(callback)) {}

  bool has_work() const { return !jobs.empty() || !commits.empty(); }

  // Requires: the lock is held.
  Turn take_turn() {
    Turn turn;
    while (!jobs.empty() && turn.jobs.size() < kJobsMax) {
      if (!jobs.front()->is_abandoned()) turn.jobs.push_back(std::move(jobs.front()));
      jobs.pop_front();
    }
    std::size_t operations = 0;
    std::size_t bytes = 0;
    while (!commits.empty() && operations < kGroupOperationsMax && bytes < kGroupBytesMax) {
      auto& first = commits.front();
      operations += first.commit.puts.size() + first.commit.deletes.size();
      bytes += bytes_of(first.commit);
      turn.commits.push_back(std::move(first.commit));
      turn.promises.push_back(std::move(first.promise));
      turn.holds.push_back(std::move(first.hold));
      commits.pop_front();
    }
    turn.waiting = commits.size();
    return turn;
  }

  std::optional<SqliteGroupDone> run(Turn turn) {
    for (auto& job : std::exchange(turn.jobs, {})) job->run(*core);
    if (turn.commits.empty()) return std::nullopt;
    const Revision before = core->info().revision;
    auto outcomes = core->commit_group(std::move(turn.commits), executor.wall_now());
    return SqliteGroupDone{std::move(turn.promises),
                           std::move(outcomes),
                           before,
                           core->info(),
                           core->health(),
                           turn.waiting,
                           std::move(turn.holds)};
  }

  // So that callers who come and leave take no room from those who stay.
  void drop_abandoned() {
    const std::scoped_lock lock{mutex};
    std::erase_if(jobs, [](const auto& job) { return job->is_abandoned(); });
  }

  // On the executor's thread. All that is there, so that the order is ours, not the executor's.
  void deliver() {
    for (;;) {
      std::optional<SqliteGroupDone> group;
      {
        const std::scoped_lock lock{mutex};
        if (groups_done.empty()) return;
        group.emplace(std::move(groups_done.front()));
        groups_done.pop_front();
      }
      on_group(std::move(*group));
    }
  }
};

class SqliteWorker::Thread {
 public:
  explicit Thread(const std::shared_ptr<Shared>& shared)
      : shared_(shared), thread_([shared] { run(shared); }) {}
  ~Thread() {
    {
      const std::scoped_lock lock{shared_->mutex};
      shared_->stop = true;
    }
    shared_->wake.notify_one();
    thread_.join();
  }

 private:
  static void run(const std::shared_ptr<Shared>& shared) {
    for (;;) {
      Turn turn;
      {
        std::unique_lock lock{shared->mutex};
        shared->wake.wait(lock, [&] { return shared->stop || shared->has_work(); });
        if (shared->stop) return;
        turn = shared->take_turn();
      }
      auto group = shared->run(std::move(turn));
      if (!group) continue;
      {
        const std::scoped_lock lock{shared->mutex};
        shared->groups_done.push_back(std::move(*group));
      }
      shared->executor.post([weak = std::weak_ptr<Shared>{shared}] {
        if (const auto alive = weak.lock()) alive->deliver();
      });
    }
  }

  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

SqliteWorker::SqliteWorker(Executor& executor, std::unique_ptr<SqliteCore> core,
                           SqliteThreading threading, Duration inline_latency,
                           std::size_t queue_bytes_max, OnGroup on_group)
    : executor_(executor),
      budget_(queue_bytes_max),
      shared_(std::make_shared<Shared>(executor, std::move(core), std::move(on_group))),
      inline_latency_(inline_latency) {
  if (threading == SqliteThreading::kThread) thread_ = std::make_unique<Thread>(shared_);
}

SqliteWorker::~SqliteWorker() {
  if (round_ != 0) executor_.cancel(round_);
}

std::optional<ByteHold> SqliteWorker::try_hold(std::size_t bytes, std::size_t left_free) {
  auto hold = budget_.try_hold(bytes, left_free);
  if (hold) return hold;
  shared_->drop_abandoned();
  return budget_.try_hold(bytes, left_free);
}

std::unexpected<Error> SqliteWorker::fail_full() const {
  return fail(ErrorKind::kUnavailable,
              fmt::format("the store's queue is full: reads and commits that wait hold {} bytes of "
                          "at most {}",
                          budget_.held(), budget_.bytes_max()));
}

bool SqliteWorker::submit(std::unique_ptr<SqliteJob> job, std::size_t bytes) {
  // Whoever reads, and however much: what is to be stored has its room.
  auto hold = try_hold(bytes, budget_.bytes_max() / kCommitsPart);
  if (!hold) return false;
  job->hold_ = *std::move(hold);
  submit_upkeep(std::move(job));
  return true;
}

void SqliteWorker::submit_upkeep(std::unique_ptr<SqliteJob> job) {
  {
    const std::scoped_lock lock{shared_->mutex};
    shared_->jobs.push_back(std::move(job));
  }
  schedule();
}

bool SqliteWorker::submit(Commit commit, Promise<Result<Revision>> promise) {
  auto hold = try_hold(cost_of(commit), 0);
  if (!hold) return false;
  {
    const std::scoped_lock lock{shared_->mutex};
    shared_->commits.push_back(
        WaitingCommit{std::move(commit), std::move(promise), *std::move(hold)});
  }
  schedule();
  return true;
}

void SqliteWorker::schedule() {
  if (thread_) {
    shared_->wake.notify_one();
  } else if (round_ == 0) {
    round_ = executor_.call_at(executor_.now() + inline_latency_, [this] { run_inline(); });
  }
}

void SqliteWorker::run_inline() {
  round_ = 0;
  auto group = shared_->run(shared_->take_turn());
  if (shared_->has_work()) schedule();
  if (group) shared_->on_group(std::move(*group));
}

}  // namespace blox::store
