// What the file is like: who may open it, its format, what a group costs, what compaction leaves.
#include "store/sqlite_core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "store/fault_vfs.h"
#include "store/sqlite_schema.h"

namespace blox::store {
namespace {

using testing::HasSubstr;

constexpr const char* kPath = "store.db";

class SqliteCoreTest : public testing::Test {
 protected:
  Result<std::unique_ptr<SqliteCore>> open(SqliteCoreOptions options = {}) {
    options.vfs = disk_.vfs();
    return SqliteCore::open(kPath, options);
  }
  // As the sqlite3 shell would.
  void execute(const std::string& sql) {
    auto database = SqliteDatabase::open(kPath, disk_.vfs());
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->execute("PRAGMA locking_mode = EXCLUSIVE;" + sql));
  }
  std::int64_t read_integer(const std::string& sql) {
    auto database = SqliteDatabase::open(kPath, disk_.vfs());
    EXPECT_TRUE(database->execute("PRAGMA locking_mode = EXCLUSIVE"));
    return database->read_integer(sql).value();
  }

  FaultDisk disk_;
};

Commit put_one(const std::string& key, const std::string& value) {
  Commit commit;
  commit.puts.push_back(Put{key, value});
  return commit;
}

TEST_F(SqliteCoreTest, TheStoreIdIsDrawnOnce) {
  SqliteCoreOptions options;
  options.store_id_seed = 5;
  const std::string first = open(options).value()->info().store_id;
  options.store_id_seed = 6;
  EXPECT_EQ(open(options).value()->info().store_id, first);
}

TEST_F(SqliteCoreTest, ANewerFormatIsRefusedAndLeftAlone) {
  ASSERT_TRUE(open());
  execute("PRAGMA user_version = 2");
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kInvalid);
  EXPECT_THAT(refused.error().message, HasSubstr("'store.db'"));
  EXPECT_THAT(refused.error().message, HasSubstr("its format is 2"));
  EXPECT_EQ(read_integer("PRAGMA user_version"), 2);
}

TEST_F(SqliteCoreTest, AnotherProgramsFileIsRefusedAndLeftAlone) {
  execute("CREATE TABLE theirs (a INTEGER)");
  const auto operations = disk_.operation_count();
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kInvalid);
  EXPECT_THAT(refused.error().message, HasSubstr("another program"));
  EXPECT_EQ(disk_.operation_count(), operations);
}

TEST(SqliteFile, TheLockHoldsOnRealFilesToo) {
  const std::string path = testing::TempDir() + "blox-sqlite-lock.db";
  for (const char* suffix : {"", "-wal", "-journal"}) std::remove((path + suffix).c_str());
  const auto first = SqliteCore::open(path, {});
  ASSERT_TRUE(first) << first.error().message;
  const auto second = SqliteCore::open(path, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr("another process uses it"));
  for (const char* suffix : {"", "-wal", "-journal"}) std::remove((path + suffix).c_str());
}

