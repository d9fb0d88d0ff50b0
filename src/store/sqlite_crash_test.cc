// Power cuts at any write of the SQLite store: what was acknowledged is there afterwards, what was
// not is there whole or not at all, and revisions never go back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/log.h"
#include "store/fault_vfs.h"
#include "store/sqlite_core.h"

namespace blox::store {
namespace {

constexpr const char* kPath = "store.db";

// What the test knows of the store: the state after each revision that it was told, and the one
// commit whose outcome it was not told.
struct Known {
  std::map<std::string, std::string> values;
  Revision revision = 0;
  std::map<std::string, std::string> perhaps_values;  // With the commits of unknown outcome too.
  Revision perhaps_revision = 0;
  std::string store_id;
};

SqliteCoreOptions options_on(const FaultDisk& disk, SqliteDurability durability) {
  SqliteCoreOptions options;
  options.vfs = disk.vfs();
  options.store_id_seed = 1;
  options.durability = durability;
  options.checkpoint_pages = 20;
  return options;
}

Commit draw_commit(Random& random) {
  Commit commit;
  const std::uint64_t first = random.below(30);
  for (std::uint64_t i = 0; i <= random.below(5); ++i) {
    const std::string key = "key" + std::to_string(first + i);
    if (random.percent(25)) {
      commit.deletes.push_back(key);
    } else {
      commit.puts.push_back(Put{key, random.hex(1 + random.below(6'000))});
    }
  }
  return commit;
}

void apply(const Commit& commit, std::map<std::string, std::string>& values) {
  for (const auto& put : commit.puts) values[put.key] = put.value;
  for (const auto& key : commit.deletes) values.erase(key);
}

// True when all acknowledged, and only that, is told; notes what is not.
bool commit_some(SqliteCore& core, Random& random, Known& known) {
  std::vector<Commit> group;
  for (std::uint64_t i = 0; i <= random.below(4); ++i) group.push_back(draw_commit(random));
  known.perhaps_values = known.values;
  known.perhaps_revision = known.revision;
  for (const auto& commit : group) {
    apply(commit, known.perhaps_values);
    ++known.perhaps_revision;
  }
  const auto outcomes = core.commit_group(group, WallTime{std::chrono::seconds{known.revision}});
  for (const auto& outcome : outcomes) {
    if (!outcome.result) return false;
  }
  known.values = known.perhaps_values;
  known.revision = known.perhaps_revision;
  return true;
}

Result<std::map<std::string, std::string>> read_all(SqliteCore& core) {
  RangeRequest request;
  request.limit = 10'000;
  std::map<std::string, std::string> values;
  const auto page = core.range(request);
  if (!page) return page.error_in("read all");
  for (const auto& item : page->items) values[item.key] = *item.value;
  return values;
}

// What is wrong with what was found, empty if nothing is.
std::string compare(SqliteCore& core, Known& known) {
  if (!known.store_id.empty() && core.info().store_id != known.store_id) return "another store id";
  known.store_id = core.info().store_id;
  const auto read = read_all(core);
  if (!read) return read.error().message;
  const auto& found = *read;
  const Revision revision = core.info().revision;
  const bool as_told = revision == known.revision && found == known.values;
  const bool and_more = revision == known.perhaps_revision && found == known.perhaps_values;
  if (!as_told && !and_more) {
    return "found are revision " + std::to_string(revision) + " with " +
           std::to_string(found.size()) + " keys, told were revision " +
           std::to_string(known.revision) + " and " + std::to_string(known.values.size()) + " keys";
  }
  known.values = found;
  known.revision = revision;
  known.perhaps_values = found;
  known.perhaps_revision = revision;
  return "";
}

// One life after another on one disk, each ended by a power cut. Returns the first thing wrong.
std::string simulate(std::uint64_t seed, SqliteDurability durability) {
  Random random{seed};
  FaultDisk disk;
  Known known;
  for (int life = 0; life < 12; ++life) {
    disk.stop_after(static_cast<std::int64_t>(random.below(life % 3 == 2 ? 30 : 400)));
    {
      auto core = SqliteCore::open(kPath, options_on(disk, durability));
      if (core) {
        while (commit_some(**core, random, known)) {
          if (random.percent(20)) static_cast<void>((*core)->compact((*core)->info().revision / 2));
          if (random.percent(30)) static_cast<void>((*core)->sweep());
        }
      }
    }
    disk.crash(random);
    auto core = SqliteCore::open(kPath, options_on(disk, durability));
    if (!core) return core.error().message;
    const std::string wrong = compare(**core, known);
    if (!wrong.empty()) return wrong;
  }
  return "";
}

// The warnings of thousands of failing disks say nothing here.
class SqliteCrash : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(log::configure(log::Level::kError, "")); }
  void TearDown() override { ASSERT_TRUE(log::configure(log::Level::kWarn, "")); }
};

TEST_F(SqliteCrash, NothingAcknowledgedIsLost) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    ASSERT_EQ(simulate(seed, SqliteDurability::kFull), "") << "seed " << seed;
  }
}

TEST_F(SqliteCrash, WithoutSyncsTheSameTestFails) {
  int failures = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    if (!simulate(seed, SqliteDurability::kOff).empty()) ++failures;
  }
  EXPECT_GE(failures, 15);
}

class SqliteOnFaultDisk : public testing::Test {
 protected:
  std::unique_ptr<SqliteCore> open() {
    auto core = SqliteCore::open(kPath, options_on(disk_, SqliteDurability::kFull));
    EXPECT_TRUE(core) << core.error().message;
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
  disk_.set_capacity(disk_.file_size(kPath) + disk_.file_size("store.db-wal"));
  const auto refused = put(*core, random_.hex(200'000));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnavailable) << refused.error().message;
  EXPECT_EQ(core->info().revision, 1);
  disk_.set_capacity(std::nullopt);
  EXPECT_EQ(put(*core, "2"), 2);
}

TEST_F(SqliteOnFaultDisk, AfterAFailedSyncTheOutcomeIsUnknownAndWritingEnds) {
  {
    const auto core = open();
    ASSERT_EQ(put(*core, "1"), 1);
    disk_.fail_syncs(1);
    const auto unknown = put(*core, "2");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().kind, ErrorKind::kUnknown) << unknown.error().message;
    const auto refused = put(*core, "3");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kInternal);
    EXPECT_EQ(core->info().revision, 1);
  }
  const auto core = open();
  EXPECT_TRUE(put(*core, "4"));
}

TEST_F(SqliteOnFaultDisk, ASecondOwnerOfTheFileIsRefused) {
  const auto core = open();
  const auto second = SqliteCore::open(kPath, options_on(disk_, SqliteDurability::kFull));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(second.error().message, testing::HasSubstr("another process uses it"));
}

TEST_F(SqliteOnFaultDisk, TheWalStaysShort) {
  const auto core = open();
  std::int64_t longest = 0;
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(put(*core, random_.hex(40'000)));
    longest = std::max(longest, disk_.file_size("store.db-wal"));
  }
  EXPECT_LT(longest, (20 + 15) * 4'200);
}

}  // namespace
}  // namespace blox::store
