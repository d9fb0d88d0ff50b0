// A Repository on a store in memory, for the tests of folders that do not see stores.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "scheduler/environments/repository.h"
#include "store/memory_store.h"
#include "store/slow_store_for_tests.h"

namespace blox::scheduler {

/// A store in memory that is busy: it answers after a while and refuses some calls, by the seed,
/// as SlowStore has it. Requires: the executor outlives it.
struct StoreForTests {
  StoreForTests(Executor& executor, std::shared_ptr<store::MemoryDisk> disk, std::uint64_t seed)
      : memory(executor, std::move(disk),
               store::MemoryStoreOptions{.commit_latency = std::chrono::milliseconds{2}}),
        slow(executor, memory, seed) {}

  /// For a test that says when its writes end and how: it stays slow.
  void refuse_nothing() { slow.options().refused_percent = 0; }

  store::MemoryStore memory;
  store::SlowStore slow;
};

/// Requires: `load` of the repository before use; the executor outlives it.
struct RepositoryForTests {
  explicit RepositoryForTests(Executor& executor)
      : store(executor, store::make_memory_disk(/*store_id_seed=*/1), /*seed=*/1),
        repository(executor, store.slow) {}
  StoreForTests store;
  Repository repository;
};

}  // namespace blox::scheduler
