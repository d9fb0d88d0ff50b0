// Ingest on a store: what becomes of objects, and what is durable when.
#include "cluster_state/ingest/ingest.h"

#include <gtest/gtest.h>

#include "cluster_state/ingest/testing_world.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;
using testing::kCluster;
using testing::task_arn;
using testing::task_report;
using testing::World;

TEST(Ingest, ObjectsOnlyMoveForward) {
  World world;
  EXPECT_EQ(world.event({.version = 2, .status = "PENDING"}).added, 1U);
  EXPECT_EQ(world.event({.version = 4, .status = "RUNNING"}).changed, 1U);
  const auto revision = world.revision();
  EXPECT_EQ(world.event({.version = 4, .status = "RUNNING"}).stale, 1U);
  EXPECT_EQ(world.event({.version = 3, .status = "ACTIVATING"}).stale, 1U);
  EXPECT_EQ(world.revision(), revision);
  EXPECT_EQ(world.task("1"), "v4 RUNNING");
  EXPECT_EQ(world.event({.version = 5, .status = "STOPPED"}).changed, 1U);
  EXPECT_EQ(world.event({.version = 6, .status = "RUNNING"}).final, 1U);
  EXPECT_EQ(world.task("1"), "v5 STOPPED");
}

TEST(Ingest, WhatWasTakenOutlivesACrash) {
  World world;
  world.event({.version = 2});
  world.describe({.version = 2}, R"({"healthStatus":"HEALTHY"})");
  world.restart();
  EXPECT_EQ(world.event({.version = 2}).stale, 1U);
  EXPECT_EQ(world.event({.version = 1, .status = "PENDING"}).stale, 1U);
  EXPECT_EQ(world.task("1"), "v2 RUNNING HEALTHY");
  EXPECT_EQ(world.event({.version = 3, .status = "DEACTIVATING"}).changed, 1U);
  EXPECT_EQ(world.task("1"), "v3 DEACTIVATING HEALTHY") << "an event erases no health";
}

TEST(Ingest, ARepeatedDescribeCommitsNothing) {
  World world;
  world.event({.version = 2, .more = R"("createdAt":"2026-08-20T10:00:03Z",)"});
  const testing::TaskText described{.version = 2,
                                    .more = R"("createdAt":"2026-08-20T10:00:03.000Z",)"
                                            R"("attachments":[],)"};
  world.loop.run_for(1s);
  world.describe(described, R"({"healthStatus":"UNKNOWN"})");
  for (int round = 0; round < 2; ++round) {
    const auto revision = world.revision();
    world.loop.run_for(1s);
    EXPECT_EQ(world.describe(described, R"({"healthStatus":"UNKNOWN"})").stale, 1U);
    EXPECT_EQ(world.revision(), revision);
    world.restart();
  }
  world.loop.run_for(1s);
  EXPECT_EQ(world.describe({.version = 2, .more = R"("group":"new",)"}).overlaid, 1U);
  EXPECT_EQ(world.task("1"), "v2 RUNNING") << "the later Describe has no health";
  const auto stored = codec::decode_stored_task(world.content().at(codec::task_key(task_arn("1"))));
  ASSERT_TRUE(stored);
  const Task& task = std::get<codec::StoredTask>(*stored).object;
  EXPECT_EQ(task.group, "new");
  EXPECT_EQ(task.created_at, "2026-08-20T10:00:03Z") << "what Describe leaves out stays";
}

TEST(Ingest, NewestOfOneBatchWinsInOneCommit) {
  World world;
  Batch batch;
  for (const int version : {2, 5, 3}) {
    batch.reports.push_back(
        {task_report({.version = version}), Origin::kEvent, world.loop.wall_now()});
  }
  const auto before = world.revision();
  const auto counts = world.take(std::move(batch));
  EXPECT_EQ(counts.added + counts.changed, 2U);
  EXPECT_EQ(counts.stale, 1U);
  EXPECT_EQ(world.revision(), before + 1);
  EXPECT_EQ(world.task("1"), "v5 RUNNING");
}

// A stale report may be answered for only when that which made it stale is durable.
TEST(Ingest, AStaleReportWaitsForTheOneBefore) {
  World world;
  std::vector<std::string> ended;
  const auto take = [&](int version, std::string name) -> Async<void> {
    Batch batch;
    batch.reports.push_back(
        {task_report({.version = version}), Origin::kEvent, world.loop.wall_now()});
    const auto counts = co_await world.ingest->take(std::move(batch));
    EXPECT_TRUE(counts);
    EXPECT_EQ(world.ingest->undurable_count(), 0U) << name;
    ended.push_back(std::move(name));
  };
  Scope scope{world.loop};
  scope.spawn(take(3, "new"));
  world.loop.run_for(1ms);
  EXPECT_EQ(world.ingest->undurable_count(), 1U);
  scope.spawn(take(2, "stale"));
  world.loop.run_for(500us);
  EXPECT_TRUE(ended.empty());
  world.loop.run_for(1s);
  EXPECT_EQ(ended.size(), 2U);
}

