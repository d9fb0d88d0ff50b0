#include "cluster_state/ingest/writer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace blox::cluster_state {

Async<Status> Ticket::durable() {
  if (left_ > 0) {
    auto [promise, future] = make_promise<bool>(executor_);
    waiting_.emplace(std::move(promise));
    co_await future;
  }
  co_return outcome_;
}

void Ticket::settle(const Status& outcome) {
  if (!outcome) outcome_ = outcome;
  if (--left_ > 0 || !waiting_) return;
  Promise<bool> promise = std::move(*waiting_);
  waiting_.reset();
  promise.set(true);
}

const std::string* Slot::undurable_value() const {
  const Write* newest = queued_ ? queued_.get() : in_flight_.get();
  return newest != nullptr && newest->value ? &*newest->value : nullptr;
}

Writer::Writer(Executor& executor, store::Store& store, Metrics& metrics, WriterOptions options)
    : executor_(executor),
      store_(store),
      options_(options),
      commit_seconds_(metrics.seconds("blox_ingest_commit_seconds",
                                      "From giving a commit to the store to its being durable.")),
      commits_(metrics.counter("blox_ingest_commits_total", "Commits that became durable.")),
      objects_(metrics.counter("blox_ingest_commit_objects_total",
                               "Keys put and deleted by the durable commits.")),
      failures_(metrics.counter("blox_ingest_commit_failures_total",
                                "Commits that the store refused or lost.")),
      changed_(executor),
      scope_(executor) {
  scope_.spawn(run());
}

void Writer::put(Slot& slot, std::string key, std::string value) {
  enqueue(slot, std::move(key), std::move(value));
}

void Writer::remove(Slot& slot, std::string key) { enqueue(slot, std::move(key), std::nullopt); }

void Writer::enqueue(Slot& slot, std::string key, std::optional<std::string> value) {
  check(!broken_, "a broken writer takes no changes");
  slot.refused_ = false;
  if (slot.queued_) {
    slot.queued_->value = std::move(value);
    return;
  }
  slot.queued_ = std::make_shared<Write>(Write{&slot, std::move(key), std::move(value), {}});
  if (slot.in_flight_) {
    ++blocked_count_;
  } else {
    queue_.push_back(slot.queued_);
    changed_.notify_all();
  }
}

void Writer::await(Slot& slot, const std::shared_ptr<Ticket>& ticket) {
  const auto& newest = slot.queued_ ? slot.queued_ : slot.in_flight_;
  if (!newest) return;
  // Reports of one batch on one object come in a row: enough to keep a ticket from waiting twice.
  if (!newest->tickets.empty() && newest->tickets.back() == ticket) return;
  newest->tickets.push_back(ticket);
  ++ticket->left_;
}

Async<void> Writer::run() {
  while (true) {
    while (queue_.empty() || broken_ || commits_in_flight_ >= options_.commits_in_flight_max) {
      co_await changed_.wait();
    }
    ++commits_in_flight_;
    scope_.spawn(commit(take_batch()));
  }
}

std::vector<std::shared_ptr<Writer::Write>> Writer::take_batch() {
  std::vector<std::shared_ptr<Write>> writes;
  std::size_t bytes = 0;
  while (!queue_.empty() && writes.size() < options_.commit_objects_max) {
    const auto& next = queue_.front();
    bytes += next->key.size() + (next->value ? next->value->size() : 0);
    if (!writes.empty() && bytes > store::kCommitBytesMax) break;
    next->slot->in_flight_ = std::move(next->slot->queued_);
    writes.push_back(next);
    queue_.pop_front();
  }
  flying_count_ += writes.size();
  return writes;
}

namespace {

template <class Writes>
store::Commit make_commit(const Writes& writes) {
  store::Commit commit;
  for (const auto& write : writes) {
    commit.compares.push_back({write->key, write->slot->mod_revision()});
    if (write->value) {
      commit.puts.push_back({write->key, *write->value});
    } else {
      commit.deletes.push_back(write->key);
    }
  }
  return commit;
}

Status broken_status() {
  return fail(ErrorKind::kUnavailable, "another commit was lost; the store is read again");
}

}  // namespace

