#include "store/store_world_for_tests.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/io_loop.h"
#include "base/sim_loop.h"
#include "store/fault_vfs.h"
#include "store/memory_store.h"
#include "store/sqlite_store.h"

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

// A folder of its own, gone with it.
class TemporaryFolder {
 public:
  TemporaryFolder()
      : path_((std::filesystem::temp_directory_path() / "blox-store-XXXXXX").string()) {
    check(mkdtemp(path_.data()) != nullptr, "a temporary folder can be made");
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file() const { return path_ + "/store.db"; }

 private:
  std::string path_;
};

std::unique_ptr<SqliteStore> open_sqlite(Executor& executor, const std::string& path,
                                         const std::string& vfs, SqliteThreading threading,
                                         HistoryBounds history) {
  SqliteStoreOptions options;
  options.core.vfs = vfs;
  options.core.history = history;
  options.threading = threading;
  options.inline_latency = 1ms;
  options.compact_interval = 100ms;
  options.ring_changes_max = 50;  // So that watches from the past have to read the file.
  auto store = SqliteStore::open(executor, path, options);
  check(store.has_value(), store ? "" : store.error().message);
  return std::move(*store);
}

// On a disk in memory whose power fails at each reopening.
class InlineSqliteWorld final : public SimWorld {
 public:
  InlineSqliteWorld(std::uint64_t seed, HistoryBounds history)
      : SimWorld(seed), random_(seed), history_(history) {
    reopen();
  }
  Store& store() override { return *store_; }
  void reopen() override {
    disk_.crash(random_);
    store_.reset();
    store_ = open_sqlite(loop_, "store.db", disk_.vfs(), SqliteThreading::kInline, history_);
  }

 private:
  Random random_;
  FaultDisk disk_;
  HistoryBounds history_;
  std::unique_ptr<SqliteStore> store_;
};

// On the real loop and a real thread, run until the work ends.
class ThreadedSqliteWorld final : public StoreWorld {
 public:
  explicit ThreadedSqliteWorld(HistoryBounds history) : history_(history) { reopen(); }
  Executor& executor() override { return loop_; }
  Store& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    store_ = open_sqlite(loop_, folder_.file(), "", SqliteThreading::kThread, history_);
  }
  bool run(Async<void> work) override {
    bool ended = false;
    auto until_end = [&](Async<void> inner) -> Async<void> {
      co_await std::move(inner);
      ended = true;
      loop_.stop();
    };
    auto give_up = [&]() -> Async<void> {
      co_await sleep_for(loop_, 1min);
      loop_.stop();
    };
    Scope scope{loop_};
    scope.spawn(give_up());
    scope.spawn(until_end(std::move(work)));
    loop_.run();
    return ended;
  }

 private:
  IoLoop loop_;
  TemporaryFolder folder_;
  HistoryBounds history_;
  std::unique_ptr<SqliteStore> store_;
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
  return {{"Memory",
           [](std::uint64_t seed, HistoryBounds history) {
             return std::make_unique<MemoryWorld>(seed, history);
           }},
          {"SqliteInline",
           [](std::uint64_t seed, HistoryBounds history) {
             return std::make_unique<InlineSqliteWorld>(seed, history);
           }},
          {"SqliteThreaded",
           [](std::uint64_t, HistoryBounds history) {
             return std::make_unique<ThreadedSqliteWorld>(history);
           },
           2}};
}

}  // namespace blox::store
