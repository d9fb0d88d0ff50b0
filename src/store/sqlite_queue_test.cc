// What may wait in a SqliteStore is bounded in bytes, and each byte is given back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/run_to_end_for_tests.h"
#include "base/scope.h"
#include "base/sim_loop.h"
#include "store/fault_vfs.h"
#include "store/sqlite_store.h"

namespace blox::store {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::size_t kMiB = 1 << 20;

class SqliteQueue : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(log::configure(log::Level::kOff, "")); }
  void TearDown() override { ASSERT_TRUE(log::configure(log::Level::kWarn, "")); }

  void open(std::size_t bytes_max) {
    SqliteStoreOptions options = options_;
    options.core.vfs = disk_.vfs();
    options.threading = SqliteThreading::kInline;
    options.inline_latency = 1ms;
    options.queue_bytes_max = bytes_max;
    options.metrics = &metrics_;
    store_ = SqliteStore::open(loop_, "store.db", options).value();
  }
  static Commit put_one(std::size_t bytes) {
    Commit commit;
    commit.puts.push_back(Put{"key", std::string(bytes, 'x')});
    return commit;
  }
  // Runs `work` beside what goes on until it ends.
  template <class T>
  T run(Async<T> work) {
    return run_to_end(loop_, std::move(work), 1min);
  }
  Async<void> read_for_ever() {
    for (;;) {
      const auto page = co_await store_->range({});
      EXPECT_TRUE(page || page.error().kind == ErrorKind::kUnavailable);
      if (!page) co_await sleep_for(loop_, 1ms);
    }
  }
  void expect_metric(const std::string& line) {
    EXPECT_THAT(metrics_.to_text(), HasSubstr("\n" + line + "\n"));
  }

  Metrics metrics_;
  FaultDisk disk_;
  SimLoop loop_{1};
  SqliteStoreOptions options_;
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(SqliteQueue, PutsInARowAreTakenHoweverManyBytesTheyHaveInAll) {
  open(64 * kMiB);
  for (int i = 0; i < 270; ++i) {
    const auto revision = run(store_->commit(put_one(kMiB)));
    ASSERT_TRUE(revision) << i << ": " << revision.error().message;
  }
  expect_metric("blox_store_waiting_bytes 0");
}

TEST_F(SqliteQueue, ReadsInARowAreTakenHoweverManyBytesTheyHaveInAll) {
  open(64 * kMiB);
  ASSERT_TRUE(run(store_->commit(put_one(100))));
  for (int i = 0; i < 270; ++i) {
    const auto page = run(store_->range({}));
    ASSERT_TRUE(page) << i << ": " << page.error().message;
  }
  expect_metric("blox_store_waiting_bytes 0");
  expect_metric("blox_store_refused_total 0");
}

TEST_F(SqliteQueue, RefusesWhatIsBeyondItsBytesAndSaysSo) {
  open(12 * kMiB);
  std::vector<std::optional<Result<Page>>> pages(4);
  std::vector<std::optional<Result<Revision>>> revisions(4);
  Scope scope{loop_};
  for (auto& page : pages) scope.spawn(keep(store_->range({}), page));
  for (auto& revision : revisions) scope.spawn(keep(store_->commit(put_one(kMiB)), revision));
  loop_.run_for(1s);
  // Which of them come first is the loop's choice.
  std::size_t taken = 0;
  for (const auto& page : pages) taken += page->has_value() ? 5'600'000 : 0;
  for (const auto& put : revisions) taken += put->has_value() ? kMiB : 0;
  EXPECT_GT(taken, 6 * kMiB);
  EXPECT_LE(taken, 12 * kMiB);
  for (const auto& page : pages) {
    if (*page) continue;
    EXPECT_EQ((*page).error().kind, ErrorKind::kUnavailable);
    EXPECT_THAT((*page).error().message, HasSubstr("queue is full"));
    EXPECT_THAT((*page).error().message, HasSubstr("at most 12582912"));
  }
  expect_metric("blox_store_waiting_bytes 0");
  EXPECT_TRUE(run(store_->range({})));
  EXPECT_TRUE(run(store_->commit(put_one(kMiB))));
}