Async<void> Writer::commit(std::vector<std::shared_ptr<Write>> writes) {
  const TimePoint start = executor_.now();
  const std::size_t count = writes.size();
  co_await carry_out(std::move(writes));
  commit_seconds_.Observe(std::chrono::duration<double>(executor_.now() - start).count());
  flying_count_ -= count;
  --commits_in_flight_;
  changed_.notify_all();
}

Async<void> Writer::carry_out(std::vector<std::shared_ptr<Write>> writes) {
  Duration wait = options_.retry_wait_min;
  while (true) {
    store::Commit commit = make_commit(writes);
    const auto revision = co_await store_.commit(std::move(commit));
    if (revision) {
      commit_error_.reset();
      finish(writes, *revision);
      co_return;
    }
    failures_.Increment();
    log::error("ingest", "cannot commit {} keys: {}", writes.size(), revision.error().message);
    commit_error_ = revision.error();
    if (revision.error().kind == ErrorKind::kInvalid) break;
    if (!is_worth_repeating(revision.error().kind)) {
      give_up(writes, revision.error());
      co_return;
    }
    co_await sleep_for(executor_, wait);
    wait = std::min(2 * wait, options_.retry_wait_max);
  }
  // One of them is to blame: only alone does it show which.
  if (writes.size() == 1) {
    refuse(*writes.front(), *std::exchange(commit_error_, std::nullopt));
    co_return;
  }
  for (const auto& write : writes) {
    std::vector<std::shared_ptr<Write>> alone{write};
    co_await carry_out(std::move(alone));
  }
}

void Writer::refuse(Write& write, const Error& error) {
  log::error("ingest", "the store refuses {}: {}", write.key, error.message);
  write.slot->in_flight_.reset();
  if (write.slot->queued_) {
    release_blocked(*write.slot, done());
  } else {
    write.slot->refused_ = true;
  }
  const Status refused = std::unexpected(error);
  for (const auto& ticket : write.tickets) ticket->settle(refused);
}

void Writer::finish(const std::vector<std::shared_ptr<Write>>& writes, store::Revision revision) {
  commits_.Increment();
  objects_.Increment(static_cast<double>(writes.size()));
  for (const auto& write : writes) {
    Slot& slot = *write->slot;
    slot.mod_revision_ = write->value ? revision : 0;
    slot.in_flight_.reset();
    if (slot.queued_) release_blocked(slot, done());
    for (const auto& ticket : write->tickets) ticket->settle(done());
  }
}

// The change that waited for the one in flight may set off, or fails with it.
void Writer::release_blocked(Slot& slot, const Status& outcome) {
  --blocked_count_;
  if (outcome && !broken_) {
    queue_.push_back(slot.queued_);
    return;
  }
  const auto blocked = std::exchange(slot.queued_, nullptr);
  const Status failed = outcome ? broken_status() : outcome;
  for (const auto& ticket : blocked->tickets) ticket->settle(failed);
}

void Writer::give_up(const std::vector<std::shared_ptr<Write>>& writes, const Error& error) {
  broken_ = true;
  const Status failed = std::unexpected(error);
  for (const auto& write : writes) {
    write->slot->in_flight_.reset();
    if (write->slot->queued_) release_blocked(*write->slot, failed);
    for (const auto& ticket : write->tickets) ticket->settle(failed);
  }
  for (const auto& write : std::exchange(queue_, {})) {
    write->slot->queued_.reset();
    for (const auto& ticket : write->tickets) ticket->settle(failed);
  }
}

Async<void> Writer::broken() {
  while (!broken_ || commits_in_flight_ > 0) co_await changed_.wait();
}

}  // namespace blox::cluster_state
