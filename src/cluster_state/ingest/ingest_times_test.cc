// Ingest and the date: what is stored may have any, and Blox's own clock may be set back.
#include <gtest/gtest.h>

#include "cluster_state/ingest/testing_world.h"
#include "codec/stored.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;
using testing::task_arn;
using testing::task_report;
using testing::World;

TEST(IngestTimes, WhatIsOverGoesWhateverDateItHas) {
  World world;
  world.answer_at_once();
  store::Commit put;
  for (const auto& [id, date] :
       {std::pair{"first", "0000-01-01T00:00:00Z"}, {"last", "9999-12-31T23:59:59Z"}}) {
    const auto report = task_report({.id = id, .status = "STOPPED"});
    put.puts.push_back(
        {codec::task_key(task_arn(id)),
         codec::encode_stored({report.detail, {}, std::nullopt, *parse_time(date)})});
  }
  ASSERT_TRUE(run_to_end(world.loop, world.store->commit(std::move(put))));
  world.restart();
  world.loop.run_for(2min);
  EXPECT_EQ(world.task("first"), "gone v1 retention");
  EXPECT_EQ(world.task("last"), "v1 STOPPED");
}

// An answer of Describe to a question that was asked at `asked`, when Blox's clock was `off`.
struct Answer {
  std::string health;
  TimePoint asked;
  Duration off = {};
};
void take(World& world, const Answer& answer) {
  Batch batch;
  const auto date = world.loop.wall_now() - (world.loop.now() - answer.asked) + answer.off;
  batch.reports.push_back({task_report({.id = "1"}, R"({"healthStatus":")" + answer.health + "\"}"),
                           Origin::kDescribe, std::chrono::floor<std::chrono::milliseconds>(date),
                           answer.asked});
  world.take(std::move(batch));
}

// Health comes by Describe alone, and no version tells of it.
TEST(IngestTimes, AClockThatIsSetBackKeepsNoNewerAnswerOut) {
  World world;
  take(world, {"HEALTHY", world.loop.now()});
  world.loop.run_for(1min);
  take(world, {"UNHEALTHY", world.loop.now(), -1h});
  EXPECT_EQ(world.task("1"), "v1 RUNNING UNHEALTHY");
  world.restart();
  take(world, {"HEALTHY", world.loop.now(), -25h});
  EXPECT_EQ(world.task("1"), "v1 RUNNING HEALTHY") << "by what is stored neither";
}

TEST(IngestTimes, AClockThatIsSetBackLetsNoOlderAnswerWin) {
  World world;
  take(world, {"UNKNOWN", world.loop.now()});
  const TimePoint earlier = world.loop.now() + 1s;
  world.loop.run_for(1min);
  take(world, {"HEALTHY", world.loop.now(), -1h});
  take(world, {"UNHEALTHY", earlier});
  EXPECT_EQ(world.task("1"), "v1 RUNNING HEALTHY");
}

// Else it would be asked about again and again until the date is reached.
TEST(IngestTimes, WhatIsFoundAgainIsBackAtOnce) {
  World world;
  take(world, {"HEALTHY", world.loop.now()});
  world.loop.run_for(1min);
  const auto removed =
      world.insist([&] { return world.ingest->remove_missing(task_arn("1"), world.loop.now()); });
  ASSERT_TRUE(removed && *removed);
  const TimePoint before = world.loop.now() - 1s;
  world.loop.run_for(1min);
  take(world, {"HEALTHY", before});
  EXPECT_EQ(world.task("1"), "gone v1 missing");
  take(world, {"HEALTHY", world.loop.now(), -1h});
  EXPECT_EQ(world.task("1"), "v1 RUNNING HEALTHY");
}

}  // namespace
}  // namespace blox::cluster_state