TEST_F(SqliteQueue, CommitsOfNextToNothingAreBoundedToo) {
  open(kMiB);
  std::vector<std::optional<Result<Revision>>> revisions(4'000);
  Scope scope{loop_};
  for (auto& revision : revisions) scope.spawn(keep(store_->commit(put_one(0)), revision));
  loop_.run_for(1s);
  std::size_t taken = 0;
  for (const auto& revision : revisions) {
    if (*revision) {
      ++taken;
      continue;
    }
    ASSERT_EQ((*revision).error().kind, ErrorKind::kUnavailable);
    EXPECT_THAT((*revision).error().message, HasSubstr("commit: the store's queue is full"));
  }
  EXPECT_GT(taken, 1'000U);
  EXPECT_LT(taken, 2'000U);
}

TEST_F(SqliteQueue, WhatIsLargerThanAllRoomIsDoneAlone) {
  open(1'000);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(run(store_->commit(put_one(kMiB))));
    EXPECT_TRUE(run(store_->range({})));
  }
}

// Connect, ask, leave, again and again, faster than the disk reads.
TEST_F(SqliteQueue, CallersWhoLeaveTakeNoRoomFromThoseWhoStay) {
  open(12 * kMiB);
  for (int i = 0; i < 10'000; ++i) {
    Scope scope{loop_};
    std::optional<Result<Page>> page;
    scope.spawn(keep(store_->range({}), page));
    loop_.run_for(Duration::zero());  // It is asked, and the disk has not answered.
    ASSERT_FALSE(page) << i << (*page ? "" : (*page).error().message);
    ASSERT_GT(metrics_.gauge("blox_store_waiting_bytes", "").Value(), 0) << i;
  }
  EXPECT_TRUE(run(store_->range({})));
  EXPECT_TRUE(run(store_->commit(put_one(kMiB))));
  expect_metric("blox_store_refused_total 0");
  expect_metric("blox_store_waiting_bytes 0");
}

// Watches far behind ask when there is room, not after a while.
TEST_F(SqliteQueue, WatchesThatAreRefusedGoOnAsSoonAsThereIsRoom) {
  options_.ring_changes_max = 1;
  open(12 * kMiB);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(run(store_->commit(put_one(100))));
  std::vector<std::unique_ptr<Watch>> watches;
  std::vector<std::optional<Result<WatchBatch>>> batches(40);
  Scope scope{loop_};
  for (auto& batch : batches) {
    watches.push_back(store_->watch("", 1));
    scope.spawn(keep(watches.back()->next(), batch));
  }
  loop_.run_for(100ms);
  EXPECT_GT(metrics_.counter("blox_store_refused_total", "").Value(), 0);
  for (const auto& batch : batches) {
    ASSERT_TRUE(batch && *batch);
    EXPECT_EQ((*batch)->revision, 10);
  }
}

// However many are behind, and however many pages are asked for besides: what is to be stored is.
TEST_F(SqliteQueue, WatchesOfThePastLeaveRoomForReadsAndReadsForCommits) {
  options_.ring_changes_max = 1;
  open(64 * kMiB);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(run(store_->commit(put_one(100))));
  std::vector<std::unique_ptr<Watch>> watches;
  std::vector<std::optional<Result<WatchBatch>>> batches(100);
  std::vector<std::optional<Result<Page>>> pages(5);
  Scope scope{loop_};
  for (auto& batch : batches) {
    watches.push_back(store_->watch("", 1));
    scope.spawn(keep(watches.back()->next(), batch));
  }
  for (auto& page : pages) {
    RangeRequest request;
    request.limit = 1'000;
    scope.spawn(keep(store_->range(std::move(request)), page));
  }
  EXPECT_TRUE(run(store_->commit(put_one(100))));
  loop_.run_for(1s);
  for (const auto& page : pages) EXPECT_TRUE(page && *page);
  for (const auto& batch : batches) EXPECT_TRUE(batch && *batch);
  for (int i = 0; i < 20; ++i) scope.spawn(read_for_ever());
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(run(store_->commit(put_one(kMiB / 2))));
}

TEST_F(SqliteQueue, TheStoreMendsItselfHoweverFullItIs) {
  open(6 * kMiB);
  Scope scope{loop_};
  for (int i = 0; i < 3; ++i) scope.spawn(read_for_ever());
  loop_.run_for(10ms);
  disk_.fail_syncs(1);
  ASSERT_EQ(run(store_->commit(put_one(100))).error().kind, ErrorKind::kUnknown);
  loop_.run_for(5ms);
  expect_metric("blox_store_broken 0");
  EXPECT_GT(metrics_.counter("blox_store_refused_total", "").Value(), 0);
}

}  // namespace
}  // namespace blox::store
