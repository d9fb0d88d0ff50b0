// What goes wrong with the queue: how soon events flow again, and what is told of it.
#include "cluster_state/ingest/queue_consumer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "cluster_state/ingest/testing_consumer.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;
using testing::ConsumerWorld;
using testing::task_event;

// Whenever it ends: the waits between calls do not grow with its length.
TEST(QueueConsumer, AfterTheQueueWasAwayEventsFlowAgainAtOnce) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    ConsumerWorld world{seed};
    world.start();
    world.loop.run_for(5s);
    for (const auto kind : {ErrorKind::kUnavailable, ErrorKind::kNotFound}) {
      world.queue.receive_fault = Error{kind, "away"};
      world.queue.push("wakes the calls that wait");
      const std::size_t calls = world.queue.receive_count;
      world.loop.run_for(20s + world.random.between(0s, 5s));
      EXPECT_LE(world.queue.receive_count - calls, 80U) << "no storm of calls";
      world.queue.receive_fault.reset();
      world.queue.push(task_event({.id = "1"}, world.loop.wall_now()));
      ASSERT_TRUE(world.drains(1s)) << seed;
    }
  }
}

// A call that hangs after a failure costs little when it is short.
TEST(QueueConsumer, AsksShortlyUntilTheQueueAnswersAgain) {
  ConsumerWorld world;
  world.queue.receive_faults.push_back({ErrorKind::kUnavailable, "reset"});
  world.start();
  world.loop.run_for(1s);
  EXPECT_EQ(world.queue.waits, (std::vector<Duration>{10s, 1s}));
  world.loop.run_for(2s);
  EXPECT_EQ(world.queue.waits, (std::vector<Duration>{10s, 1s, 10s}));
}

TEST(QueueConsumer, HealthTellsOfRefusedDeletes) {
  ConsumerWorld world;
  world.start();
  world.queue.push(task_event({.id = "1"}, world.loop.wall_now()));
  ASSERT_TRUE(world.drains(5s));
  world.queue.remove_fault = Error{ErrorKind::kDenied, "not authorized to sqs:DeleteMessage"};
  world.queue.push(task_event({.id = "2"}, world.loop.wall_now()));
  world.loop.run_for(20s);
  EXPECT_EQ(world.health(), "") << "a short failure is none";
  world.loop.run_for(20s);
  EXPECT_NE(world.health().find("sqs:DeleteMessage"), std::string::npos) << world.health();
  world.loop.run_for(10min);
  EXPECT_NE(world.health(), "") << "for as long as it lasts";
  world.queue.remove_fault.reset();
  EXPECT_TRUE(world.drains(2min));
  EXPECT_EQ(world.health(), "");
}

// The answer of each entry counts, not that of the call.
TEST(QueueConsumer, HealthTellsOfDeletesRefusedOneByOne) {
  ConsumerWorld world;
  world.start();
  world.queue.remove_refused = "ReceiptHandleIsInvalid";
  for (int number = 1; number <= 15; ++number) {
    world.queue.push(task_event({.id = std::to_string(number)}, world.loop.wall_now()));
  }
  world.loop.run_for(40s);
  EXPECT_NE(world.health().find("ReceiptHandleIsInvalid"), std::string::npos) << world.health();
  world.queue.remove_refused.clear();
  EXPECT_TRUE(world.drains(2min));
  EXPECT_EQ(world.health(), "");
}

TEST(QueueConsumer, HealthTellsOfMessagesThatNobodyCanRead) {
  ConsumerWorld world;
  world.start();
  world.queue.push(task_event({.id = "1"}, world.loop.wall_now()));
  ASSERT_TRUE(world.drains(5s));
  const auto push = [&world](int count) {
    for (int number = 0; number < count; ++number) world.queue.push(R"({"Message":"?"})");
    EXPECT_TRUE(world.drains(5s));
  };
  push(19);
  EXPECT_EQ(world.health(), "");
  push(1);
  EXPECT_NE(world.health().find("the last 20 messages"), std::string::npos) << world.health();
  world.queue.push(task_event({.id = "2"}, world.loop.wall_now()));
  ASSERT_TRUE(world.drains(5s));
  EXPECT_EQ(world.health(), "");
  EXPECT_EQ(world.count_of("blox_ingest_dead_letters_total"), 20);
}

// A store that stands still: what comes again and again is one message.
TEST(QueueConsumer, AMessageIsCountedAsUnreadableWhenItIsDone) {
  ConsumerWorld world;
  world.faults.refuse = [](const store::Commit&) {
    return std::optional{Error{ErrorKind::kUnavailable, "disk full"}};
  };
  world.start();
  world.queue.push("no JSON at all");
  world.loop.run_for(30min);
  EXPECT_EQ(world.health(), "");
  world.faults.refuse = nullptr;
  EXPECT_TRUE(world.drains(2min));
}

