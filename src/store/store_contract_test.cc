// What every store keeps, whatever it stands on: one test, bound to each kind of store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/random.h"
#include "base/signal.h"
#include "store/commit_check.h"
#include "store/store_world_for_tests.h"

namespace blox::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

template <class T>
ErrorKind kind_of(const Result<T>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? ErrorKind::kInternal : result.error().kind;
}

class StoreContract : public testing::TestWithParam<StoreKind> {
 protected:
  static std::unique_ptr<StoreWorld> make(HistoryBounds history = {}) {
    return GetParam().make(7, history);
  }
};

Commit put_all(std::vector<std::string> keys, const std::string& value) {
  Commit commit;
  for (auto& key : keys) commit.puts.push_back(Put{std::move(key), value});
  return commit;
}

TEST_P(StoreContract, ANewStoreIsEmptyAtRevisionZero) {
  const auto world = make();
  EXPECT_EQ(world->store().info().revision, 0);
  EXPECT_EQ(world->store().info().compact_revision, 0);
  EXPECT_EQ(world->store().info().store_id.size(), 36U);
  const auto page = world->range({});
  ASSERT_TRUE(page);
  EXPECT_THAT(page->items, IsEmpty());
  EXPECT_EQ(page->revision, 0);
}

TEST_P(StoreContract, ACommitIsOneRevisionAndItsWritesHavePositions) {
  const auto world = make();
  EXPECT_EQ(world->put("a", "1"), 1);
  Commit commit = put_all({"c", "b"}, "2");
  commit.deletes = {"none", "a"};
  EXPECT_EQ(world->commit(commit), 2);
  EXPECT_EQ(world->put("b", "3"), 3);
  const auto page = world->range({});
  ASSERT_TRUE(page);
  EXPECT_THAT(to_text(*page), ElementsAre("b=3@3", "c=2@2"));
  EXPECT_EQ(page->items[0].create_revision, 2);
  EXPECT_EQ(page->items[1].position, 0);
  const auto watch = world->store().watch("", 1);
  EXPECT_THAT(world->read_through(*watch, 3).value(),
              ElementsAre("1.0 a=1", "2.0 c=2", "2.1 b=2", "2.3 -a", "3.0 b=3"));
  EXPECT_EQ(world->store().info().revision, 3);
}

TEST_P(StoreContract, AKeyThatComesBackIsCreatedAnew) {
  const auto world = make();
  world->put("a", "1").value();
  world->put("a", "2").value();
  EXPECT_EQ(world->range({}).value().items[0].create_revision, 1);
  world->remove("a").value();
  world->put("a", "3").value();
  EXPECT_EQ(world->range({}).value().items[0].create_revision, 4);
}

TEST_P(StoreContract, ComparesHoldOrNothingChanges) {
  const auto world = make();
  world->put("a", "1").value();
  world->put("gone", "1").value();
  world->remove("gone").value();
  struct Row {
    const char* rule;
    Compare compare;
    bool holds;
  };
  const Row rows[] = {
      {"the revision it has", {"a", 1}, true},
      {"a later one", {"a", 9}, false},
      {"an earlier one", {"a", 1}, false},
      {"absent, but it is there", {"a", 0}, false},
      {"absent, and it is", {"b", 0}, true},
      {"there, but it is absent", {"c", 1}, false},
      {"a deleted key is absent", {"gone", 0}, true},
      {"not at its old revision", {"gone", 2}, false},
  };
  for (const auto& row : rows) {
    Commit commit = put_all({"a", row.compare.key + "x"}, row.rule);
    commit.compares = {{"z", 0}, row.compare};
    const Revision before = world->store().info().revision;
    const auto result = world->commit(commit);
    if (row.holds) {
      EXPECT_EQ(result, before + 1) << row.rule;
      continue;
    }
    EXPECT_EQ(kind_of(result), ErrorKind::kConflict) << row.rule;
    EXPECT_THAT(result.error().message, HasSubstr("'" + row.compare.key + "'")) << row.rule;
    EXPECT_EQ(world->store().info().revision, before) << row.rule;
  }
}