TEST(SqliteFile, OnlyItsOwnerMayReadIt) {
  const std::string path = testing::TempDir() + "blox-sqlite-rights.db";
  for (const char* suffix : {"", "-wal"}) std::remove((path + suffix).c_str());
  const auto core = SqliteCore::open(path, {});
  ASSERT_TRUE(core) << core.error().message;
  ASSERT_TRUE((*core)->commit_group({put_one("key", "secret")}, WallTime{})[0].result);
  for (const char* suffix : {"", "-wal"}) {
    const auto rights = std::filesystem::status(path + suffix).permissions();
    EXPECT_EQ(rights, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    std::remove((path + suffix).c_str());
  }
}

TEST(SqliteFile, AFolderThatIsMissingIsNamed) {
  const auto refused = SqliteCore::open("/nonexistent/store.db", {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("/nonexistent/store.db"));
}

TEST_F(SqliteCoreTest, AGroupCostsOneSync) {
  const auto core = open().value();
  const auto cost_of = [&](int commits) {
    std::vector<Commit> group;
    for (int i = 0; i < commits; ++i) group.push_back(put_one("k" + std::to_string(i), "v"));
    const auto before = disk_.sync_count();
    for (const auto& outcome : core->commit_group(group, WallTime{})) EXPECT_TRUE(outcome.result);
    return disk_.sync_count() - before;
  };
  cost_of(1);
  EXPECT_EQ(cost_of(1), 1);
  EXPECT_EQ(cost_of(200), 1);
  EXPECT_EQ(core->info().revision, 202);
}

TEST_F(SqliteCoreTest, ASliceOfARangeLooksAtABoundedNumberOfKeys) {
  const auto core = open().value();
  const auto total = static_cast<int>(kRangeScanMax) + 100;
  for (int i = 0; i < total; i += 100) {
    Commit commit;
    for (int k = i; k < i + 100; ++k) commit.puts.push_back(Put{"k" + std::to_string(k), "v"});
    Commit remove;
    for (const auto& put : commit.puts) remove.deletes.push_back(put.key);
    ASSERT_TRUE(core->commit_group({commit, remove}, WallTime{})[1].result);
  }
  RangeRequest request;
  const auto slice = core->range(request).value();
  EXPECT_TRUE(slice.items.empty());
  EXPECT_TRUE(slice.more);
  request.after_key = slice.scanned_to;
  EXPECT_FALSE(core->range(request).value().more);
}

TEST_F(SqliteCoreTest, CompactionLeavesOnlyWhatIsInForce) {
  const auto core = open().value();
  for (int i = 0; i < 3'000; ++i) {
    Commit commit = put_one("k" + std::to_string(i % 10), std::to_string(i));
    commit.puts.push_back(Put{"gone" + std::to_string(i), "v"});
    if (i > 0) commit.deletes.push_back("gone" + std::to_string(i - 1));
    ASSERT_TRUE(core->commit_group({commit}, WallTime{})[0].result);
  }
  ASSERT_TRUE(core->compact(3'000));
  int slices = 1;
  while (core->sweep().value()) ++slices;
  EXPECT_EQ(slices, 9);  // 8,999 changes.
  EXPECT_FALSE(core->sweep().value());
  EXPECT_EQ(core->range({})->items.size(), 11U);
  ASSERT_TRUE(core->commit_group({put_one("k0", "after")}, WallTime{})[0].result);
  ASSERT_TRUE(core->compact(3'001));
  EXPECT_FALSE(core->sweep().value());
}

TEST_F(SqliteCoreTest, CompactedRowsAreGoneFromEveryTable) {
  {
    const auto core = open().value();
    for (const char* value : {"1", "2", "3"}) {
      ASSERT_TRUE(
          core->commit_group({put_one("a", value), put_one("b", value)}, WallTime{})[0].result);
    }
    Commit remove;
    remove.deletes = {"b"};
    ASSERT_TRUE(core->commit_group({remove}, WallTime{})[0].result);
    ASSERT_TRUE(core->compact(7));
    EXPECT_FALSE(core->sweep().value());
  }
  EXPECT_EQ(read_integer("SELECT count(*) FROM log"), 1);
  EXPECT_EQ(read_integer("SELECT count(*) FROM keys"), 1);
  EXPECT_EQ(read_integer("SELECT count(*) FROM current"), 1);
}

TEST_F(SqliteCoreTest, HistoryIsBoundByAgeAndByBytes) {
  struct Row {
    const char* rule;
    HistoryBounds history;
    int compacted_min;
    int compacted_max;
  };
  HistoryBounds age;
  age.age = std::chrono::seconds{100};
  HistoryBounds bytes;
  bytes.bytes_max = 50'000;
  const Row rows[] = {{"100 of 200 s", age, 99, 101}, {"50 of 200 KB", bytes, 150, 160}};
  for (const auto& row : rows) {
    SqliteCoreOptions options;
    options.history = row.history;
    options.vfs = disk_.vfs();
    const auto core = SqliteCore::open(row.rule, options).value();
    Random random{1};
    WallTime now{std::chrono::days{20'000}};
    for (int i = 0; i < 200; ++i, now += std::chrono::seconds{1}) {
      std::string value;
      for (int k = 0; k < 999; ++k) value.push_back(static_cast<char>(random.next()));
      ASSERT_TRUE(core->commit_group({put_one("k", value)}, now)[0].result);
    }
    ASSERT_TRUE(core->compact_to_bounds(now, core->info().revision));
    EXPECT_GE(core->info().compact_revision, row.compacted_min) << row.rule;
    EXPECT_LE(core->info().compact_revision, row.compacted_max) << row.rule;
  }
}

TEST_F(SqliteCoreTest, AgeCompactsNothingThatIsKnownToBeYounger) {
  const auto core = open().value();
  const WallTime start{std::chrono::days{20'000}};
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(core->commit_group({put_one("k", "v")}, start + std::chrono::minutes{i})[0].result);
  }
  ASSERT_TRUE(core->compact_to_bounds(start + std::chrono::days{1}, 4));
  EXPECT_EQ(core->info().compact_revision, 4);
}

// What docs/formats/sqlite.md says to run on a copy that takes the place of the store.
TEST_F(SqliteCoreTest, ARestoredCopyIsAnotherStoreFarAhead) {
  std::string store_id;
  {
    const auto core = open().value();
    store_id = core->info().store_id;
    for (const char* value : {"1", "2", "3"}) {
      ASSERT_TRUE(core->commit_group({put_one("a", value)}, WallTime{})[0].result);
    }
  }
  execute(
      "UPDATE state SET revision = revision + (1 << 40), "
      "compact_revision = revision + (1 << 40), "
      "store_id = lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || "
      "substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || "
      "hex(randomblob(6)))");
  const auto core = open().value();
  const Revision jumped = 3 + (Revision{1} << 40);
  EXPECT_EQ(core->info().revision, jumped);
  EXPECT_EQ(core->info().store_id.size(), 36U);
  EXPECT_NE(core->info().store_id, store_id);
  EXPECT_EQ(core->read_log("", 5, jumped).error().kind, ErrorKind::kCompacted);
  EXPECT_EQ(*core->range({})->items[0].value, "3");
  EXPECT_EQ(core->commit_group({put_one("a", "4")}, WallTime{})[0].result, jumped + 1);
  while (core->sweep().value()) {
  }
  EXPECT_EQ(core->read_log("", jumped + 1, jumped + 1)->events.size(), 1U);
  EXPECT_EQ(*core->range({})->items[0].value, "4");
}

}  // namespace
}  // namespace blox::store
