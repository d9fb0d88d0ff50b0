// What every store's watches keep: order, no gap, no repetition, and the end when history is gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "base/scope.h"
#include "store/commit_check.h"
#include "store/store_world_for_tests.h"

namespace blox::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class WatchContract : public testing::TestWithParam<StoreKind> {
 protected:
  std::unique_ptr<StoreWorld> world_ = GetParam().make(11, {});
};

Commit put_one(const std::string& key, const std::string& value) {
  Commit commit;
  commit.puts.push_back(Put{key, value});
  return commit;
}

TEST_P(WatchContract, ShowsOnlyItsPrefixAndTellsProgress) {
  const auto watch = world_->store().watch("a/", 1);
  world_->put("a/1", "x").value();
  world_->put("b/1", "x").value();
  auto batch = world_->next(*watch);
  ASSERT_TRUE(batch);
  if (batch->revision == 1) batch = world_->next(*watch);
  EXPECT_EQ(batch->revision, 2);
  world_->put("b/2", "x").value();
  batch = world_->next(*watch);
  EXPECT_THAT(batch->events, IsEmpty());
  EXPECT_EQ(batch->revision, 3);
}

TEST_P(WatchContract, ACommitThatChangesNothingIsProgress) {
  const auto watch = world_->store().watch("", 1);
  EXPECT_EQ(world_->remove("none"), 1);
  const auto batch = world_->next(*watch);
  ASSERT_TRUE(batch);
  EXPECT_THAT(batch->events, IsEmpty());
  EXPECT_EQ(batch->revision, 1);
}

TEST_P(WatchContract, WaitsForTheRevisionItStartsAt) {
  const auto watch = world_->store().watch("", 3);
  for (const char* value : {"1", "2", "3"}) world_->put("a", value).value();
  EXPECT_THAT(world_->read_through(*watch, 3).value(), ElementsAre("3.0 a=3"));
}

TEST_P(WatchContract, AWatchFromBeforeTheFirstRevisionIsInvalid) {
  for (const Revision from : {0, -1}) {
    const auto watch = world_->store().watch("", from);
    const auto refused = world_->next(*watch);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kInvalid);
  }
}

TEST_P(WatchContract, WakesForWhatComes) {
  const auto watch = world_->store().watch("", 1);
  std::optional<Result<WatchBatch>> seen;
  auto reader = [](Watch& source, std::optional<Result<WatchBatch>>& target) -> Async<void> {
    target.emplace(co_await source.next());
  };
  Scope scope{world_->executor()};
  scope.spawn(reader(*watch, seen));
  auto writer = [](Executor& executor, Store& store,
                   std::optional<Result<WatchBatch>>& target) -> Async<void> {
    co_await sleep_for(executor, std::chrono::milliseconds{5});
    EXPECT_FALSE(target.has_value());
    EXPECT_TRUE(co_await store.commit(put_one("a", "1")));
    while (!target) co_await yield(executor);
  };
  ASSERT_TRUE(world_->run(writer(world_->executor(), world_->store(), seen)));
  ASSERT_TRUE(*seen);
  EXPECT_EQ((*seen)->events.size(), 1U);
}

TEST_P(WatchContract, GoesFromThePastThroughToTheLiveWithoutGapOrRepetition) {
  std::vector<std::string> expected;
  int written = 0;
  const auto write = [&](int count) {
    for (int i = 0; i < count; ++i) {
      Commit commit;
      const int number = ++written;
      if (number % 5 == 0) {
        commit.deletes = {"k" + std::to_string((number - 1) % 3)};
        expected.push_back(std::to_string(number) + ".0 -" + commit.deletes[0]);
      } else {
        commit = put_one("k" + std::to_string(number % 3), std::to_string(number));
        expected.push_back(std::to_string(number) + ".0 " + commit.puts[0].key + "=" +
                           commit.puts[0].value);
      }
      EXPECT_EQ(world_->commit(commit), number);
    }
  };
  write(200);
  const auto fast = world_->store().watch("k", 1);
  const auto slow = world_->store().watch("k", 1);
  std::vector<std::string> fast_seen = world_->read_through(*fast, 200).value();
  for (int round = 0; round < 8; ++round) {
    write(10);
    const auto more = world_->read_through(*fast, written).value();
    fast_seen.insert(fast_seen.end(), more.begin(), more.end());
  }
  EXPECT_EQ(fast_seen, expected);
  EXPECT_EQ(world_->read_through(*slow, written).value(), expected);
}

TEST_P(WatchContract, ABatchHoldsWholeCommits) {
  constexpr int kCommits = 30;
  for (int i = 0; i < kCommits; ++i) {
    Commit commit;
    for (std::size_t k = 0; k < kCommitOperationsMax; ++k) {
      commit.puts.push_back(Put{"k" + std::to_string(k), std::to_string(i)});
    }
    world_->commit(commit).value();
  }
  const auto watch = world_->store().watch("", 1);
  std::size_t seen = 0;
  for (Revision shown = 0; shown < kCommits;) {
    const auto batch = world_->next(*watch).value();
    EXPECT_LE(batch.events.size(), kBatchEventsMax + kCommitOperationsMax);
    EXPECT_EQ(batch.events.size(),
              static_cast<std::size_t>(batch.revision - shown) * kCommitOperationsMax);
    shown = batch.revision;
    seen += batch.events.size();
  }
  EXPECT_EQ(seen, kCommits * kCommitOperationsMax);
}

TEST_P(WatchContract, EndsWhenCompactionOvertakesIt) {
  const auto watch = world_->store().watch("", 1);
  world_->put("a", "1").value();
  EXPECT_THAT(world_->read_through(*watch, 1).value(), ElementsAre("1.0 a=1"));
  for (const char* value : {"2", "3"}) world_->put("a", value).value();
  ASSERT_TRUE(world_->compact(2));
  for (int again = 0; again < 2; ++again) {
    const auto ended = world_->next(*watch);
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().kind, ErrorKind::kCompacted);
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, WatchContract, testing::ValuesIn(store_kinds()),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace blox::store