TEST_P(StoreContract, BoundsOfACommitAreKept) {
  const auto world = make();
  std::vector<std::string> keys(kCommitOperationsMax);
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = "k" + std::to_string(i);
  EXPECT_TRUE(world->commit(put_all(keys, "v")));
  keys.push_back("one more");
  const Commit rows[] = {
      {},
      {.compares = {{"a", 0}}, .puts = {}, .deletes = {}},
      put_all(keys, "v"),
      put_all({"twice", "twice"}, "v"),
      {.compares = {}, .puts = {{"both", "v"}}, .deletes = {"both"}},
      put_all({""}, "v"),
      put_all({"large"}, std::string(kCommitBytesMax, 'x')),
      {.compares = std::vector<Compare>(kCommitComparesMax + 1),
       .puts = {{"a", ""}},
       .deletes = {}},
  };
  for (const auto& row : rows) EXPECT_EQ(kind_of(world->commit(row)), ErrorKind::kInvalid);
  EXPECT_EQ(world->store().info().revision, 1);
  EXPECT_TRUE(world->put("large", std::string(kCommitBytesMax - 5, 'x')));
}

TEST_P(StoreContract, KeysAndValuesAreBytes) {
  const auto world = make();
  const std::string zero{"a\0b", 3};
  const std::string high{"\xff\xff"};
  world->put(zero, high).value();
  world->put(high, zero).value();
  world->put("a", "").value();
  const auto page = world->range({});
  ASSERT_EQ(page->items.size(), 3U);
  EXPECT_EQ(page->items[0].key, "a");
  EXPECT_EQ(*page->items[0].value, "");
  EXPECT_EQ(page->items[1].key, zero);
  EXPECT_EQ(page->items[2].key, high);
  EXPECT_EQ(*page->items[2].value, zero);
  RangeRequest request;
  request.prefix = high;
  EXPECT_EQ(world->range(request)->items.size(), 1U);
}

TEST_P(StoreContract, PagesReadOneSnapshotWhileWritesGoOn) {
  const auto world = make();
  world->commit(put_all({"p/a", "p/b", "p/c", "p/d", "q"}, "old")).value();
  RangeRequest request;
  request.prefix = "p/";
  request.limit = 2;
  auto page = world->range(request);
  EXPECT_THAT(to_text(*page), ElementsAre("p/a=old@1", "p/b=old@1"));
  EXPECT_TRUE(page->more);
  Commit change = put_all({"p/bb", "p/d"}, "new");
  change.deletes = {"p/c"};
  world->commit(change).value();
  world->put("p/d", "newer").value();
  request.after_key = "p/b";
  request.revision = page->revision;
  page = world->range(request);
  EXPECT_THAT(to_text(*page), ElementsAre("p/c=old@1", "p/d=old@1"));
  EXPECT_FALSE(page->more);
  request.revision = 0;
  EXPECT_THAT(to_text(*world->range(request)), ElementsAre("p/bb=new@2", "p/d=newer@3"));
  request.revision = 2;
  EXPECT_THAT(to_text(*world->range(request)), ElementsAre("p/bb=new@2", "p/d=new@2"));
}

TEST_P(StoreContract, ARangeStaysUnderItsPrefix) {
  const auto world = make();
  world->commit(put_all({"a", "b", "ba", "bb", "c"}, "v")).value();
  RangeRequest request;
  request.prefix = "b";
  EXPECT_EQ(world->range(request)->items.size(), 3U);
  request.after_key = "a";  // Before the prefix: from its start.
  EXPECT_EQ(world->range(request)->items.size(), 3U);
  request.after_key = "b";
  EXPECT_EQ(world->range(request)->items.size(), 2U);
  request.after_key = "c";  // Behind it: nothing.
  EXPECT_THAT(world->range(request)->items, IsEmpty());
}

TEST_P(StoreContract, KeysDeletedOfLateAreSkippedHoweverManyThereAre) {
  const auto world = make();
  const std::size_t count = 2 * kRangeScanMax + kRangeScanMax / 2;
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < count; ++i) {
    keys.push_back("p/dead" + std::to_string(i));
    if (keys.size() < kCommitOperationsMax && i + 1 < count) continue;
    world->commit(put_all(keys, "v")).value();
    Commit remove;
    remove.deletes = std::exchange(keys, {});
    world->commit(std::move(remove)).value();
  }
  world->commit(put_all({"p/alive", "p/last", "q"}, "v")).value();
  RangeRequest request;
  request.prefix = "p/";
  request.after_key = "p/alive";
  const auto page = world->range(request).value();
  ASSERT_EQ(page.items.size(), 1U);
  EXPECT_EQ(page.items[0].key, "p/last");
  request.after_key = "p/d";
  request.limit = 1;
  EXPECT_EQ(world->range(request).value().items.size(), 1U);
  request.prefix = "p/dead";
  const auto none = world->range(request).value();
  EXPECT_THAT(none.items, IsEmpty());
  EXPECT_FALSE(none.more);
}

