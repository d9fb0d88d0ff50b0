// What a store of one machine does when somebody sets the machine's date.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/scope.h"
#include "base/sim_loop.h"
#include "store/fault_vfs.h"
#include "store/memory_store.h"
#include "store/sqlite_store.h"

namespace blox::store {
namespace {

using namespace std::chrono_literals;

// A SimLoop with a date that can be set.
class SetLoop final : public Executor {
 public:
  void post(Job job) override { loop.post(std::move(job)); }
  TimePoint now() const override { return loop.now(); }
  WallTime wall_now() const override { return loop.wall_now() + ahead; }
  TimerId call_at(TimePoint time, Job job) override { return loop.call_at(time, std::move(job)); }
  void cancel(TimerId timer) override { loop.cancel(timer); }

  SimLoop loop{1};
  std::chrono::milliseconds ahead{0};
};

Async<void> put(Store& store, int count) {
  for (int i = 0; i < count; ++i) {
    Commit commit;
    commit.puts.push_back(Put{"key", std::to_string(i)});
    EXPECT_TRUE(co_await store.commit(std::move(commit)));
  }
}

void expect_that_setting_the_date_compacts_nothing(SetLoop& executor, Store& store) {
  Scope scope{executor};
  const auto put_some = [&] {
    scope.spawn(put(store, 10));
    ASSERT_TRUE(executor.loop.run_while_not([&] { return scope.size() == 0; }, 1min));
    executor.loop.run_for(1min);
  };
  put_some();
  executor.ahead = 24h;
  put_some();
  EXPECT_EQ(store.info().compact_revision, 0);
  executor.loop.run_for(2h);
  put_some();
  EXPECT_GE(store.info().compact_revision, 10);
  const Revision compacted = store.info().compact_revision;
  executor.ahead = -24h;
  put_some();
  EXPECT_EQ(store.info().compact_revision, compacted);
}

TEST(StoreClock, SettingTheDateCompactsNothingInAFile) {
  SetLoop executor;
  FaultDisk disk;
  SqliteStoreOptions options;
  options.core.vfs = disk.vfs();
  options.threading = SqliteThreading::kInline;
  const auto store = SqliteStore::open(executor, "store.db", options).value();
  expect_that_setting_the_date_compacts_nothing(executor, *store);
}

TEST(StoreClock, SettingTheDateCompactsNothingInMemory) {
  SetLoop executor;
  MemoryStore store{executor, 1};
  expect_that_setting_the_date_compacts_nothing(executor, store);
}

}  // namespace
}  // namespace blox::store