TEST(Ingest, ManyObjectsAtOnceAreAllThere) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    World world{{}, seed};
    Scope scope{world.loop};
    int ended = 0;
    const auto take = [&](int first) -> Async<void> {
      Batch batch;
      for (int number = first; number < first + 10; ++number) {
        batch.reports.push_back(
            {task_report({.id = std::to_string(number % 700), .version = first}), Origin::kEvent,
             world.loop.wall_now()});
      }
      const auto counts = co_await world.ingest->take(std::move(batch));
      EXPECT_TRUE(counts);
      ++ended;
    };
    for (int first = 1; first < 1'000; first += 10) scope.spawn(take(first));
    world.loop.run_for(1s);
    EXPECT_EQ(ended, 100);
    EXPECT_EQ(world.content().size(), 700U);
    EXPECT_EQ(world.task("5"), "v701 RUNNING") << "of its versions 1 and 701";
  }
}

TEST(Ingest, MissingObjectsLeaveATombstoneThatEventsCannotLift) {
  World world;
  world.event({.version = 4});
  const TimePoint missing_since = world.loop.now();
  world.loop.run_for(5min);
  EXPECT_EQ(run_to_end(world.loop, world.ingest->remove_missing(task_arn("1"), missing_since)),
            true);
  EXPECT_EQ(world.task("1"), "gone v4 missing");
  world.restart();
  EXPECT_EQ(world.event({.version = 9}).asked, 1U);
  EXPECT_EQ(world.task("1"), "gone v4 missing");
  const auto asked = world.ingest->describe_list().take_objects();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked.begin()->second, ObjectName{task_arn("1")});
  world.loop.run_for(1s);
  EXPECT_EQ(world.describe({.version = 4}).added, 1U) << "ECS has it after all";
  EXPECT_EQ(world.task("1"), "v4 RUNNING");
}

TEST(Ingest, WhatWasConfirmedMeanwhileIsNotRemoved) {
  World world;
  world.event({.version = 4});
  const TimePoint missing_since = world.loop.now();
  world.loop.run_for(1min);
  world.event({.version = 5});
  EXPECT_EQ(run_to_end(world.loop, world.ingest->remove_missing(task_arn("1"), missing_since)),
            false);
  EXPECT_EQ(world.task("1"), "v5 RUNNING");
}

// A Describe that tells nothing new shows it alive all the same.
TEST(Ingest, WhatADescribeHasShownMeanwhileIsNotRemoved) {
  World world;
  world.describe({.version = 4});
  const TimePoint missing_since = world.loop.now();
  world.loop.run_for(1min);
  EXPECT_EQ(world.describe({.version = 4}).stale, 1U);
  EXPECT_EQ(run_to_end(world.loop, world.ingest->remove_missing(task_arn("1"), missing_since)),
            false);
  EXPECT_EQ(world.task("1"), "v4 RUNNING");
}

TEST(Ingest, StoppedTasksGoAndTheirTombstonesAfterThem) {
  World world;
  world.event({.version = 4, .status = "STOPPED"});
  world.event({.id = "2", .version = 4});
  world.loop.run_for(3h - 2min);
  EXPECT_EQ(world.task("1"), "v4 STOPPED");
  world.loop.run_for(4min);
  EXPECT_EQ(world.task("1"), "gone v4 retention");
  EXPECT_EQ(world.describe({.version = 4, .status = "STOPPED"}).stale, 1U);
  world.restart();
  world.loop.run_for(24h * 15 - 1h);
  EXPECT_EQ(world.task("1"), "gone v4 retention");
  world.loop.run_for(2h);
  EXPECT_EQ(world.task("1"), "none");
  EXPECT_EQ(world.task("2"), "v4 RUNNING");
}

TEST(Ingest, TasksOfAnInactiveInstanceAreAskedAbout) {
  World world;
  world.event({.id = "1", .instance = "7"});
  world.event({.id = "2", .instance = "8"});
  world.take(testing::instance_report("7", 1, "ACTIVE"), Origin::kEvent);
  EXPECT_TRUE(world.ingest->describe_list().take_objects().empty());
  EXPECT_EQ(world.ingest->describe_list().take_unread(), std::set{kCluster}) << "has no sync mark";
  world.take(testing::instance_report("7", 2, "INACTIVE"), Origin::kEvent);
  const auto asked = world.ingest->describe_list().take_objects();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked.begin()->second, ObjectName{task_arn("1")});
}

