// What is hidden in the queue without our holding it is read from ECS, soon and not all the time.
#include <gtest/gtest.h>

#include "cluster_state/ingest/queue_consumer.h"
#include "cluster_state/ingest/testing_consumer.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;
using testing::ConsumerWorld;
using testing::task_event;

struct HiddenWorld : ConsumerWorld {
  HiddenWorld() {
    answer_at_once();
    options_of_consumer.read_all = [this] { ++reads; };
    start();
  }
  void pass_the_start() {
    loop.run_for(1min);
    reads = 0;
  }
  int reads = 0;
};

TEST(QueueHidden, WhatTheCallsOfAnEarlierProcessTookIsReadWhenTheyHaveEnded) {
  HiddenWorld world;
  world.loop.run_for(9s);
  EXPECT_EQ(world.reads, 0) << "they may take more yet";
  world.loop.run_for(3s);
  EXPECT_EQ(world.reads, 1);
  world.loop.run_for(1h);
  EXPECT_EQ(world.reads, 1);
  EXPECT_EQ(world.count_of("blox_ingest_hidden_total"), 1);
}

TEST(QueueHidden, SoIsWhatWentWithAnAnswerThatWasLost) {
  HiddenWorld world;
  world.pass_the_start();
  world.queue.lose_answers = 1;
  world.queue.push(task_event({}, world.loop.wall_now()));
  world.loop.run_for(9s);
  EXPECT_EQ(world.queue.lose_answers, 0U);
  EXPECT_EQ(world.reads, 0) << "the call may be waiting yet, for all that we know";
  world.loop.run_for(3s);
  EXPECT_EQ(world.reads, 1);
  EXPECT_EQ(world.queue.size(), 1U) << "the message comes later";
  world.loop.run_for(1h);
  EXPECT_EQ(world.reads, 1);
}

TEST(QueueHidden, ManyLostAnswersHaveItReadWithPauses) {
  HiddenWorld world;
  world.pass_the_start();
  for (int second = 0; second < 300; ++second) {
    world.queue.push(task_event({.version = second + 1}, world.loop.wall_now()));
    if (second % 3 == 0) world.queue.lose_answers = 1;
    world.loop.run_for(1s);
  }
  EXPECT_GE(world.reads, 6);
  EXPECT_LE(world.reads, 10);
}

TEST(QueueHidden, AnOutageIsReadOnceAtItsEnd) {
  for (const ErrorKind kind : {ErrorKind::kUnavailable, ErrorKind::kDenied}) {
    HiddenWorld world;
    world.pass_the_start();
    world.queue.receive_fault = Error{kind, "away"};
    world.queue.push("wakes the calls that wait");
    world.loop.run_for(10min);
    EXPECT_EQ(world.reads, 0) << "more becomes hidden, for all that we know";
    world.queue.receive_fault.reset();
    world.loop.run_for(kind == ErrorKind::kDenied ? 25s : 5s);  // A denial is tried less often.
    EXPECT_EQ(world.reads, 1);
    world.loop.run_for(1h);
    EXPECT_EQ(world.reads, 1);
  }
}

TEST(QueueHidden, ALimitOfCallsHidesNothing) {
  HiddenWorld world;
  world.pass_the_start();
  world.queue.receive_faults.push_back({ErrorKind::kThrottled, "slow down"});
  world.loop.run_for(1h);
  EXPECT_TRUE(world.queue.receive_faults.empty());
  EXPECT_EQ(world.reads, 0);
}

// They come again after the visibility timeout, and not before.
TEST(QueueHidden, WhatTheStoreDidNotTakeIsReadOnceItMayTakeAgain) {
  HiddenWorld world;
  world.pass_the_start();
  world.faults.commits.push_back({ErrorKind::kUnknown, "the disk failed in the middle"});
  world.faults.range_wait = 5s;
  world.queue.push(task_event({}, world.loop.wall_now()));
  world.loop.run_for(3s);
  EXPECT_FALSE(world.ingest->is_ready());
  EXPECT_EQ(world.reads, 0);
  world.loop.run_for(15s);
  EXPECT_EQ(world.reads, 1);
  EXPECT_EQ(world.queue.size(), 1U) << "the message comes later";
}

TEST(QueueHidden, WhileTheStoreTakesNoChangesNothingIsReadForIt) {
  HiddenWorld world;
  world.loop.run_for(5s);
  world.faults.refuse = [](const store::Commit&) {
    return Error{ErrorKind::kUnavailable, "the disk is full"};
  };
  world.queue.push(task_event({}, world.loop.wall_now()));
  world.loop.run_for(5min);
  EXPECT_TRUE(world.ingest->is_ready()) << "the batch waits, and is not lost";
  EXPECT_EQ(world.reads, 0);
  world.faults.refuse = {};
  world.loop.run_for(1min);
  EXPECT_EQ(world.reads, 1);
}

}  // namespace
}  // namespace blox::cluster_state
