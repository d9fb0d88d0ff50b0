// The one pen of cluster state: changes of single keys, gathered into commits of the store.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/metrics.h"
#include "base/scope.h"
#include "base/signal.h"
#include "store/store.h"

namespace blox::cluster_state {

class Writer;

/// True for a refusal of the store that may be another answer a moment later (disk full, too much
/// waits).
constexpr bool is_worth_repeating(ErrorKind kind) {
  return kind == ErrorKind::kUnavailable || kind == ErrorKind::kThrottled;
}

/// Counts the changes that someone waits for.
class Ticket {
 public:
  explicit Ticket(Executor& executor) : executor_(executor) {}
  /// Waits until all are durable or one has failed for good. Once. Errors: those of Writer.
  Async<Status> durable();

 private:
  friend class Writer;
  void settle(const Status& outcome);

  Executor& executor_;
  std::size_t left_ = 0;
  Status outcome_ = done();
  std::optional<Promise<bool>> waiting_;
};

/// One key's place in the writer: what the store has, what is on its way there and what waits.
/// At most one change of a key is under way, so that its compare knows the revision before.
class Slot {
 public:
  /// The newest value that was put and is not durable yet; null when there is none or the newest
  /// change is a delete.
  const std::string* undurable_value() const;
  bool is_idle() const { return !queued_ && !in_flight_; }
  store::Revision mod_revision() const { return mod_revision_; }
  void set_mod_revision(store::Revision revision) { mod_revision_ = revision; }
  /// True when the store has refused the newest change for good: it holds what it held before.
  bool is_refused() const { return refused_; }

 private:
  friend class Writer;
  struct Write {
    Slot* slot;
    std::string key;
    std::optional<std::string> value;  // None: delete the key.
    std::vector<std::shared_ptr<Ticket>> tickets;
  };
  store::Revision mod_revision_ = 0;
  std::shared_ptr<Write> queued_;
  std::shared_ptr<Write> in_flight_;
  bool refused_ = false;
};

struct WriterOptions {
  std::size_t commit_objects_max = store::kCommitOperationsMax;
  std::size_t commits_in_flight_max = 4;
  Duration retry_wait_min = std::chrono::milliseconds{100};
  Duration retry_wait_max = std::chrono::seconds{5};
};

/// Commits changes in the order of their arrival, several commits at a time. What the store
/// refuses for now (disk full) is tried again for ever, with waits up to retry_wait_max: nothing
/// is given up, and its callers do not delete their messages. What it refuses for good (kInvalid)
/// fails alone, and those that wait for it; the rest of its commit goes on without it, and the slot
/// says so until its next change. After a
/// compare that failed or an unknown outcome the writer is broken: everything under way fails, and
/// its owner has to read the store again. Threading: the executor's thread. The slots must outlive
/// it or be idle.
class Writer {
 public:
  Writer(Executor& executor, store::Store& store, Metrics& metrics, WriterOptions options = {});

  /// Puts or deletes a key. A change of the same key that has not set off yet is replaced: of two
  /// in one commit the newest wins, and who waits for the older one waits for this.
  /// Requires: key and value together within store::kCommitBytesMax.
  void put(Slot& slot, std::string key, std::string value);
  void remove(Slot& slot, std::string key);
  /// Makes `ticket` wait for what is under way in `slot`, if anything is.
  void await(Slot& slot, const std::shared_ptr<Ticket>& ticket);

  bool is_broken() const { return broken_; }
  /// What the last commit failed with; none when it succeeded, or the writer was mended since.
  const std::optional<Error>& commit_error() const { return commit_error_; }
  /// Takes changes again. Requires: broken and settled.
  void mend() {
    broken_ = false;
    commit_error_.reset();
  }
  /// Waits until it is broken and nothing is under way.
  Async<void> broken();
  /// Changes that are not durable yet.
  std::size_t undurable_count() const { return queue_.size() + blocked_count_ + flying_count_; }

 private:
  using Write = Slot::Write;
  void enqueue(Slot& slot, std::string key, std::optional<std::string> value);
  Async<void> run();
  Async<void> commit(std::vector<std::shared_ptr<Write>> writes);
  Async<void> carry_out(std::vector<std::shared_ptr<Write>> writes);
  std::vector<std::shared_ptr<Write>> take_batch();
  void finish(const std::vector<std::shared_ptr<Write>>& writes, store::Revision revision);
  void release_blocked(Slot& slot, const Status& outcome);
  void refuse(Write& write, const Error& error);
  void give_up(const std::vector<std::shared_ptr<Write>>& writes, const Error& error);

  Executor& executor_;
  store::Store& store_;
  WriterOptions options_;
  Histogram& commit_seconds_;
  Counter& commits_;
  Counter& objects_;
  Counter& failures_;
  Signal changed_;
  std::deque<std::shared_ptr<Write>> queue_;  // Those whose slot has nothing in flight.
  std::size_t blocked_count_ = 0;             // Queued behind one in flight of the same key.
  std::size_t flying_count_ = 0;
  std::size_t commits_in_flight_ = 0;
  bool broken_ = false;
  std::optional<Error> commit_error_;
  Scope scope_;
};

}  // namespace blox::cluster_state