TEST(Ingest, RecordsAreBoundedAndKeptOnce) {
  IngestOptions options;
  options.records = {.dead_letters_max = 3, .events_per_type_max = 2, .event_types_max = 2};
  World world{options};
  const auto keep = [&](int number, std::string type) {
    Batch batch;
    const std::string id = std::to_string(number);
    batch.dead_letters.push_back({"m" + id, "why", "body", 4, world.loop.wall_now()});
    batch.events.push_back(
        {"e" + id, std::move(type), "", format_time(WallTime{std::chrono::seconds{number}}), "{}"});
    world.take(std::move(batch));
  };
  for (int number = 1; number <= 5; ++number) {
    keep(number, "ECS Service Action");
    keep(number, "ECS Service Action");
  }
  const auto count = [&](std::string_view prefix) {
    std::size_t found = 0;
    for (const auto& [key, value] : world.content()) found += key.starts_with(prefix) ? 1 : 0;
    return found;
  };
  world.loop.run_for(1s);
  EXPECT_EQ(count(codec::kDeadLettersPrefix), 3U);
  EXPECT_EQ(count(codec::kEventsPrefix), 2U);
  EXPECT_TRUE(world.content().contains(codec::dead_letter_key(5)));
  world.restart();
  keep(5, "ECS Service Action");
  keep(6, "B");
  keep(7, "C");
  world.loop.run_for(1s);
  EXPECT_EQ(count(codec::kDeadLettersPrefix), 3U);
  EXPECT_EQ(count(codec::events_prefix("B")), 1U);
  EXPECT_EQ(count(codec::events_prefix("other")), 1U) << "types are bounded, too";
}

// The queue may bring a message again after its dead letter has made room for others.
TEST(Ingest, ADeadLetterThatMadeRoomIsKeptAgain) {
  IngestOptions options;
  options.records.dead_letters_max = 2;
  World world{options};
  const auto keep = [&](const std::string& message) {
    Batch batch;
    batch.dead_letters.push_back({message, "why", "body", 4, world.loop.wall_now()});
    world.take(std::move(batch));
    world.loop.run_for(1s);
  };
  for (const char* message : {"m1", "m2", "m3", "m4", "m1", "m4"}) keep(message);
  const auto content = world.content();
  EXPECT_EQ(content.size(), 2U);
  EXPECT_TRUE(content.contains(codec::dead_letter_key(4)));
  const auto again = content.find(codec::dead_letter_key(5));
  ASSERT_NE(again, content.end()) << "under a new number";
  EXPECT_EQ(codec::decode_dead_letter(again->second).value().message_id, "m1");
  world.restart();
  keep("m1");
  EXPECT_EQ(world.content().size(), 2U);
  EXPECT_FALSE(world.content().contains(codec::dead_letter_key(6)));
}

// Somebody else has written: nothing is acknowledged, the store is read again, then work goes on.
TEST(Ingest, AConflictMakesItReadTheStoreAgain) {
  World world;
  world.event({.version = 2});
  store::Commit foreign;
  foreign.puts.push_back(
      {codec::task_key(task_arn("1")),
       codec::encode_stored({testing::task_detail({.version = 8}), {}, {}, {}})});
  ASSERT_TRUE(run_to_end(world.loop, world.store->commit(std::move(foreign))));
  Batch batch;
  batch.reports.push_back({task_report({.version = 3}), Origin::kEvent, world.loop.wall_now()});
  EXPECT_FALSE(run_to_end(world.loop, world.ingest->take(std::move(batch))));
  world.loop.run_for(1s);
  EXPECT_EQ(world.event({.version = 7}).stale, 1U);
  EXPECT_EQ(world.event({.version = 9}).changed, 1U);
  EXPECT_EQ(world.task("1"), "v9 RUNNING");
}

TEST(Ingest, TheSyncMarkComesAndGoes) {
  World world;
  const WallTime started = world.loop.wall_now();
  ASSERT_TRUE(run_to_end(world.loop, world.ingest->mark_synced(kCluster, started)));
  world.restart();
  EXPECT_EQ(world.ingest->catalog().synced_at(kCluster), started);
  EXPECT_EQ(world.ingest->catalog().clusters(), std::vector{kCluster});
  ASSERT_TRUE(run_to_end(world.loop, world.ingest->mark_synced(kCluster, std::nullopt)));
  EXPECT_TRUE(world.content().empty());
}