TEST_P(StoreContract, AnImpossibleRangeIsInvalid) {
  const auto world = make();
  world->put("a", "v").value();
  RangeRequest request;
  request.revision = 2;
  EXPECT_EQ(kind_of(world->range(request)), ErrorKind::kInvalid);
  request.revision = -1;
  EXPECT_EQ(kind_of(world->range(request)), ErrorKind::kInvalid);
  request = {};
  request.limit = 0;
  EXPECT_EQ(kind_of(world->range(request)), ErrorKind::kInvalid);
  request.limit = kPageKeysMax + 1;
  EXPECT_EQ(kind_of(world->range(request)), ErrorKind::kInvalid);
}

TEST_P(StoreContract, APageEndsEarlyWhenItsValuesAreLarge) {
  const auto world = make();
  for (const char* key : {"a", "b", "c", "d", "e", "f", "g", "h"}) {
    world->put(key, std::string(1'000'000, 'x')).value();
  }
  RangeRequest request;
  std::size_t seen = 0;
  int pages = 0;
  for (bool more = true; more; ++pages) {
    const auto page = world->range(request).value();
    ASSERT_FALSE(page.items.empty());
    seen += page.items.size();
    request.after_key = page.items.back().key;
    request.revision = page.revision;
    more = page.more;
  }
  EXPECT_EQ(seen, 8U);
  EXPECT_GT(pages, 1);
}

TEST_P(StoreContract, CompactedHistoryIsRefusedAndValuesInForceStay) {
  const auto world = make();
  world->put("kept", "1").value();
  world->put("changed", "1").value();
  world->put("changed", "2").value();
  world->put("deleted", "1").value();
  world->remove("deleted").value();
  world->put("later", "1").value();
  EXPECT_EQ(kind_of(world->compact(7)), ErrorKind::kInvalid);
  ASSERT_TRUE(world->compact(5));
  ASSERT_TRUE(world->compact(3));  // Behind: nothing to do.
  EXPECT_EQ(world->store().info().compact_revision, 5);
  RangeRequest request;
  for (Revision revision = 1; revision <= 5; ++revision) {
    request.revision = revision;
    if (revision < 5) {
      EXPECT_EQ(kind_of(world->range(request)), ErrorKind::kCompacted);
    }
    const auto watch = world->store().watch("", revision);
    EXPECT_EQ(kind_of(world->next(*watch)), ErrorKind::kCompacted);
  }
  for (const Revision revision : {0, 6}) {
    request.revision = revision;
    const auto page = world->range(request);
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_THAT(to_text(*page), ElementsAre("changed=2@3", "kept=1@1", "later=1@6"));
  }
  request.revision = 5;  // In an idle store nothing later exists for the next page to be read at.
  EXPECT_THAT(to_text(*world->range(request)), ElementsAre("changed=2@3", "kept=1@1"));
  const auto watch = world->store().watch("", 6);
  EXPECT_THAT(world->read_through(*watch, 6).value(), ElementsAre("6.0 later=1"));
  ASSERT_TRUE(world->compact(6));
  EXPECT_EQ(world->put("deleted", "new"), 7);
  EXPECT_EQ(world->range({})->items[1].create_revision, 7);
}

TEST_P(StoreContract, ASnapshotJustAboveTheCompactionIsWhole) {
  const auto world = make();
  world->put("a", "1").value();
  world->put("b", "1").value();
  world->put("a", "2").value();
  world->remove("b").value();
  ASSERT_TRUE(world->compact(1));
  RangeRequest request;
  request.revision = 2;
  EXPECT_THAT(to_text(*world->range(request)), ElementsAre("a=1@1", "b=1@2"));
  request.revision = 3;
  EXPECT_THAT(to_text(*world->range(request)), ElementsAre("a=2@3", "b=1@2"));
}

TEST_P(StoreContract, HistoryIsBoundedByItself) {
  HistoryBounds history;
  history.changes_max = 100;
  const auto world = make(history);
  const auto early = world->store().watch("", 1);
  for (int i = 0; i < 300; ++i) world->put("k" + std::to_string(i % 7), std::to_string(i)).value();
  auto compacted = [](Executor& executor, Store& store) -> Async<void> {
    while (store.info().compact_revision < 200) {
      co_await sleep_for(executor, std::chrono::milliseconds{10});
    }
  };
  ASSERT_TRUE(world->run(compacted(world->executor(), world->store())));
  EXPECT_GE(world->store().info().compact_revision, 200);
  EXPECT_LE(world->store().info().compact_revision, 220);
  EXPECT_EQ(kind_of(world->next(*early)), ErrorKind::kCompacted);
  EXPECT_EQ(world->range({})->items.size(), 7U);
}

