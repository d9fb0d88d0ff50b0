#include "store/sqlite_worker.h"

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
// What may wait.
constexpr std::size_t kWaitingCommitsMax = 100'000;
constexpr std::size_t kWaitingBytesMax = 256 << 20;

struct WaitingCommit {
  Commit commit;
  Promise<Result<Revision>> promise;
  std::size_t bytes;
};

// What one turn of the worker does.
struct Turn {
  std::vector<SqliteWorker::Job> jobs;
  std::vector<Commit> commits;
  std::vector<Promise<Result<Revision>>> promises;
  std::size_t waiting = 0;  // Commits that are left for later turns.
};

}  // namespace

// The worker and its thread meet here; `core` is used outside the lock by the worker's side alone.
struct SqliteWorker::Shared {
  Executor& executor;
  std::unique_ptr<SqliteCore> core;
  OnGroup on_group;

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Job> jobs;
  std::deque<WaitingCommit> commits;
  std::size_t commit_bytes = 0;
  std::deque<SqliteGroupDone> groups_done;
  bool stop = false;

  Shared(Executor& used, std::unique_ptr<SqliteCore> owned, OnGroup callback)
      : executor(used), core(std::move(owned)), on_group(std::move(callback)) {}

  bool has_work() const { return !jobs.empty() || !commits.empty(); }

  // Requires: the lock is held.
  Turn take_turn() {
    Turn turn;
    while (!jobs.empty() && turn.jobs.size() < kJobsMax) {
      turn.jobs.push_back(std::move(jobs.front()));
      jobs.pop_front();
    }
    std::size_t operations = 0;
    std::size_t bytes = 0;
    while (!commits.empty() && operations < kGroupOperationsMax && bytes < kGroupBytesMax) {
      auto& first = commits.front();
      operations += first.commit.puts.size() + first.commit.deletes.size();
      bytes += first.bytes;
      turn.commits.push_back(std::move(first.commit));
      turn.promises.push_back(std::move(first.promise));
      commits.pop_front();
    }
    commit_bytes -= bytes;
    turn.waiting = commits.size();
    return turn;
  }

  std::optional<SqliteGroupDone> run(Turn turn) {
    for (auto& job : turn.jobs) job(*core);
    if (turn.commits.empty()) return std::nullopt;
    const Revision before = core->info().revision;
    auto outcomes = core->commit_group(std::move(turn.commits), executor.wall_now());
    return SqliteGroupDone{std::move(turn.promises), std::move(outcomes), before, core->info(),
                           core->health(),           turn.waiting};
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
                           SqliteThreading threading, Duration inline_latency, OnGroup on_group)
    : executor_(executor),
      shared_(std::make_shared<Shared>(executor, std::move(core), std::move(on_group))),
      inline_latency_(inline_latency) {
  if (threading == SqliteThreading::kThread) thread_ = std::make_unique<Thread>(shared_);
}

SqliteWorker::~SqliteWorker() {
  if (round_ != 0) executor_.cancel(round_);
}

void SqliteWorker::submit(Job job) {
  {
    const std::scoped_lock lock{shared_->mutex};
    shared_->jobs.push_back(std::move(job));
  }
  schedule();
}

bool SqliteWorker::submit(Commit commit, Promise<Result<Revision>> promise) {
  {
    const std::scoped_lock lock{shared_->mutex};
    const std::size_t bytes = bytes_of(commit);
    if (shared_->commits.size() >= kWaitingCommitsMax ||
        shared_->commit_bytes + bytes > kWaitingBytesMax) {
      return false;
    }
    shared_->commit_bytes += bytes;
    shared_->commits.push_back(WaitingCommit{std::move(commit), std::move(promise), bytes});
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
