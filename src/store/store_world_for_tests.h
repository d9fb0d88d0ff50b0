// StoreWorld: what the contract test needs around a store of any kind: a loop, a durable place, and
// reopening. Tests of stores alone use it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/scope.h"
#include "store/history.h"
#include "store/store.h"

namespace blox::store {

/// A loop and a store on it, which can be closed and opened again on the same durable content.
class StoreWorld {
 public:
  virtual ~StoreWorld() = default;
  virtual Executor& executor() = 0;
  virtual Store& store() = 0;
  /// Destroys the store and opens another on what it has left.
  virtual void reopen() = 0;
  /// Runs `work` on the loop until it ends. False when it does not within a minute of the loop's
  /// time.
  virtual bool run(Async<void> work) = 0;

  // The calls of Store, waited for.
  Result<Revision> commit(Commit commit);
  Result<Revision> put(std::string key, std::string value);
  Result<Revision> remove(std::string key);
  Result<Page> range(RangeRequest request);
  Status compact(Revision revision);
  Result<WatchBatch> next(Watch& watch);
  /// The changes up to and with `through`, each as "rev.position key=value" or "rev.position -key".
  Result<std::vector<std::string>> read_through(Watch& watch, Revision through);
};

std::string to_text(const WatchEvent& event);
/// Each as "key=value@mod_revision".
std::vector<std::string> to_text(const Page& page);

struct StoreKind {
  std::string name;
  std::function<std::unique_ptr<StoreWorld>(std::uint64_t seed, HistoryBounds history)> make;
  std::uint64_t model_seeds =
      15;  ///< Runs of the model test: fewer where each commit costs a sync.
};

/// MemoryStore, and SqliteStore in each of its ways to run.
std::vector<StoreKind> store_kinds();

}  // namespace blox::store
