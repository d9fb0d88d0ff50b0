#include "store/memory_store.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/random.h"
#include "store/change_ring.h"
#include "store/commit_check.h"

namespace blox::store {
namespace {

// Commits that may wait at once.
constexpr std::size_t kWaitingMax = 100'000;

}  // namespace

/// Versions by key, and the history that watches read, which is also the list of what compaction
/// has to look at.
class MemoryDisk {
 public:
  MemoryDisk(std::uint64_t store_id_seed, HistoryBounds bounds)
      : bounds_(bounds),
        history_(0, static_cast<std::size_t>(bounds.changes_max), bounds.bytes_max) {
    info_.store_id = Random{store_id_seed}.uuid();
  }

  void name_anew(std::uint64_t store_id_seed) { info_.store_id = Random{store_id_seed}.uuid(); }
  const StoreInfo& info() const { return info_; }
  const ChangeRing& history() const { return history_; }

  Result<RangeSlice> range(const RangeRequest& request) const {
    if (auto valid = check_range_revision(request.revision, info_); !valid)
      return valid.error_in("range");
    RangeSlice page;
    page.revision = request.revision == 0 ? info_.revision : request.revision;
    std::size_t bytes = 0;
    const bool resumes = request.after_key >= request.prefix;
    auto entry = resumes && !request.after_key.empty() ? keys_.upper_bound(request.after_key)
                                                       : keys_.lower_bound(request.prefix);
    std::size_t scanned = 0;
    for (; entry != keys_.end() && entry->first.starts_with(request.prefix); ++entry) {
      if (++scanned > kRangeScanMax) {
        page.more = true;
        page.scanned_to = std::prev(entry)->first;
        break;
      }
      const auto& versions = entry->second;
      const auto newer = std::ranges::upper_bound(versions, page.revision, {},
                                                  [](const auto& v) { return v.mod_revision; });
      if (newer == versions.begin() || !std::prev(newer)->value) continue;
      if (page.items.size() == request.limit || bytes >= kPageBytesMax) {
        page.more = true;
        break;
      }
      page.items.push_back(*std::prev(newer));
      bytes += entry->first.size() + page.items.back().value->size();
    }
    return page;
  }

  Result<Revision> apply(Commit commit, TimePoint now) {
    for (const auto& compare : commit.compares) {
      const Revision found = mod_revision_of(compare.key);
      if (found != compare.mod_revision) return fail_compare(compare, found);
    }
    const Revision revision = info_.revision + 1;
    std::vector<WatchEvent> events;
    int position = 0;
    for (auto& put : commit.puts) {
      auto value = std::make_shared<const std::string>(std::move(put.value));
      events.push_back(add(std::move(put.key), std::move(value), revision, position++));
    }
    for (auto& key : commit.deletes) {
      if (mod_revision_of(key) != 0) {
        events.push_back(add(std::move(key), nullptr, revision, position));
      }
      ++position;
    }
    info_.revision = revision;
    const auto dropped = history_.push(std::move(events), revision);
    forget(dropped, history_.first_revision() - 1);
    if (marks_.empty() || now >= marks_.back().time + kMarkInterval) {
      marks_.push_back(Mark{now, revision});
    }
    compact_by_age(now);
    return revision;
  }

  void compact(Revision revision) {
    const auto dropped = history_.drop_through(revision);
    forget(dropped, revision);
  }

 private:
  struct Mark {
    TimePoint time;
    Revision revision;  // The newest at that time.
  };
  static constexpr std::chrono::seconds kMarkInterval{1};

  Revision mod_revision_of(const std::string& key) const {
    const auto found = keys_.find(key);
    if (found == keys_.end() || !found->second.back().value) return 0;
    return found->second.back().mod_revision;
  }

  WatchEvent add(std::string key, Bytes value, Revision revision, int position) {
    auto& versions = keys_[key];
    const bool exists = !versions.empty() && versions.back().value;
    KeyValue entry{std::move(key), std::move(value),
                   exists ? versions.back().create_revision : revision, revision, position};
    versions.push_back(entry);
    const bool deleted = !entry.value;
    return WatchEvent{std::move(entry), deleted};
  }

  // Every key in `dropped` loses what was superseded or deleted up to `revision`.
  void forget(const std::vector<WatchEvent>& dropped, Revision revision) {
    info_.compact_revision = std::max(info_.compact_revision, revision);
    for (const auto& event : dropped) {
      const auto found = keys_.find(event.entry.key);
      if (found == keys_.end()) continue;
      auto& versions = found->second;
      while (versions.size() > 1 && versions[1].mod_revision <= revision) versions.pop_front();
      if (!versions.front().value && versions.front().mod_revision <= revision) {
        versions.pop_front();
      }
      if (versions.empty()) keys_.erase(found);
    }
  }

