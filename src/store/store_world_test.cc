#include "store/store_world.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/sim_loop.h"
#include "store/memory_store.h"

namespace blox::store {
namespace {

using namespace std::chrono_literals;

template <class T>
Async<void> keep(Async<T> work, std::optional<T>& result) {
  result.emplace(co_await std::move(work));
}

template <class T>
T wait_for(StoreWorld& world, Async<T> work) {
  std::optional<T> result;
  const bool ended = world.run(keep(std::move(work), result));
  check(ended && result.has_value(), "a store answers within a minute");
  return std::move(*result);
}

class SimWorld : public StoreWorld {
 public:
  explicit SimWorld(std::uint64_t seed) : loop_(seed) {}
  Executor& executor() override { return loop_; }
  bool run(Async<void> work) override {
    Scope scope{loop_};
    scope.spawn(std::move(work));
    return loop_.run_while_not([&] { return scope.size() == 0; }, 1min);
  }

 protected:
  SimLoop loop_;
};

class MemoryWorld final : public SimWorld {
 public:
  MemoryWorld(std::uint64_t seed, HistoryBounds history)
      : SimWorld(seed), disk_(make_memory_disk(seed, history)) {
    reopen();
  }
  Store& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    store_ = std::make_unique<MemoryStore>(loop_, disk_, MemoryStoreOptions{1ms});
  }

 private:
  std::shared_ptr<MemoryDisk> disk_;
  std::unique_ptr<MemoryStore> store_;
};

}  // namespace

Result<Revision> StoreWorld::commit(Commit commit) {
  return wait_for(*this, store().commit(std::move(commit)));
}

Result<Revision> StoreWorld::put(std::string key, std::string value) {
  Commit one;
  one.puts.push_back(Put{std::move(key), std::move(value)});
  return commit(std::move(one));
}

Result<Revision> StoreWorld::remove(std::string key) {
  Commit one;
  one.deletes.push_back(std::move(key));
  return commit(std::move(one));
}

Result<Page> StoreWorld::range(RangeRequest request) {
  return wait_for(*this, store().range(std::move(request)));
}

Status StoreWorld::compact(Revision revision) { return wait_for(*this, store().compact(revision)); }

Result<WatchBatch> StoreWorld::next(Watch& watch) { return wait_for(*this, watch.next()); }

Result<std::vector<std::string>> StoreWorld::read_through(Watch& watch, Revision through) {
  std::vector<std::string> seen;
  for (Revision shown = 0; shown < through;) {
    const auto batch = next(watch);
    if (!batch) return batch.error_in("read_through");
    check(batch->revision > shown, "a batch shows progress");
    shown = batch->revision;
    for (const auto& event : batch->events) {
      check(event.entry.mod_revision <= shown, "a batch is shown whole");
      seen.push_back(to_text(event));
    }
  }
  return seen;
}

std::string to_text(const WatchEvent& event) {
  const auto& entry = event.entry;
  const std::string place = fmt::format("{}.{} ", entry.mod_revision, entry.position);
  check(event.deleted == !entry.value, "a delete has no value, and nothing else has none");
  if (event.deleted) return place + "-" + entry.key;
  return place + entry.key + "=" + *entry.value;
}

std::vector<std::string> to_text(const Page& page) {
  std::vector<std::string> items;
  for (const auto& item : page.items) {
    items.push_back(fmt::format("{}={}@{}", item.key, *item.value, item.mod_revision));
  }
  return items;
}

std::vector<StoreKind> store_kinds() {
  return {{"Memory", [](std::uint64_t seed, HistoryBounds history) {
             return std::make_unique<MemoryWorld>(seed, history);
           }}};
}

}  // namespace blox::store
