// Ingest when commits are lost, or not durable yet: what counts as known, and how soon it goes on.
#include <gtest/gtest.h>

#include <utility>

#include "cluster_state/ingest/testing_world.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;
using testing::task_report;
using testing::World;

// What was under way when a commit was lost did not become known by it: given again it is kept.
TEST(Ingest, RecordsOfALostCommitAreKeptWhenTheyComeAgain) {
  World world;
  const auto make_batch = [&] {
    Batch batch;
    batch.dead_letters.push_back({"m1", "why", "body", 4, world.loop.wall_now()});
    batch.events.push_back({"e1", "ECS Tea Break", "", "2026-08-20T10:00:03Z", "{}"});
    return batch;
  };
  world.faults.commits.push_back({ErrorKind::kUnknown, "the disk failed in the middle"});
  EXPECT_FALSE(run_to_end(world.loop, world.ingest->take(make_batch())));
  world.loop.run_for(10s);
  world.take(make_batch());
  EXPECT_EQ(world.content().size(), 2U);
}

// A repeat of what is under way is answered for when that is durable, not before.
TEST(Ingest, ARepeatedRecordWaitsForTheFirst) {
  for (const bool is_letter : {true, false}) {
    World world;
    int ended = 0;
    const auto take = [&]() -> Async<void> {
      Batch batch;
      if (is_letter) {
        batch.dead_letters.push_back({"m1", "why", "body", 4, world.loop.wall_now()});
      } else {
        batch.events.push_back({"e1", "ECS Tea Break", "", "2026-08-20T10:00:03Z", "{}"});
      }
      EXPECT_TRUE(co_await world.ingest->take(std::move(batch)));
      EXPECT_EQ(world.ingest->undurable_count(), 0U);
      ++ended;
    };
    Scope scope{world.loop};
    scope.spawn(take());
    world.loop.run_for(500us);
    scope.spawn(take());
    world.loop.run_for(500us);
    EXPECT_EQ(ended, 0) << is_letter;
    world.loop.run_for(10s);
    EXPECT_EQ(ended, 2);
  }
}

// After a calm the next lost commit costs a moment again, whatever the last storm had cost.
TEST(Ingest, ReadsTheStoreAgainSoonAfterACalm) {
  World world;
  int version = 0;
  const auto lose_commits = [&](int count) {
    for (int lost = 0; lost < count; ++lost) {
      world.faults.commits.push_back({ErrorKind::kUnknown, "the disk failed in the middle"});
    }
    const TimePoint start = world.loop.now();
    while (!world.faults.commits.empty() || !world.ingest->is_ready()) {
      Batch batch;
      batch.reports.push_back(
          {task_report({.version = ++version}), Origin::kEvent, world.loop.wall_now()});
      (void)run_to_end(world.loop, world.ingest->take(std::move(batch)));
      world.loop.run_for(10ms);
    }
    return world.loop.now() - start;
  };
  EXPECT_GT(lose_commits(10), 1min);
  world.loop.run_for(2h);
  world.event({.version = ++version});
  EXPECT_LT(lose_commits(2), 5s);
}

}  // namespace
}  // namespace blox::cluster_state