TEST(Ingest, AStoredValueOfAnotherFormatIsSkippedAndWrittenAnew) {
  World world;
  world.event({.id = "1", .version = 4});
  world.event({.id = "2", .version = 4});
  store::Commit foreign;
  foreign.puts.push_back({codec::task_key(task_arn("1")), R"({"v":9,"what":"ever"})"});
  foreign.puts.push_back({codec::cluster_key(kCluster), "no mark"});
  foreign.puts.push_back({codec::dead_letter_key(3), "no letter"});
  ASSERT_TRUE(run_to_end(world.loop, world.store->commit(std::move(foreign))));
  world.restart();
  EXPECT_EQ(world.metrics.counter("blox_ingest_undecodable_total", "").Value(), 3);
  EXPECT_EQ(world.event({.id = "2", .version = 5}).changed, 1U);
  EXPECT_EQ(world.event({.id = "1", .version = 2}).added, 1U);
  EXPECT_EQ(world.task("1"), "v2 RUNNING");
  EXPECT_TRUE(run_to_end(world.loop, world.ingest->mark_synced(kCluster, world.loop.wall_now())));
  Batch letter;
  letter.dead_letters.push_back({"m", "why", "body", 4, world.loop.wall_now()});
  world.take(std::move(letter));
  EXPECT_TRUE(world.content().contains(codec::dead_letter_key(4)));
}

// Somebody else has written what nobody here can read: it is asked about, and what ECS says is
// written, or, when ECS does not know it, its end.
TEST(Ingest, WhatCannotBeReadIsRenewed) {
  for (const int version : {4, 0, -1}) {  // Without one; and not known.
    World world;
    const std::string key = codec::task_key(task_arn("1"));
    world.event({.version = 4, .status = "STOPPED"});
    world.loop.run_for(1s);
    store::Commit foreign;
    foreign.puts.push_back({key, "nonsense"});
    ASSERT_TRUE(run_to_end(world.loop, world.store->commit(std::move(foreign))));
    world.restart();
    world.ingest->renew(key, std::nullopt);
    world.ingest->renew("cluster-state/events/a/b", kCluster);
    world.ingest->renew(codec::task_key(task_arn("2")), kCluster);
    EXPECT_TRUE(world.ingest->describe_list().take_objects().empty());
    world.ingest->renew(key, kCluster);
    EXPECT_EQ(world.ingest->describe_list().take_objects().size(), 1U);
    EXPECT_TRUE(world.ingest->catalog().is_live(task_arn("1")));
    const TimePoint asked = world.loop.now();
    if (version >= 0) {
      const auto counts = world.describe({.version = version});
      EXPECT_EQ(counts.changed + counts.overlaid, 1U);
      EXPECT_EQ(world.task("1"), version > 0 ? "v4 RUNNING" : "v- RUNNING");
    } else {
      EXPECT_EQ(run_to_end(world.loop, world.ingest->remove_missing(task_arn("1"), asked)), true);
      EXPECT_EQ(world.task("1"), "gone v- missing");
    }
  }
}

// The value is as ingest wrote it, and readers cannot take it: an equal Describe is written again.
TEST(Ingest, AnEqualDescribeOfWhatIsToBeRenewedIsWritten) {
  World world;
  world.describe({.version = 4});
  world.loop.run_for(1s);
  const auto revision = world.revision();
  EXPECT_EQ(world.describe({.version = 4}).stale, 1U);
  ASSERT_EQ(world.revision(), revision);
  world.loop.run_for(1s);
  world.ingest->renew(codec::task_key(task_arn("1")), kCluster);
  EXPECT_EQ(world.describe({.version = 4}).changed, 1U);
  EXPECT_EQ(world.revision(), revision + 1);
}

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']');
}

TEST(Ingest, ADescribeReplacesAnEventNestedTooDeepToOverlay) {
  World world;
  world.event({.version = 2, .more = R"("deep":)" + nested(100) + ","});
  world.loop.run_for(1s);
  EXPECT_EQ(world.describe({.version = 2, .more = R"("group":"new",)"}).overlaid, 1U);
  const auto stored = codec::decode_stored_task(world.content().at(codec::task_key(task_arn("1"))));
  ASSERT_TRUE(stored);
  EXPECT_EQ(std::get<codec::StoredTask>(*stored).object.group, "new");
}

