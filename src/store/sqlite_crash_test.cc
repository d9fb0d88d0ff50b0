// Power cuts at any write of the SQLite store: what was acknowledged is there afterwards, what was
// not is there whole or not at all, and revisions never go back.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/log.h"
#include "store/fault_vfs.h"
#include "store/sqlite_core.h"

namespace blox::store {
namespace {

constexpr const char* kPath = "store.db";

using Values = std::map<std::string, std::string>;

// What the test knows of the store: its history as it was told, and the one group whose outcome it
// was not told.
struct Known {
  std::map<Revision, Values> snapshots{{0, {}}};  // After each revision; never compacted here.
  std::map<Revision, Values> perhaps;             // With the group of unknown outcome too.
  std::string store_id;
  int unknowns = 0;  // Groups that ended so.
  int mended = 0;    // Of these, those that were found to have taken place.

  Revision revision() const { return snapshots.rbegin()->first; }
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

void apply(const Commit& commit, Values& values) {
  for (const auto& put : commit.puts) values[put.key] = put.value;
  for (const auto& key : commit.deletes) values.erase(key);
}

// True when all was acknowledged. A group that failed with a known outcome leaves nothing behind.
bool commit_some(SqliteCore& core, Random& random, Known& known) {
  std::vector<Commit> group;
  for (std::uint64_t i = 0; i <= random.below(4); ++i) group.push_back(draw_commit(random));
  auto after = known.snapshots;
  for (const auto& commit : group) {
    Values values = after.rbegin()->second;
    apply(commit, values);
    after.emplace(after.rbegin()->first + 1, std::move(values));
  }
  const auto outcomes = core.commit_group(group, WallTime{std::chrono::seconds{known.revision()}});
  if (outcomes.front().result) {
    known.snapshots = std::move(after);
    return true;
  }
  if (outcomes.front().result.error().kind == ErrorKind::kUnknown) {
    known.perhaps = std::move(after);
    ++known.unknowns;
  }
  return false;
}

Result<Values> read_all(SqliteCore& core, Revision revision) {
  RangeRequest request;
  request.limit = 10'000;
  request.revision = revision;
  Values values;
  for (bool more = true; more;) {
    const auto page = core.range(request);
    if (!page) return page.error_in("read all");
    for (const auto& item : page->items) values[item.key] = *item.value;
    more = page->more;
    if (more) request.after_key = page->items.back().key;
  }
  return values;
}

// What the log makes of the values at `from`, up to the newest revision.
Result<Values> replay(SqliteCore& core, Revision from, Values values) {
  for (Revision next = from + 1; next <= core.info().revision;) {
    const auto batch = core.read_log("", next, core.info().revision);
    if (!batch) return batch.error_in("replay");
    for (const auto& event : batch->events) {
      if (event.deleted) {
        values.erase(event.entry.key);
      } else {
        values[event.entry.key] = *event.entry.value;
      }
    }
    next = batch->revision + 1;
  }
  return values;
}

// What is wrong with what was found, empty if nothing is.
std::string compare(SqliteCore& core, Random& random, Known& known) {
  if (!known.store_id.empty() && core.info().store_id != known.store_id) return "another store id";
  known.store_id = core.info().store_id;
  const Revision revision = core.info().revision;
  if (revision != known.revision() && known.perhaps.contains(revision)) {
    if (revision != known.perhaps.rbegin()->first) return "half a group is there";
    known.snapshots = known.perhaps;
    ++known.mended;
  }
  known.perhaps.clear();
  const std::string found = "revision " + std::to_string(revision) + ": ";
  if (revision != known.revision()) return found + "told was " + std::to_string(known.revision());
  const auto read = read_all(core, 0);
  if (!read) return found + read.error().message;
  if (*read != known.snapshots.at(revision)) return found + "other values";
  if (revision == core.info().compact_revision) return "";
  const auto span = static_cast<std::uint64_t>(revision - core.info().compact_revision);
  const Revision past =
      core.info().compact_revision + 1 + static_cast<Revision>(random.below(span));
  const auto old = read_all(core, past);
  if (!old) return found + old.error().message;
  if (*old != known.snapshots.at(past)) return found + "other values at " + std::to_string(past);
  const auto replayed = replay(core, past, *old);
  if (!replayed) return found + replayed.error().message;
  if (*replayed != *read) return found + "another log from " + std::to_string(past);
  return "";
}

// Commits, compacts and now and then has a sync fail, until the power does. Returns what is wrong.
std::string live(SqliteCore& core, FaultDisk& disk, Random& random, Known& known) {
  for (;;) {
    if (random.percent(5)) disk.fail_syncs(1);
    if (random.percent(5)) disk.fail_writes(1);
    commit_some(core, random, known);
    if (random.percent(20)) static_cast<void>(core.compact(core.info().revision / 2));
    if (random.percent(30)) static_cast<void>(core.sweep());
    if (disk.is_off()) return "";
    if (!core.is_broken()) continue;
    if (random.percent(30)) return "";  // The process ends: the next one has to cope.
    while (!core.reopen()) {
      if (disk.is_off()) return "";
    }
    const std::string wrong = compare(core, random, known);
    if (disk.is_off()) return "";  // Then reading failed.
    if (!wrong.empty()) return wrong;
  }
}

// One life after another on one disk, most ended by a power cut. Returns the first thing wrong.
std::string simulate(std::uint64_t seed, SqliteDurability durability, Known& known) {
  Random random{seed};
  FaultDisk disk;
  for (int life = 0; life < 12; ++life) {
    disk.stop_after(static_cast<std::int64_t>(random.below(life % 3 == 2 ? 30 : 400)));
    {
      auto core = SqliteCore::open(kPath, options_on(disk, durability));
      if (core) {
        if (const auto wrong = live(**core, disk, random, known); !wrong.empty()) return wrong;
      }
    }
    if (disk.is_off() || random.percent(50)) disk.crash(random);
    disk.stop_after(INT32_MAX);
    disk.fail_syncs(0);
    disk.fail_writes(0);
    auto core = SqliteCore::open(kPath, options_on(disk, durability));
    if (!core) return core.error().message;
    const std::string wrong = compare(**core, random, known);
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
  int unknowns = 0;
  int mended = 0;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    Known known;
    ASSERT_EQ(simulate(seed, SqliteDurability::kFull, known), "") << "seed " << seed;
    unknowns += known.unknowns;
    mended += known.mended;
  }
  EXPECT_GT(mended, 0);
  EXPECT_GT(unknowns, mended);
}

TEST_F(SqliteCrash, WithoutSyncsTheSameTestFails) {
  int failures = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Known known;
    if (!simulate(seed, SqliteDurability::kOff, known).empty()) ++failures;
  }
  EXPECT_GE(failures, 15);
}

}  // namespace
}  // namespace blox::store
