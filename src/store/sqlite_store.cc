#include "store/sqlite_store.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "store/commit_check.h"

namespace blox::store {
namespace {

// Between attempts to open the file again.
constexpr Duration kReopenWaitMin = std::chrono::milliseconds{100};
constexpr Duration kReopenWaitMax = std::chrono::seconds{10};
// A watch that cannot read the file asks again after so long, or after the next commit.
constexpr Duration kRetryWait = std::chrono::seconds{1};

// What an answer may hold: a page or a batch of changes ends with the value or the commit that
// reaches its bound, and each entry takes room beside its bytes.
constexpr std::size_t kEntryBytes = 192;
constexpr std::size_t kAnswerBytesMax = kPageBytesMax + kCommitBytesMax;
constexpr std::size_t kBatchCost =
    kAnswerBytesMax + kEntryBytes * (kBatchEventsMax + kCommitOperationsMax);
// Reads of the past by watches that are under way at a time.
constexpr std::size_t kLogReadsMax = 3;
// Of a job that answers with next to nothing.
constexpr std::size_t kSmallCost = 1'024;
// Of what the store does by itself, one at a time: never refused, as it makes room or mends.
constexpr std::nullopt_t kUpkeep = std::nullopt;

std::size_t cost_of(const RangeRequest& request) {
  const std::size_t keys = std::min(request.limit, kPageKeysMax);
  return kSmallCost + request.prefix.size() + request.after_key.size() + kEntryBytes * keys +
         std::min(kAnswerBytesMax, keys * kCommitBytesMax);
}

}  // namespace

// Has the worker call `work` with the core. Destroying the caller takes back what has not begun.
template <class T, class Work>
Async<T> SqliteStore::ask(std::optional<std::size_t> bytes, Work work) {
  auto [promise, future] = make_promise<SqliteAnswer<T>>(executor_);
  auto job = std::make_unique<SqliteAsked<T, Work>>(std::move(promise), std::move(work));
  if (!bytes) {
    worker_->submit_upkeep(std::move(job));
  } else if (!worker_->submit(std::move(job), *bytes)) {
    refused_ = true;
    if (metrics_) metrics_->note_refused();
    co_return worker_->fail_full();
  }
  note_waiting();
  SqliteAnswer<T> answer = co_await future;
  answer.hold = ByteHold{};
  note_waiting();
  if (std::exchange(refused_, false)) changed_.notify_all();  // Watches that were refused.
  co_return std::move(answer.value);
}

// One more, for as long as it lives.
class CountUp {
 public:
  explicit CountUp(std::size_t& count) : count_(count) { ++count_; }
  CountUp(const CountUp&) = delete;
  CountUp& operator=(const CountUp&) = delete;
  ~CountUp() { --count_; }

 private:
  std::size_t& count_;
};

class SqliteStore::Reader final : public Watch {
 public:
  Reader(SqliteStore& store, std::string prefix, Revision from)
      : store_(store), prefix_(std::move(prefix)), next_(from) {}

  Async<Result<WatchBatch>> next() override {
    bool waited = false;
    for (;;) {
      if (auto valid = check_watch(next_, store_.info_); !valid) co_return valid.error_in("watch");
      if (next_ > store_.info_.revision) {
        co_await store_.changed_.wait();
        waited = true;
      } else if (next_ < store_.ring_.first_revision()) {
        auto batch = co_await read_log();
        if (batch || batch.error().kind != ErrorKind::kUnavailable) co_return batch;
        co_await store_.changed_.wait_until(store_.executor_.now() + kRetryWait);
      } else if (!waited) {
        co_await yield(store_.executor_);  // So that a watch far behind leaves room to others.
        waited = true;
      } else {
        break;
      }
    }
    WatchBatch batch = store_.ring_.read(prefix_, next_);
    next_ = batch.revision + 1;
    co_return batch;
  }