// A Describe at the version that is held needs the stored value: a store that is busy for a moment
// costs a moment, not the batch.
TEST(Ingest, AReadThatIsRefusedForNowIsMadeAgain) {
  World world;
  world.event({.version = 2});
  world.loop.run_for(1s);
  for (int fault = 0; fault < 3; ++fault) {
    world.faults.ranges.push_back({ErrorKind::kUnavailable, "the store's queue is full"});
  }
  Batch batch;
  batch.reports.push_back({task_report({.version = 2, .more = R"("group":"new",)"}),
                           Origin::kDescribe, world.loop.wall_now(), world.loop.now()});
  const auto counts = run_to_end(world.loop, world.ingest->take(std::move(batch)));
  ASSERT_TRUE(counts) << counts.error().message;
  EXPECT_EQ(counts->overlaid, 1U);
  EXPECT_TRUE(world.faults.ranges.empty());
}

TEST(Ingest, WhatNoCommitHoldsIsRefusedBeforeAnythingIsDone) {
  World world;
  const std::string large = R"("more":")" + std::string(1'100'000, 'x') + R"(",)";
  for (const bool described : {false, true}) {
    Batch batch;
    batch.reports.push_back({task_report({.version = 3}), Origin::kEvent, world.loop.wall_now()});
    batch.reports.push_back({described ? task_report({.version = 3}, "{" + large + R"("a":1})")
                                       : task_report({.version = 3, .more = large}),
                             described ? Origin::kDescribe : Origin::kEvent, world.loop.wall_now(),
                             world.loop.now()});
    const auto taken = run_to_end(world.loop, world.ingest->take(std::move(batch)));
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().kind, ErrorKind::kInvalid);
    EXPECT_TRUE(world.content().empty());
  }
  EXPECT_EQ(world.event({.version = 3}).added, 1U);
}

TEST(Ingest, WhatARestartHasLoadedIsNotRemovedForWhatWasSaidBefore) {
  World world;
  world.event({.version = 4});
  world.loop.run_for(1min);
  const TimePoint missing_since = world.loop.now();
  world.loop.run_for(1min);
  world.restart();
  EXPECT_EQ(run_to_end(world.loop, world.ingest->remove_missing(task_arn("1"), missing_since)),
            false);
  EXPECT_EQ(world.task("1"), "v4 RUNNING");
}

// Reading the store again helps against a lost commit, not against a broken disk.
TEST(Ingest, ReadsTheStoreAgainAndAgainWithGrowingWaits) {
  World world;
  const Error broken{ErrorKind::kInternal, "input/output error"};
  int attempts = 0;
  world.faults.refuse = [&](const store::Commit&) {
    ++attempts;
    return std::optional{broken};
  };
  const TimePoint until = world.loop.now() + 10min;
  while (world.loop.now() < until) {
    Batch batch;
    batch.reports.push_back({task_report({}), Origin::kEvent, world.loop.wall_now()});
    EXPECT_FALSE(run_to_end(world.loop, world.ingest->take(std::move(batch))));
    world.loop.run_for(10ms);
  }
  EXPECT_GT(attempts, 5);
  EXPECT_LT(attempts, 25);
  world.faults.refuse = nullptr;
  ASSERT_TRUE(world.loop.run_while_not([&] { return world.ingest->is_ready(); }, 2min));
  EXPECT_EQ(world.event({}).added, 1U);
  EXPECT_TRUE(world.ingest->health());
}

TEST(Ingest, HealthTellsWhyNothingBecomesDurable) {
  World world;
  EXPECT_TRUE(world.ingest->health());
  world.faults.refuse = [](const store::Commit&) {
    return std::optional{Error{ErrorKind::kUnavailable, "disk full"}};
  };
  Scope scope{world.loop};
  scope.spawn([](World& in) -> Async<void> {
    Batch batch;
    batch.reports.push_back({task_report({}), Origin::kEvent, in.loop.wall_now()});
    EXPECT_TRUE(co_await in.ingest->take(std::move(batch)));
  }(world));
  world.loop.run_for(1s);
  ASSERT_FALSE(world.ingest->health());
  EXPECT_NE(world.ingest->health().error().message.find("disk full"), std::string::npos);
  world.faults.refuse = nullptr;
  world.loop.run_for(10s);
  EXPECT_TRUE(world.ingest->health());
}

TEST(Ingest, IsHealthyAgainOnceTheStoreIsReadAgain) {
  World world;
  world.faults.commits.push_back({ErrorKind::kUnknown, "the disk failed in the middle"});
  Batch batch;
  batch.reports.push_back({task_report({}), Origin::kEvent, world.loop.wall_now()});
  EXPECT_FALSE(run_to_end(world.loop, world.ingest->take(std::move(batch))));
  world.loop.run_for(1s);
  EXPECT_TRUE(world.ingest->health()) << "though nothing came to be committed since";
}

}  // namespace
}  // namespace blox::cluster_state
