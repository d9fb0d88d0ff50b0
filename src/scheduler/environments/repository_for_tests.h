// A Repository on an empty store in memory, for the tests of folders that do not see stores.
#pragma once

#include "scheduler/environments/repository.h"
#include "store/memory_store.h"

namespace blox::scheduler {

/// Requires: `load` of the repository before use; the executor outlives it.
struct RepositoryForTests {
  explicit RepositoryForTests(Executor& executor)
      : store(executor, /*store_id_seed=*/1), repository(executor, store) {}
  store::MemoryStore store;
  Repository repository;
};

}  // namespace blox::scheduler
