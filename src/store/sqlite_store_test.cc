// SqliteStore beyond the contract: how it comes back from a disk that failed in the middle.
#include "store/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/scope.h"
#include "base/sim_loop.h"
#include "store/fault_vfs.h"

namespace blox::store {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class SqliteStoreOnFaultDisk : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(log::configure(log::Level::kOff, ""));
    SqliteStoreOptions options;
    options.core.vfs = disk_.vfs();
    options.threading = SqliteThreading::kInline;
    options.inline_latency = 1ms;
    options.metrics = &metrics_;
    store_ = SqliteStore::open(loop_, "store.db", options).value();
  }
  void TearDown() override { ASSERT_TRUE(log::configure(log::Level::kWarn, "")); }

  static Commit put_one(const std::string& value) {
    Commit commit;
    commit.puts.push_back(Put{"key", value});
    return commit;
  }
  // As a client of the store does: again while nothing was done.
  Async<void> put(std::string value, std::optional<Result<Revision>>& outcome) {
    for (;;) {
      auto result = co_await store_->commit(put_one(value));
      if (result || result.error().kind != ErrorKind::kUnavailable) {
        outcome.emplace(std::move(result));
        co_return;
      }
      co_await sleep_for(loop_, 50ms);
    }
  }
  Result<Revision> put(const std::string& value) {
    std::optional<Result<Revision>> outcome;
    Scope scope{loop_};
    scope.spawn(put(value, outcome));
    EXPECT_TRUE(loop_.run_while_not([&] { return outcome.has_value(); }, 1min));
    return outcome.value_or(fail(ErrorKind::kInternal, "it did not end"));
  }
  // Fails when a revision is missing or shown twice, or shows another value than was put.
  Async<void> follow(Revision& shown) {
    const auto watch = store_->watch("", 1);
    for (;;) {
      const auto batch = co_await watch->next();
      EXPECT_TRUE(batch) << batch.error().message;
      if (!batch) co_return;
      for (const auto& event : batch->events) {
        EXPECT_EQ(event.entry.mod_revision, shown + 1);
        shown = event.entry.mod_revision;
        EXPECT_EQ(*event.entry.value, expected_[shown]);
      }
    }
  }

  Metrics metrics_;
  FaultDisk disk_;
  SimLoop loop_{1};
  std::unique_ptr<SqliteStore> store_;
  std::map<Revision, std::string> expected_;
};

TEST_F(SqliteStoreOnFaultDisk, AfterAnUnknownOutcomeItWritesAgainAndWatchesHaveNoGap) {
  Revision shown = 0;
  Scope scope{loop_};
  scope.spawn(follow(shown));
  int took_place = 0;
  int unknowns = 0;
  const std::string store_id = store_->info().store_id;
  for (int i = 0; i < 200; ++i) {
    if (i % 20 == 9) disk_.fail_syncs(1);
    if (i % 20 == 19) disk_.fail_writes(1);
    const std::string value = std::to_string(i);
    const Revision next = store_->info().revision + 1;
    expected_[next] = value;
    const auto revision = put(value);
    if (revision) {
      EXPECT_EQ(*revision, next);
      continue;
    }
    ASSERT_EQ(revision.error().kind, ErrorKind::kUnknown);
    ++unknowns;
    loop_.run_for(1s);
    if (store_->info().revision == next) ++took_place;
  }
  loop_.run_for(1s);
  EXPECT_EQ(shown, store_->info().revision);
  EXPECT_THAT(metrics_.to_text(), HasSubstr("\nblox_store_broken 0"));
  EXPECT_THAT(metrics_.to_text(),
              HasSubstr("\nblox_store_commits_total " + std::to_string(200 - unknowns)));
  EXPECT_EQ(store_->info().store_id, store_id);
  EXPECT_GT(took_place, 0);
  EXPECT_GT(unknowns, took_place);
}

TEST_F(SqliteStoreOnFaultDisk, WhileTheDiskFailsItTriesAtGrowingIntervals) {
  ASSERT_EQ(put("1"), 1);
  disk_.fail_syncs(1);
  ASSERT_EQ(put("2").error().kind, ErrorKind::kUnknown);
  disk_.fail_writes(INT32_MAX);
  loop_.run_for(1min);
  std::optional<Result<Page>> page;
  auto read = [](Store& store, std::optional<Result<Page>>& target) -> Async<void> {
    target.emplace(co_await store.range({}));
  };
  Scope scope{loop_};
  scope.spawn(read(*store_, page));
  EXPECT_THAT(metrics_.to_text(), HasSubstr("\nblox_store_broken 1"));
  const auto steps = loop_.step_count();
  loop_.run_for(1min);
  EXPECT_LT(loop_.step_count() - steps, 100U);
  ASSERT_TRUE(page.has_value());
  ASSERT_FALSE(*page);
  EXPECT_EQ(page->error().kind, ErrorKind::kUnavailable);
  disk_.fail_writes(0);
  loop_.run_for(11s);
  EXPECT_TRUE(put("3"));
}

}  // namespace
}  // namespace blox::store