TEST_P(StoreContract, HistoryIsBoundedInBytes) {
  HistoryBounds history;
  history.bytes_max = 50'000;
  const auto world = make(history);
  Random random{1};
  for (int i = 0; i < 200; ++i) {
    std::string noise;
    for (int k = 0; k < 999; ++k) noise.push_back(static_cast<char>(random.next()));
    world->put("k", noise).value();
  }
  auto compacted = [](Executor& executor, Store& store) -> Async<void> {
    while (store.info().compact_revision < 140) {
      co_await sleep_for(executor, std::chrono::milliseconds{10});
    }
  };
  ASSERT_TRUE(world->run(compacted(world->executor(), world->store())));
  EXPECT_LE(world->store().info().compact_revision, 165);
}

TEST_P(StoreContract, HistoryIsCompactedWhenItIsOldAndNotBefore) {
  HistoryBounds history;
  history.age = std::chrono::milliseconds{300};
  const auto world = make(history);
  std::map<Revision, TimePoint> committed;
  auto write = [&](Executor& executor, Store& store) -> Async<void> {
    while (store.info().compact_revision == 0) {
      Commit commit = put_all({"k"}, "v");
      const auto revision = co_await store.commit(std::move(commit));
      committed[revision.value()] = executor.now();
      co_await sleep_for(executor, std::chrono::milliseconds{10});
    }
  };
  ASSERT_TRUE(world->run(write(world->executor(), world->store())));
  const TimePoint at = committed[world->store().info().compact_revision];
  EXPECT_GE(world->executor().now() - at, history.age - std::chrono::milliseconds{10});
}

TEST_P(StoreContract, ReopeningKeepsEverything) {
  const auto world = make();
  world->commit(put_all({"a", "b", "c"}, std::string(3'000, 'v'))).value();
  world->put("a", "2").value();
  world->remove("b").value();
  ASSERT_TRUE(world->compact(1));
  const StoreInfo before = world->store().info();
  const auto page = to_text(world->range({}).value());
  world->reopen();
  EXPECT_EQ(world->store().info().store_id, before.store_id);
  EXPECT_EQ(world->store().info().revision, 3);
  EXPECT_EQ(world->store().info().compact_revision, 1);
  EXPECT_EQ(to_text(world->range({}).value()), page);
  EXPECT_EQ(world->put("b", "back"), 4);
  const auto watch = world->store().watch("", 2);
  EXPECT_THAT(world->read_through(*watch, 4).value(),
              ElementsAre("2.0 a=2", "3.0 -b", "4.0 b=back"));
  const auto compacted = world->store().watch("", 1);
  EXPECT_EQ(kind_of(world->next(*compacted)), ErrorKind::kCompacted);
}

TEST_P(StoreContract, CommitsThatWaitTogetherAreJudgedOneByOne) {
  const auto world = make();
  world->put("held", "0").value();
  std::vector<Async<Result<Revision>>> calls;
  for (int i = 0; i < 40; ++i) {
    Commit commit = put_all({"k" + std::to_string(i)}, "v");
    if (i == 20) commit.compares = {{"held", 9}};
    calls.push_back(world->store().commit(std::move(commit)));
  }
  std::vector<Result<Revision>> results;
  auto all = [](std::vector<Async<Result<Revision>>> works, Executor& executor,
                std::vector<Result<Revision>>& target) -> Async<void> {
    const std::size_t count = works.size();
    target = co_await gather(executor, std::move(works), count);
  };
  ASSERT_TRUE(world->run(all(std::move(calls), world->executor(), results)));
  std::set<Revision> revisions;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (i == 20) {
      EXPECT_EQ(kind_of(results[i]), ErrorKind::kConflict);
    } else {
      revisions.insert(results[i].value());
    }
  }
  EXPECT_EQ(revisions.size(), 39U);
  EXPECT_EQ(*revisions.rbegin(), 40);
  EXPECT_EQ(world->range({})->items.size(), 40U);
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract, testing::ValuesIn(store_kinds()),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace blox::store