 private:
  // Of the past. Few at a time, as each may hold megabytes: however many watches are behind, what
  // others have to read has its room.
  Async<Result<WatchBatch>> read_log() {
    if (store_.log_reads_ >= kLogReadsMax) {
      store_.refused_ = true;
      co_return store_.worker_->fail_full();
    }
    const CountUp reading{store_.log_reads_};
    auto work = [prefix = prefix_, from = next_, to = store_.info_.revision](SqliteCore& core) {
      return core.read_log(prefix, from, to);
    };
    auto asked = store_.ask<Result<WatchBatch>>(kBatchCost, std::move(work));
    auto batch = co_await std::move(asked);
    if (!batch) co_return batch.error_in("watch");
    next_ = batch->revision + 1;
    co_return batch;
  }

  SqliteStore& store_;
  std::string prefix_;
  Revision next_;  // The first revision that has not been shown.
};

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(Executor& executor, const std::string& path,
                                                       SqliteStoreOptions options) {
  auto core = SqliteCore::open(path, options.core);
  if (!core) return std::unexpected<Error>(core.error());
  return std::unique_ptr<SqliteStore>{
      new SqliteStore(executor, std::move(*core), std::move(options))};
}

SqliteStore::SqliteStore(Executor& executor, std::unique_ptr<SqliteCore> core,
                         SqliteStoreOptions options)
    : executor_(executor),
      options_(std::move(options)),
      info_(core->info()),
      ring_(info_.revision, options_.ring_changes_max, options_.ring_bytes_max),
      changed_(executor),
      maintenance_asked_(executor),
      aged_(info_.revision),
      scope_(executor) {
  if (options_.metrics != nullptr) {
    metrics_.emplace(*options_.metrics);
    metrics_->note(info_);
  }
  worker_ = std::make_unique<SqliteWorker>(
      executor, std::move(core), options_.threading, options_.inline_latency,
      options_.queue_bytes_max, [this](SqliteGroupDone done) { on_group(std::move(done)); });
  scope_.spawn(maintain());
}

SqliteStore::~SqliteStore() = default;

Async<Result<Page>> SqliteStore::range(RangeRequest request) {
  if (auto valid = check_range(request); !valid) co_return valid.error_in("range");
  for (;;) {
    auto work = [request](SqliteCore& core) { return core.range(request); };
    auto asked = ask<Result<RangeSlice>>(cost_of(request), std::move(work));
    auto slice = co_await std::move(asked);
    if (!slice) co_return std::unexpected<Error>(slice.error());
    if (!slice->items.empty() || !slice->more) co_return Page{std::move(*slice)};
    request.after_key = std::move(slice->scanned_to);
    request.revision = slice->revision;
  }
}

Async<Result<Revision>> SqliteStore::commit(Commit commit) {
  if (auto valid = check_commit(commit); !valid) co_return valid.error_in("commit");
  auto [promise, future] = make_promise<Result<Revision>>(executor_);
  if (!worker_->submit(std::move(commit), std::move(promise))) {
    if (metrics_) metrics_->note_refused();
    co_return Result<Revision>{worker_->fail_full()}.error_in("commit");
  }
  note_waiting();
  co_return co_await future;
}

void SqliteStore::note_waiting() {
  if (metrics_) metrics_->note_waiting(worker_->waiting_bytes());
}

void SqliteStore::on_group(SqliteGroupDone done) {
  done.holds.clear();
  if (metrics_) metrics_->note(done);
  skip_to(done.before);
  for (std::size_t i = 0; i < done.outcomes.size(); ++i) {
    auto& [result, events] = done.outcomes[i];
    if (result) {
      ring_.push(std::move(events), *result);
    } else {
      note_failure(result.error());
    }
    done.promises[i].set(std::move(result));
  }
  const Revision compacted = std::max(info_.compact_revision, done.info.compact_revision);
  info_ = std::move(done.info);
  info_.compact_revision = compacted;
  note_waiting();
  changed_.notify_all();
}

void SqliteStore::note_failure(const Error& error) {
  if (is_outcome_known(error.kind) || broken_) return;
  broken_ = true;
  if (metrics_) metrics_->note_opened(false);
  maintenance_asked_.notify_all();
}

// Up to `revision` there are commits that were never told: those whose outcome was unknown and that
// took place. Watches read them from the file.
void SqliteStore::skip_to(Revision revision) {
  if (revision <= ring_.revision()) return;
  ring_ = ChangeRing{revision, options_.ring_changes_max, options_.ring_bytes_max};
  info_.revision = revision;
}

std::unique_ptr<Watch> SqliteStore::watch(std::string prefix, Revision from_revision) {
  return std::make_unique<Reader>(*this, std::move(prefix), from_revision);
}

Async<Status> SqliteStore::compact(Revision revision) {
  auto work = [revision](SqliteCore& core) { return core.compact(revision); };
  auto asked = ask<Status>(kSmallCost, std::move(work));
  auto compacted = co_await std::move(asked);
  if (!compacted) {
    note_failure(compacted.error());
    co_return compacted;
  }
  info_.compact_revision = std::max(info_.compact_revision, revision);
  changed_.notify_all();
  maintenance_asked_.notify_all();
  co_return done();
}

Async<void> SqliteStore::maintain() {
  for (Duration wait = kReopenWaitMin;;) {
    if (broken_) {
      const auto opened = co_await reopen();
      if (opened) {
        wait = kReopenWaitMin;
      } else {
        log::error("store", "{}; it will be tried again", opened.error().message);
        co_await sleep_for(executor_, wait);
        wait = std::min(2 * wait, kReopenWaitMax);
      }
      continue;
    }
    co_await maintenance_asked_.wait_until(executor_.now() + options_.compact_interval);
    if (broken_) continue;
    const auto swept = co_await sweep();
    if (swept) continue;
    log::warn("store", "{}; it will be tried again", swept.error().message);
    note_failure(swept.error());
  }
}

Async<Status> SqliteStore::reopen() {
  auto work = [](SqliteCore& core) -> Result<StoreInfo> {
    if (core.is_broken()) {
      if (auto opened = core.reopen(); !opened) return std::unexpected<Error>(opened.error());
    }
    return core.info();
  };
  broken_ = false;  // A failure that comes while this one is mended sets it anew.
  auto asked = ask<Result<StoreInfo>>(kUpkeep, work);
  const auto info = co_await std::move(asked);
  if (metrics_) metrics_->note_opened(info.has_value());
  if (!info) {
    broken_ = true;
    co_return std::unexpected<Error>(info.error());
  }
  skip_to(info->revision);
  info_.compact_revision = std::max(info_.compact_revision, info->compact_revision);
  log::warn("store", "the file was opened again after an unknown outcome, at revision {}",
            info_.revision);
  changed_.notify_all();
  co_return done();
}

// What is older than the history's age by the clock of this process, so that setting the date
// forward compacts nothing. Of what was there at opening the date alone knows the age.
Revision SqliteStore::find_aged() {
  const TimePoint now = executor_.now();
  if (newest_at_.empty() || now - newest_at_.back().first >= options_.compact_interval) {
    newest_at_.emplace_back(now, info_.revision);
  }
  while (!newest_at_.empty() && now - newest_at_.front().first >= options_.core.history.age) {
    aged_ = newest_at_.front().second;
    newest_at_.pop_front();
  }
  return aged_;
}

Async<Status> SqliteStore::sweep() {
  auto bound = [now = executor_.wall_now(),
                aged = find_aged()](SqliteCore& core) -> Result<Revision> {
    if (auto compacted = core.compact_to_bounds(now, aged); !compacted) {
      return std::unexpected<Error>(compacted.error());
    }
    return core.info().compact_revision;
  };
  auto bounded = ask<Result<Revision>>(kUpkeep, std::move(bound));
  const auto compacted = co_await std::move(bounded);
  if (!compacted) co_return std::unexpected<Error>(compacted.error());
  if (*compacted > info_.compact_revision) {
    info_.compact_revision = *compacted;
    if (metrics_) metrics_->note(info_);
    changed_.notify_all();
  }
  for (;;) {
    auto slice = [](SqliteCore& core) { return core.sweep(); };
    auto asked = ask<Result<bool>>(kUpkeep, slice);
    const auto more = co_await std::move(asked);
    if (!more) co_return std::unexpected<Error>(more.error());
    if (!*more) co_return done();
  }
}

}  // namespace blox::store
