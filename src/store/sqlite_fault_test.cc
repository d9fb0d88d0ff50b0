// The SQLite store on a disk that fails and goes on: what is refused, what is unknown, and how it
// finds its feet again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/log.h"
#include "store/fault_vfs.h"
#include "store/sqlite_core.h"

namespace blox::store {
namespace {

constexpr const char* kPath = "store.db";
constexpr const char* kWal = "store.db-wal";

SqliteCoreOptions options_on(const FaultDisk& disk) {
  SqliteCoreOptions options;
  options.vfs = disk.vfs();
  options.store_id_seed = 1;
  options.checkpoint_pages = 20;
  return options;
}

template <class T>
ErrorKind kind_of(const Result<T>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? ErrorKind::kInternal : result.error().kind;
}

class SqliteOnFaultDisk : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(log::configure(log::Level::kError, "")); }
  void TearDown() override { ASSERT_TRUE(log::configure(log::Level::kWarn, "")); }
  std::unique_ptr<SqliteCore> open() {
    auto core = SqliteCore::open(kPath, options_on(disk_));
    EXPECT_TRUE(core) << (core ? "" : core.error().message);
    return core ? std::move(*core) : nullptr;
  }
  static Result<Revision> put(SqliteCore& core, const std::string& value) {
    Commit commit;
    commit.puts.push_back(Put{"key", value});
    return core.commit_group({commit}, WallTime{}).front().result;
  }

  FaultDisk disk_;
  Random random_{1};
};

