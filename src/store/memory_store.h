// MemoryStore: the store without a disk, for tests, simulation and `--store memory:`. What it has
// committed stands in a MemoryDisk, which can outlive it: that is how a simulated crash keeps it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/executor.h"
#include "base/signal.h"
#include "store/history.h"
#include "store/store.h"

namespace blox::store {

/// The durable content of a MemoryStore. Threading: none.
class MemoryDisk;

/// An empty one. Equal seeds, equal store ids. `history.bytes_max` bounds the history's memory.
std::shared_ptr<MemoryDisk> make_memory_disk(std::uint64_t store_id_seed,
                                             HistoryBounds history = {});

/// A disk of its own that holds the same now, store id included, as a file that is copied does.
/// With a seed it gets another store id, as a copy does that is put back (docs/formats/sqlite.md).
std::shared_ptr<MemoryDisk> copy_memory_disk(const MemoryDisk& disk,
                                             std::optional<std::uint64_t> store_id_seed = {});

struct MemoryStoreOptions {
  Duration commit_latency = Duration::zero();  ///< From the call to its taking effect.
};

/// Keeps every version in ordered maps. A commit takes effect by way of the executor, after
/// `commit_latency`, and is acknowledged only then. It has no leases: they come with replicas.
/// Threading: the executor's thread. Requires: one MemoryStore at a time on a MemoryDisk.
class MemoryStore final : public Store {
 public:
  /// On a disk of its own, which ends with it.
  MemoryStore(Executor& executor, std::uint64_t store_id_seed);
  /// On what an earlier store has left.
  MemoryStore(Executor& executor, std::shared_ptr<MemoryDisk> disk,
              MemoryStoreOptions options = {});
  ~MemoryStore() override;

  Async<Result<Page>> range(RangeRequest request) override;
  Async<Result<Revision>> commit(Commit commit) override;
  std::unique_ptr<Watch> watch(std::string prefix, Revision from_revision) override;
  Async<Status> compact(Revision revision) override;
  StoreInfo info() const override;

 private:
  class Reader;
  struct Waiting {
    Commit commit;
    Promise<Result<Revision>> promise;
  };
  void apply_waiting();

  Executor& executor_;
  std::shared_ptr<MemoryDisk> disk_;
  MemoryStoreOptions options_;
  Signal changed_;
  std::deque<Waiting> waiting_;
  std::optional<Executor::TimerId> round_;  // Of the timer that applies what waits.
};

}  // namespace blox::store