  void compact_by_age(TimePoint now) {
    while (marks_.size() > 1 && now - marks_[1].time >= bounds_.age) marks_.pop_front();
    if (now - marks_.front().time < bounds_.age ||
        marks_.front().revision <= info_.compact_revision)
      return;
    compact(marks_.front().revision);
  }

  HistoryBounds bounds_;
  StoreInfo info_;
  ChangeRing history_;
  std::map<std::string, std::deque<KeyValue>> keys_;
  std::deque<Mark> marks_;  // One a second at most, none older than the history but the first.
};

std::shared_ptr<MemoryDisk> make_memory_disk(std::uint64_t store_id_seed, HistoryBounds history) {
  return std::make_shared<MemoryDisk>(store_id_seed, history);
}

std::shared_ptr<MemoryDisk> copy_memory_disk(const MemoryDisk& disk,
                                             std::optional<std::uint64_t> store_id_seed) {
  auto copy = std::make_shared<MemoryDisk>(disk);
  if (store_id_seed) copy->name_anew(*store_id_seed);
  return copy;
}

class MemoryStore::Reader final : public Watch {
 public:
  Reader(MemoryStore& store, std::string prefix, Revision from)
      : store_(store), prefix_(std::move(prefix)), next_(from) {}

  Async<Result<WatchBatch>> next() override {
    for (;;) {
      const auto& info = store_.disk_->info();
      if (auto valid = check_watch(next_, info); !valid) co_return valid.error_in("watch");
      if (next_ <= info.revision) break;
      co_await store_.changed_.wait();
    }
    co_await yield(store_.executor_);
    const auto& history = store_.disk_->history();
    // It may have been compacted while this yielded.
    if (auto valid = check_watch(next_, store_.disk_->info()); !valid) {
      co_return valid.error_in("watch");
    }
    WatchBatch batch = history.read(prefix_, next_);
    next_ = batch.revision + 1;
    co_return batch;
  }

 private:
  MemoryStore& store_;
  std::string prefix_;
  Revision next_;  // The first revision that has not been shown.
};

MemoryStore::MemoryStore(Executor& executor, std::uint64_t store_id_seed)
    : MemoryStore(executor, make_memory_disk(store_id_seed)) {}

MemoryStore::MemoryStore(Executor& executor, std::shared_ptr<MemoryDisk> disk,
                         MemoryStoreOptions options)
    : executor_(executor), disk_(std::move(disk)), options_(options), changed_(executor) {}

MemoryStore::~MemoryStore() {
  if (round_) executor_.cancel(*round_);
}

Async<Result<Page>> MemoryStore::range(RangeRequest request) {
  if (auto valid = check_range(request); !valid) co_return valid.error_in("range");
  for (;;) {
    co_await yield(executor_);
    auto slice = disk_->range(request);
    if (!slice) co_return std::unexpected<Error>(slice.error());
    if (!slice->items.empty() || !slice->more) co_return Page{std::move(*slice)};
    request.after_key = std::move(slice->scanned_to);
    request.revision = slice->revision;
  }
}

Async<Result<Revision>> MemoryStore::commit(Commit commit) {
  if (auto valid = check_commit(commit); !valid) co_return valid.error_in("commit");
  if (waiting_.size() >= kWaitingMax) {
    co_return fail(ErrorKind::kUnavailable, "commit: too many commits wait already");
  }
  auto [promise, future] = make_promise<Result<Revision>>(executor_);
  waiting_.push_back(Waiting{std::move(commit), std::move(promise)});
  if (!round_) {
    round_ =
        executor_.call_at(executor_.now() + options_.commit_latency, [this] { apply_waiting(); });
  }
  co_return co_await future;
}

void MemoryStore::apply_waiting() {
  round_.reset();
  const TimePoint now = executor_.now();
  for (auto& waiting : std::exchange(waiting_, {})) {
    auto applied = disk_->apply(std::move(waiting.commit), now);
    waiting.promise.set(applied ? std::move(applied) : applied.error_in("commit"));
  }
  changed_.notify_all();
}

std::unique_ptr<Watch> MemoryStore::watch(std::string prefix, Revision from_revision) {
  return std::make_unique<Reader>(*this, std::move(prefix), from_revision);
}

Async<Status> MemoryStore::compact(Revision revision) {
  co_await yield(executor_);
  if (revision > disk_->info().revision) {
    const auto future = check_snapshot(revision, disk_->info());
    co_return future.error_in("compact");
  }
  disk_->compact(revision);
  changed_.notify_all();
  co_return done();
}

StoreInfo MemoryStore::info() const { return disk_->info(); }

}  // namespace blox::store