TEST_F(SqliteOnFaultDisk, AFullDiskRefusesAndChangesNothing) {
  const auto core = open();
  ASSERT_EQ(put(*core, "1"), 1);
  disk_.set_capacity(disk_.file_size(kPath) + disk_.file_size(kWal));
  const auto refused = put(*core, random_.hex(200'000));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnavailable) << refused.error().message;
  EXPECT_EQ(core->info().revision, 1);
  disk_.set_capacity(std::nullopt);
  EXPECT_EQ(put(*core, "2"), 2);
}

TEST_F(SqliteOnFaultDisk, AfterAFailedSyncAllIsRefusedUntilTheFileIsOpenedAgain) {
  const auto core = open();
  ASSERT_EQ(put(*core, "1"), 1);
  ASSERT_EQ(put(*core, "2"), 2);
  const std::string store_id = core->info().store_id;
  disk_.fail_syncs(1);
  EXPECT_EQ(kind_of(put(*core, "3")), ErrorKind::kUnknown);
  EXPECT_TRUE(core->is_broken());
  const auto operations = disk_.operation_count();
  EXPECT_EQ(kind_of(put(*core, "4")), ErrorKind::kUnavailable);
  EXPECT_EQ(kind_of(core->range({})), ErrorKind::kUnavailable);
  EXPECT_EQ(kind_of(core->read_log("", 1, 1)), ErrorKind::kUnavailable);
  EXPECT_EQ(kind_of(core->compact(1)), ErrorKind::kUnavailable);
  EXPECT_EQ(kind_of(core->compact_to_bounds(WallTime{}, 2)), ErrorKind::kUnavailable);
  EXPECT_EQ(disk_.operation_count(), operations);
  disk_.fail_writes(1'000);
  EXPECT_FALSE(core->reopen());
  EXPECT_TRUE(core->is_broken());
  EXPECT_EQ(kind_of(put(*core, "5")), ErrorKind::kUnavailable);
  disk_.fail_writes(0);
  ASSERT_TRUE(core->reopen());
  EXPECT_FALSE(core->is_broken());
  EXPECT_EQ(core->info().store_id, store_id);
  const Revision found = core->info().revision;
  EXPECT_THAT(found, testing::AnyOf(2, 3));
  EXPECT_EQ(*core->range({})->items[0].value, std::to_string(found));
  EXPECT_EQ(put(*core, "6"), found + 1);
}

TEST_F(SqliteOnFaultDisk, ACompactionOfUnknownOutcomeBreaksTheCoreToo) {
  for (const bool sweeps : {false, true}) {
    const auto core = open();
    for (const char* value : {"1", "2", "3"}) ASSERT_TRUE(put(*core, value));
    const Revision newest = core->info().revision;
    if (sweeps) {
      ASSERT_TRUE(core->compact(newest));
    }
    disk_.fail_syncs(1);
    const auto unknown = sweeps ? kind_of(core->sweep()) : kind_of(core->compact(newest));
    EXPECT_EQ(unknown, ErrorKind::kUnknown) << sweeps;
    EXPECT_EQ(kind_of(put(*core, "4")), ErrorKind::kUnavailable);
    ASSERT_TRUE(core->reopen());
    EXPECT_EQ(put(*core, "5"), newest + 1);
    ASSERT_TRUE(core->compact(newest));
    EXPECT_FALSE(core->sweep().value());
  }
}

TEST_F(SqliteOnFaultDisk, AFileThatLacksWhatWasAcknowledgedIsNotOpenedAgain) {
  const auto core = open();
  ASSERT_TRUE(put(*core, "1"));
  disk_.fail_syncs(1);
  EXPECT_EQ(kind_of(put(*core, "2")), ErrorKind::kUnknown);
  disk_.remove(kPath);
  disk_.remove(kWal);
  EXPECT_EQ(kind_of(core->reopen()), ErrorKind::kInternal);
  EXPECT_TRUE(core->is_broken());
  EXPECT_EQ(core->info().revision, 1);
}

// Commits until it is refused; returns the newest revision.
Revision fill_wal(SqliteCore& core, Random& random) {
  for (;;) {
    Commit commit;
    commit.puts.push_back(Put{"key", random.hex(8'000)});
    const auto result = core.commit_group({commit}, WallTime{}).front().result;
    if (result) continue;
    EXPECT_EQ(result.error().kind, ErrorKind::kUnavailable);
    EXPECT_THAT(result.error().message, testing::HasSubstr("the WAL is full"));
    return core.info().revision;
  }
}

TEST_F(SqliteOnFaultDisk, NothingIsWrittenToAWalThatIsFull) {
  SqliteCoreOptions options = options_on(disk_);
  options.wal_pages_max = 60;
  const auto core = SqliteCore::open(kPath, options).value();
  disk_.fail_writes_to(kPath, true);
  const Revision first = fill_wal(*core, random_);
  const auto length = disk_.file_size(kWal);
  EXPECT_LT(length, 80 * 4'200);
  EXPECT_EQ(kind_of(core->compact(first)), ErrorKind::kUnavailable);
  disk_.fail_writes_to(kPath, false);
  ASSERT_TRUE(core->compact(first));
  disk_.fail_writes_to(kPath, true);
  const Revision second = fill_wal(*core, random_);
  EXPECT_GT(second, first);
  EXPECT_EQ(kind_of(core->sweep()), ErrorKind::kUnavailable);
  EXPECT_LE(disk_.file_size(kWal), length + 4'200);
  disk_.fail_writes_to(kPath, false);
  EXPECT_FALSE(core->sweep().value());
  EXPECT_TRUE(put(*core, "after"));
}

TEST_F(SqliteOnFaultDisk, ACheckpointThatFailsIsMadeUpFor) {
  const std::string value = random_.hex(200'000);  // More than a checkpoint waits for.
  for (const bool is_full : {false, true}) {
    const std::string path = is_full ? "full.db" : "failing.db";
    const auto core = SqliteCore::open(path, options_on(disk_)).value();
    ASSERT_TRUE(put(*core, "1"));
    const auto before = disk_.file_size(path);
    if (is_full) {  // The WAL has room to grow, and the file then has none.
      disk_.set_capacity(disk_.size() + 125'000);
    } else {
      disk_.fail_writes_to(path, true);
    }
    EXPECT_TRUE(put(*core, value));
    EXPECT_EQ(core->health().failed_checkpoints, 1);
    EXPECT_GT(core->health().wal_pages, 20);
    EXPECT_LT(disk_.file_size(path), before + 80'000);
    EXPECT_EQ(*core->range({})->items[0].value, value);
    disk_.set_capacity(std::nullopt);
    disk_.fail_writes_to(path, false);
    EXPECT_TRUE(put(*core, "after"));
    EXPECT_GT(disk_.file_size(path), before + 80'000);
  }
}

// What is in the WAL finds no room in the file: nothing can be written, and all can be read.
TEST_F(SqliteOnFaultDisk, AFullDiskKeepsNoStoreFromOpening) {
  const std::string value = random_.hex(40'000);
  {
    const auto core = open();
    ASSERT_TRUE(put(*core, "1"));
  }
  {
    const auto core = open();  // Which copies the WAL, so that the next one is all new.
    ASSERT_TRUE(put(*core, value));
    ASSERT_LT(core->health().wal_pages, 20) << "and what it holds is not in the file";
  }
  disk_.set_capacity(disk_.size());
  const auto core = open();
  ASSERT_NE(core, nullptr);
  EXPECT_EQ(core->info().revision, 2);
  EXPECT_EQ(*core->range({})->items[0].value, value);
  EXPECT_EQ(core->read_log("", 1, 2)->events.size(), 2U);
  EXPECT_EQ(core->health().failed_checkpoints, 1);
  EXPECT_GE(core->health().wal_pages, 5);
  EXPECT_EQ(kind_of(put(*core, random_.hex(400'000))), ErrorKind::kUnavailable);
  EXPECT_EQ(core->info().revision, 2);
  disk_.set_capacity(std::nullopt);
  EXPECT_EQ(put(*core, "after"), 3);
}

// Reading goes on after an unknown outcome too, when there is room for nothing more.
TEST_F(SqliteOnFaultDisk, AFullDiskKeepsNoStoreFromOpeningAgain) {
  const auto core = open();
  ASSERT_TRUE(put(*core, random_.hex(40'000)));
  disk_.fail_syncs(1);
  ASSERT_EQ(kind_of(put(*core, random_.hex(20'000))), ErrorKind::kUnknown);
  disk_.set_capacity(disk_.size());
  ASSERT_TRUE(core->reopen());
  EXPECT_FALSE(core->is_broken());
  EXPECT_EQ(core->range({})->items.size(), 1U);
}

TEST_F(SqliteOnFaultDisk, WhatAFailedOpeningLeftInTheWalCountsToItsLength) {
  SqliteCoreOptions options = options_on(disk_);
  options.checkpoint_pages = 1'000;
  options.wal_pages_max = 60;
  const auto fill = [&] {
    const auto core = SqliteCore::open(kPath, options).value();
    Revision newest = 0;
    while (core->health().wal_pages < 50) newest = put(*core, random_.hex(8'000)).value();
    return newest;
  };
  const Revision newest = fill();
  disk_.fail_writes_to(kPath, true);
  const auto length = disk_.file_size(kWal);
  for (int opened = 0; opened < 30; ++opened) {  // Each would add a group.
    const auto core = SqliteCore::open(kPath, options).value();
    EXPECT_GE(core->info().revision, newest);
    fill_wal(*core, random_);
    EXPECT_LT(disk_.file_size(kWal), length + 20 * std::int64_t{4'200}) << opened;
  }
  disk_.fail_writes_to(kPath, false);
  EXPECT_TRUE(put(*open(), "after"));
}

// What was remembered of a group that failed is forgotten with it.
TEST_F(SqliteOnFaultDisk, AGroupThatFoundTheDiskFullLeavesNothingBehind) {
  const auto core = open();
  ASSERT_EQ(put(*core, "1"), 1);
  Commit large;
  large.puts.push_back(Put{"key", "2"});
  large.puts.push_back(Put{"new", random_.hex(200'000)});
  disk_.set_capacity(disk_.size());
  EXPECT_EQ(kind_of(core->commit_group({large}, WallTime{}).front().result),
            ErrorKind::kUnavailable);
  disk_.set_capacity(std::nullopt);
  Commit next;
  next.compares = {Compare{"key", 1}, Compare{"new", 0}};
  next.puts = {Put{"key", "3"}, Put{"new", "4"}};
  const auto taken = core->commit_group({next}, WallTime{}).front().result;
  ASSERT_TRUE(taken) << taken.error().message;
  const auto slice = core->range({}).value();
  ASSERT_EQ(slice.items.size(), 2U);
  EXPECT_EQ(*slice.items[0].value, "3");
  EXPECT_EQ(*slice.items[1].value, "4");
  EXPECT_EQ(slice.items[1].create_revision, *taken);
}

// History is measured at marks, one a second: a group that was undone has left none.
TEST_F(SqliteOnFaultDisk, AGroupThatFailedLeavesNoMark) {
  const auto core = open();
  const auto put_at = [&](std::chrono::seconds at, const std::string& value) {
    Commit commit;
    commit.puts.push_back(Put{"key", value});
    return core->commit_group({commit}, WallTime{at}).front().result;
  };
  ASSERT_TRUE(put_at(std::chrono::seconds{100}, "1"));
  disk_.set_capacity(disk_.size());
  ASSERT_FALSE(put_at(std::chrono::seconds{200}, random_.hex(200'000)));
  disk_.set_capacity(std::nullopt);
  ASSERT_TRUE(put_at(std::chrono::seconds{200}, "2"));
  ASSERT_TRUE(core->compact_to_bounds(WallTime{std::chrono::hours{2}}, 2));
  EXPECT_EQ(core->info().compact_revision, 2);
}

TEST_F(SqliteOnFaultDisk, AFailedOpeningLeavesTheFileAsItWas) {
  {
    ASSERT_TRUE(put(*open(), "1"));
  }
  for (int failing = 1; failing <= 3; ++failing) {
    disk_.fail_syncs(1);
    const auto refused = SqliteCore::open(kPath, options_on(disk_));
    if (!refused) {
      EXPECT_THAT(refused.error().message, testing::HasSubstr("'store.db'"));
    }
    disk_.crash(random_);
    const auto core = open();
    ASSERT_NE(core, nullptr);
    EXPECT_EQ(core->info().revision, failing);
    EXPECT_EQ(put(*core, std::to_string(failing + 1)), failing + 1);
  }
}

TEST_F(SqliteOnFaultDisk, ASecondOwnerOfTheFileIsRefused) {
  const auto core = open();
  const auto second = SqliteCore::open(kPath, options_on(disk_));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(second.error().message, testing::HasSubstr("another process uses it"));
}

TEST_F(SqliteOnFaultDisk, TheWalStaysShort) {
  const auto core = open();
  std::int64_t longest = 0;
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(put(*core, random_.hex(40'000)));
    longest = std::max(longest, disk_.file_size(kWal));
  }
  EXPECT_LT(longest, (20 + 15) * 4'200);
}

}  // namespace
}  // namespace blox::store
