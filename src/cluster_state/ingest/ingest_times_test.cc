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

}  // namespace
}  // namespace blox::cluster_state