// The waits of failures that are over do not add to that of the next one.
TEST(QueueConsumer, ABatchThatIsTakenEndsTheGrownWaits) {
  ConsumerWorld world;
  world.answer_at_once();
  world.start();
  const auto push = [&world](const std::string& id) {
    world.queue.push(task_event({.id = id}, world.loop.wall_now()));
  };
  const Error failed{ErrorKind::kUnknown, "the disk failed in the middle"};
  for (int number = 1; number <= 8; ++number) {
    world.faults.commits.push_back(failed);
    push(std::to_string(number));
    world.loop.run_for(1min);
  }
  ASSERT_TRUE(world.drains(1min));
  world.faults.commits.push_back(failed);
  push("90");
  world.loop.run_for(100ms);
  ASSERT_TRUE(world.faults.commits.empty());
  push("91");  // By the call that was under way.
  world.loop.run_for(100ms);
  push("92");
  EXPECT_TRUE(world.loop.run_while_not(
      [&] { return world.ingest->catalog().is_live(testing::task_arn("92")); }, 3s));
}

struct LossWorld : ConsumerWorld {
  LossWorld() {
    options_of_consumer.read_all = [this] { ++losses; };
    queue.shown.identity = "first";
    queue.shown.retention = std::chrono::minutes{10};
    start();
    loop.run_for(1min);
    losses = 0;  // But for what an earlier process may have hidden.
  }
  int losses = 0;
};

TEST(QueueConsumer, TellsOfAQueueThatWasNotThere) {
  LossWorld world;
  world.queue.receive_fault = Error{ErrorKind::kNotFound, "no such queue"};
  world.queue.push("wakes the calls that wait");
  world.loop.run_for(3min);
  EXPECT_EQ(world.losses, 0) << "nothing could follow what was read now";
  world.queue.receive_fault.reset();
  world.loop.run_for(3s);
  EXPECT_EQ(world.losses, 1);
  world.loop.run_for(10min);
  EXPECT_EQ(world.losses, 1);
}

TEST(QueueConsumer, TellsOfAQueueThatIsAnother) {
  LossWorld world;
  world.queue.shown.identity = "second";
  world.loop.run_for(10s);
  EXPECT_EQ(world.losses, 1);
  world.loop.run_for(10min);
  EXPECT_EQ(world.losses, 1);
  EXPECT_EQ(world.count_of("blox_ingest_losses_total"), 1);
}

TEST(QueueConsumer, TellsOfAGapLongerThanTheRetention) {
  LossWorld world;
  for (const Duration gap : {Duration{9min}, Duration{11min}}) {
    world.queue.receive_fault = Error{ErrorKind::kUnavailable, "away"};
    world.queue.push("wakes the calls that wait");
    world.loop.run_for(gap);
    world.queue.receive_fault.reset();
    world.loop.run_for(2s);
    EXPECT_EQ(world.count_of("blox_ingest_losses_total"), gap > 10min ? 1 : 0);
  }
}

TEST(QueueConsumer, ReceivesWhereItMayNotLook) {
  ConsumerWorld world;
  world.queue.look_fault = Error{ErrorKind::kDenied, "no sqs:GetQueueAttributes"};
  world.queue.foreign_in_flight = 5;
  world.start();
  world.loop.run_for(1h);
  EXPECT_LE(world.queue.look_count, 13U) << "asked again now and then";
  world.queue.push(task_event({.id = "1"}, world.loop.wall_now()));
  EXPECT_TRUE(world.drains(5s));
  EXPECT_EQ(world.health(), "");
  world.queue.look_fault.reset();
  world.loop.run_for(5min);
  EXPECT_EQ(world.health(), "") << "what is in flight at first may be of an earlier run";
}

TEST(QueueConsumer, HealthTellsOfAnotherConsumer) {
  ConsumerWorld world;
  world.start();
  world.loop.run_for(1min);
  world.queue.foreign_in_flight = 1;
  world.loop.run_for(1min);
  EXPECT_EQ(world.health(), "");
  world.loop.run_for(25s);
  EXPECT_NE(world.health().find("someone else"), std::string::npos) << world.health();
  world.queue.foreign_in_flight = 0;
  world.loop.run_for(90s);
  EXPECT_EQ(world.health(), "");
}

// Two services on one queue: each is as quick as the other, and no count shows it.
TEST(QueueConsumer, AnotherConsumerAsQuickAsItselfIsSeen) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    ConsumerWorld world{seed};
    world.queue.shown.may_give_back = true;
    world.start();
    Random other_random{seed + 100};
    Metrics other_metrics;
    auto twin = std::make_unique<QueueConsumer>(world.loop, other_random, world.queue,
                                                *world.ingest, other_metrics, ConsumerOptions{});
    const auto run = [&world](int seconds) {
      for (int second = 0; second < seconds; ++second) {
        const std::string id = std::to_string(world.random.below(1'000));
        world.queue.push(task_event({.id = id, .version = second + 1}, world.loop.wall_now()));
        world.loop.run_for(1s);
      }
    };
    run(240);
    EXPECT_TRUE(!world.consumer->health() || !twin->health()) << seed;
    twin.reset();
    run(240);
    EXPECT_EQ(world.health(), "") << seed;
  }
}

TEST(QueueConsumer, WhatIsGivenBackComesAgainAndIsDeleted) {
  ConsumerWorld world;
  world.queue.shown.may_give_back = true;
  world.start();
  world.loop.run_for(1s);
  for (int number = 1; number <= 60; ++number) {
    world.queue.push(task_event({.id = std::to_string(number)}, world.loop.wall_now()));
    world.loop.run_for(1s);
  }
  EXPECT_TRUE(world.drains(100ms));
  EXPECT_EQ(world.queue.given_back_count, 4U);
  EXPECT_EQ(world.received(), 64);
  EXPECT_EQ(world.content().size(), 60U);
  world.queue.give_back_fault = Error{ErrorKind::kDenied, "no sqs:ChangeMessageVisibility"};
  for (int number = 1; number <= 60; ++number) {
    world.queue.push(task_event({.id = "1", .version = number}, world.loop.wall_now()));
    world.loop.run_for(1s);
    ASSERT_TRUE(world.drains(100ms)) << "it is deleted as all others are";
  }
  EXPECT_EQ(world.count_of("blox_ingest_messages_not_deleted_total"), 0);
  world.queue.give_back_fault.reset();
  world.queue.push(task_event({.id = "1", .version = 61}, world.loop.wall_now()));
  EXPECT_TRUE(world.drains(100ms));
  EXPECT_EQ(world.queue.given_back_count, 4U) << "not asked again";
  EXPECT_EQ(world.health(), "");
}

// They are hidden, and we do not hold them.
TEST(QueueConsumer, MessagesOfLostAnswersAreItsOwn) {
  ConsumerWorld world;
  world.start();
  world.loop.run_for(1min);
  world.queue.push(task_event({.id = "1"}, world.loop.wall_now()));
  world.queue.lose_answers = 6;
  for (int second = 0; second < 240; ++second) {
    world.loop.run_for(1s);
    ASSERT_EQ(world.health(), "") << second;
  }
  EXPECT_EQ(world.queue.lose_answers, 0U);
  EXPECT_EQ(world.queue.size(), 0U);
}

// One that was given back, and lost on its way to us, proves nothing.
TEST(QueueConsumer, AMessageThatIsLostOnItsWayBackIsNoSign) {
  ConsumerWorld world;
  world.queue.shown.may_give_back = true;
  world.start();
  world.loop.run_for(1s);
  for (std::size_t round = 1; round <= 6; ++round) {
    world.queue.push(task_event({.id = std::to_string(round)}, world.loop.wall_now()));
    ASSERT_TRUE(
        world.loop.run_while_not([&] { return world.queue.given_back_count == round; }, 1min));
    world.queue.lose_answers = 1;
    world.loop.run_for(50s);
    EXPECT_EQ(world.queue.lose_answers, 0U);
    ASSERT_EQ(world.health(), "") << round;
  }
}

// Under load, with answers lost, batches not taken and deletes refused: all that is in flight is
// ours.
TEST(QueueConsumer, TakesNothingOfItsOwnForAnotherConsumer) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    ConsumerWorld world{seed};
    world.queue.shown.may_give_back = true;
    world.start();
    for (int second = 0; second < 1'200; ++second) {
      for (int number = 0; number < 3; ++number) {
        const std::string id = std::to_string(world.random.below(1'000));
        world.queue.push(task_event({.id = id, .version = second + 1}, world.loop.wall_now()));
      }
      if (world.random.percent(5)) {
        world.queue.remove_faults.push_back({ErrorKind::kUnavailable, "reset"});
      }
      if (world.random.percent(5)) {
        world.queue.receive_faults.push_back({ErrorKind::kUnavailable, "reset"});
      }
      if (world.random.percent(5)) world.queue.lose_answers = 1;
      if (world.random.percent(2)) {
        world.faults.commits.push_back({ErrorKind::kUnavailable, "the disk is slow"});
      }
      world.loop.run_for(1s);
      const std::string health = world.health();
      ASSERT_EQ(health.find("someone else"), std::string::npos) << seed << ": " << health;
    }
  }
}

}  // namespace
}  // namespace blox::cluster_state
