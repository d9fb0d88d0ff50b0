// From the queue to the store and back to the queue: nothing is deleted before it is durable.
#include "cluster_state/ingest/queue_consumer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "cluster_state/ingest/testing_consumer.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;
using testing::ConsumerWorld;
using testing::task_event;

TEST(QueueConsumer, StoresThenDeletes) {
  ConsumerWorld world;
  world.start();
  for (int number = 1; number <= 500; ++number) {
    world.queue.push(task_event({.id = std::to_string(number)}, world.loop.wall_now()));
  }
  EXPECT_TRUE(world.drains(10s));
  EXPECT_EQ(world.content().size(), 500U);
  EXPECT_TRUE(world.consumer->health());
}

TEST(QueueConsumer, DeletesWaitToFillABatchButNotForLong) {
  ConsumerWorld world;
  world.answer_at_once();
  world.start();
  const auto push = [&world](int number) {
    world.queue.push(task_event({.id = std::to_string(number)}, world.loop.wall_now()));
  };
  push(1);
  world.loop.run_for(15ms);
  EXPECT_EQ(world.content().size(), 1U);
  EXPECT_EQ(world.queue.size(), 1U) << "durable, and waits for company";
  for (int number = 2; number <= 10; ++number) push(number);
  world.loop.run_for(4ms);
  EXPECT_EQ(world.queue.size(), 0U) << "a full batch waits no longer";
  push(11);
  EXPECT_TRUE(world.drains(30ms)) << "one that gets no company goes all the same";
}

// Every message in any order, some twice, with crashes between commit and delete: each object
// ends at its last version.
TEST(QueueConsumer, DisorderRepeatsAndCrashesLoseNothing) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    ConsumerWorld world{seed};
    Random chance{seed};
    std::vector<std::string> bodies;
    for (int object = 1; object <= 30; ++object) {
      for (int version = 1; version <= 4; ++version) {
        const testing::TaskText task{.id = std::to_string(object),
                                     .version = version,
                                     .status = version == 4 ? "STOPPED" : "RUNNING"};
        bodies.push_back(task_event(task, world.loop.wall_now()));
        if (chance.percent(20)) bodies.push_back(bodies.back());
      }
    }
    for (std::size_t left = bodies.size(); left > 1; --left) {
      std::swap(bodies[left - 1], bodies[chance.below(left)]);
    }
    world.start();
    for (std::string& body : bodies) world.queue.push(std::move(body));
    for (int crash = 0; crash < 3; ++crash) {
      world.loop.run_for(chance.between(0ms, 6ms));
      world.crash();
    }
    ASSERT_TRUE(world.drains(5min)) << seed;
    for (int object = 1; object <= 30; ++object) {
      ASSERT_EQ(world.task(std::to_string(object)), "v4 STOPPED") << seed;
    }
  }
}

TEST(QueueConsumer, ARemoveThatFailsIsTriedAgain) {
  ConsumerWorld world;
  world.start();
  world.queue.remove_faults = {Error{ErrorKind::kUnavailable, "reset"},
                               Error{ErrorKind::kThrottled, "slow down"}};
  world.queue.push(task_event({}, world.loop.wall_now()));
  EXPECT_TRUE(world.drains(5s)) << "before it comes again";
  EXPECT_EQ(world.task("1"), "v1 RUNNING");
}

TEST(QueueConsumer, AReceiveThatFailsIsTriedAgainWithGrowingWaits) {
  ConsumerWorld world;
  for (int fault = 0; fault < 30; ++fault) {
    world.queue.receive_faults.push_back({ErrorKind::kThrottled, "slow down"});
  }
  world.start();
  world.loop.run_for(1s);
  EXPECT_FALSE(world.consumer->health());
  EXPECT_GE(world.queue.receive_faults.size(), 20U) << "no storm of calls";
  world.queue.push(task_event({}, world.loop.wall_now()));
  EXPECT_TRUE(world.drains(15min));
  EXPECT_TRUE(world.consumer->health());
}

TEST(QueueConsumer, PoisonIsSetAsideAndDeleted) {
  ConsumerWorld world;
  world.start();
  world.queue.push("no JSON at all");
  world.queue.push(testing::envelope("ECS Task State Change", "1", world.loop.wall_now(),
                                     R"({"taskArn":"nonsense"})"));
  world.queue.push(testing::envelope("ECS Tea Break", "t1", world.loop.wall_now(), "{}"));
  EXPECT_TRUE(world.drains(5s));
  const auto content = world.content();
  ASSERT_EQ(content.size(), 3U);
  const auto first = codec::decode_dead_letter(content.at(codec::dead_letter_key(1)));
  const auto second = codec::decode_dead_letter(content.at(codec::dead_letter_key(2)));
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(first->body == "no JSON at all" || second->body == "no JSON at all");
  EXPECT_NE((first->error + second->error).find("detail.taskArn"), std::string::npos);
}

// The time of an envelope is somebody else's word: one that cannot be must not spoil the sum.
TEST(QueueConsumer, TheLagIsBounded) {
  ConsumerWorld world;
  world.start();
  const auto push = [&](const char* id, const char* time) {
    world.queue.push(task_event({.id = id}, parse_time(time).value()));
    EXPECT_TRUE(world.drains(5s));
  };
  push("1", "9999-12-31T23:59:59Z");
  EXPECT_TRUE(world.metrics.to_text().contains("blox_ingest_lag_seconds_sum 0\n"));
  push("2", "0001-01-01T00:00:00Z");
  EXPECT_TRUE(world.metrics.to_text().contains("blox_ingest_lag_seconds_sum 1209600\n"))
      << world.metrics.to_text();
}

// The errors of the dead letters that are kept, by number.
std::vector<std::string> letters(ConsumerWorld& world) {
  std::vector<std::string> errors;
  for (const auto& [key, value] : world.content()) {
    if (!key.starts_with(codec::kDeadLettersPrefix)) continue;
    const auto letter = codec::decode_dead_letter(value);
    EXPECT_TRUE(letter) << key;
    if (letter) errors.push_back(letter->message_id + " " + letter->error);
  }
  return errors;
}

TEST(QueueConsumer, EachBadMemberIsADeadLetter) {
  ConsumerWorld world;
  world.start();
  world.queue.remove_fault = Error{ErrorKind::kUnavailable, "reset"};
  world.queue.push(R"([{"first":"bad"},{"second":"bad"},{"third":"bad"}])");
  world.loop.run_for(10s);
  const auto first = letters(world);
  ASSERT_EQ(first.size(), 3U);
  for (std::size_t place = 0; place < 3; ++place) {
    EXPECT_TRUE(first[place].starts_with("m1 member " + std::to_string(place + 1))) << first[place];
  }
  world.loop.run_for(40s);
  EXPECT_GE(world.received(), 2) << "it came again";
  EXPECT_EQ(letters(world), first);
  world.crash();
  world.queue.remove_fault.reset();
  EXPECT_TRUE(world.drains(1min));
  EXPECT_EQ(letters(world), first) << "as the store has them";
}

TEST(QueueConsumer, EachMemberThatTheStoreRefusesIsADeadLetterUpToABound) {
  ConsumerWorld world;
  world.faults.refuse = [](const store::Commit& commit) -> std::optional<Error> {
    const bool refused = std::ranges::any_of(
        commit.puts, [](const auto& put) { return !put.key.contains("deadletters"); });
    return refused ? std::optional{Error{ErrorKind::kInvalid, "too large"}} : std::nullopt;
  };
  const auto push = [&](int count, const std::string& more) {
    std::string body = "[" + more;
    for (int number = 0; number < count; ++number) {
      const std::string id = std::to_string(number);
      body += (number == 0 ? "" : ",") + task_event({.id = id}, world.loop.wall_now());
    }
    world.queue.push(body + "]");
  };
  world.start();
  push(2, R"({"first":"bad"},)");
  EXPECT_TRUE(world.drains(20s));
  EXPECT_EQ(letters(world).size(), 3U);
  push(40, "");
  EXPECT_TRUE(world.drains(20s));
  EXPECT_EQ(letters(world).size(), 3U + 16U + 1U) << "the others are one, the message";
  std::string unreadable = R"([{"first":"bad"})";
  for (int number = 0; number < 40; ++number) unreadable += ",{}";
  world.queue.push(unreadable + "," + task_event({}, world.loop.wall_now()) + "]");
  EXPECT_TRUE(world.drains(20s));
  EXPECT_EQ(letters(world).size(), 20U + 16U + 1U) << "nor do those that nobody can read";
}

// A store that cannot write: the consumer stops receiving before messages come again in heaps.
TEST(QueueConsumer, HoldsBackWhileNothingGetsDurable) {
  ConsumerWorld world;
  int refused = 0;
  world.faults.refuse = [&](const store::Commit&) {
    ++refused;
    return std::optional{Error{ErrorKind::kUnavailable, "disk full"}};
  };
  world.start();
  world.queue.push(task_event({.id = "1"}, world.loop.wall_now()));
  world.loop.run_for(16s);  // More than half of 30 s.
  const int refused_at_first = refused;
  EXPECT_GT(refused_at_first, 2);
  for (int number = 2; number <= 2'000; ++number) {
    world.queue.push(task_event({.id = std::to_string(number)}, world.loop.wall_now()));
  }
  world.loop.run_for(60s);
  // Calls that were waiting already still bring their batch, no more are made.
  EXPECT_LE(world.ingest->undurable_count(), 200U);
  EXPECT_EQ(world.queue.removed_count, 0U);
  EXPECT_LT(refused, refused_at_first + 4 * 60) << "tried again at a bounded rate";
  world.faults.refuse = nullptr;
  EXPECT_TRUE(world.drains(2min));
  EXPECT_EQ(world.content().size(), 2'000U);
}

// While the store is read again the queue is left alone: what is received in vain too often would
// go where its owner puts poison.
TEST(QueueConsumer, ReceivesNothingWhileTheStoreIsReadAgain) {
  ConsumerWorld world;
  world.start();
  world.queue.push(task_event({.id = "1"}, world.loop.wall_now()));
  ASSERT_TRUE(world.drains(5s));
  world.faults.range_wait = 3min;
  world.faults.commits.push_back({ErrorKind::kUnknown, "the disk failed in the middle"});
  world.queue.push(task_event({.id = "1", .version = 2}, world.loop.wall_now()));
  world.loop.run_for(10ms);
  EXPECT_FALSE(world.ingest->is_ready());
  for (int number = 2; number <= 2'000; ++number) {
    world.queue.push(task_event({.id = std::to_string(number)}, world.loop.wall_now()));
  }
  world.loop.run_for(2min);
  EXPECT_FALSE(world.ingest->is_ready());
  EXPECT_LE(world.received(), 2 + 160) << "what the calls under way brought, once";
  EXPECT_TRUE(world.drains(2min));
  EXPECT_EQ(world.content().size(), 2'000U);
}

// A queue of messages up to 16 KiB, of which a call may bring ten, and room for three calls.
constexpr std::size_t kMessage = 16 << 10;
constexpr std::size_t kRoom = 64 * kMessage;

void use_little_room(ConsumerWorld& world) {
  world.queue.message_bytes = kMessage;
  world.options_of_consumer.undurable_bytes_max = kRoom;
}

// `count` events of tasks, from number `first` on, that have `bytes` and a little more each.
void push_large(ConsumerWorld& world, int first, int count, std::size_t bytes) {
  for (int number = first; number < first + count; ++number) {
    const testing::TaskText task{.id = std::to_string(number),
                                 .more = "\"note\":\"" + std::string(bytes, 'x') + "\","};
    world.queue.push(task_event(task, world.loop.wall_now()));
  }
}

// Tasks that are known; once the queue is empty they are durable.
std::size_t stored(const ConsumerWorld& world) {
  return world.ingest->catalog().live_tasks(testing::kCluster).size();
}

double undurable_bytes(ConsumerWorld& world) {
  world.loop.run_for(1s);  // It is shown once a second.
  return world.metrics.gauge("blox_ingest_undurable_bytes", "").Value();
}

// Many calls are under way as small messages come; then the store stops, and large ones come. What
// the calls may still bring has its room.
TEST(QueueConsumer, HoldsNoMoreBytesThanItMayHoweverManyCallsAreUnderWay) {
  ConsumerWorld world;
  use_little_room(world);
  world.start();
  push_large(world, 1, 2'000, 10);
  ASSERT_TRUE(world.drains(1min));
  bool is_full = true;
  world.faults.refuse = [&](const store::Commit&) {
    return is_full ? std::optional{Error{ErrorKind::kUnavailable, "disk full"}} : std::nullopt;
  };
  const double received = world.received();
  push_large(world, 3'001, 200, kMessage - 1'000);
  EXPECT_GT(undurable_bytes(world), kRoom / 2);
  EXPECT_LE(undurable_bytes(world), kRoom);
  EXPECT_LE(world.received() - received, 32) << "each counts twice";
  is_full = false;
  EXPECT_TRUE(world.drains(10min)) << "and goes on once they are durable";
  EXPECT_EQ(stored(world), 2'200U);
  EXPECT_EQ(undurable_bytes(world), 0);
}

TEST(QueueConsumer, ABatchLargerThanAllRoomStopsNothing) {
  ConsumerWorld world;
  world.options_of_consumer.undurable_bytes_max = 1'000;
  world.start();
  push_large(world, 1, 50, kMessage - 1'000);
  EXPECT_TRUE(world.drains(1min));
  EXPECT_EQ(stored(world), 50U);
}

// With room for one call it may be that of a loop which a calm queue then sends to rest: the one
// that goes on must be told.
TEST(QueueConsumer, ACallThatEndsMakesRoomForAnotherLoop) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    ConsumerWorld world{seed};
    world.options_of_consumer.undurable_bytes_max = 1'000;
    world.start();
    for (int round = 0; round < 3; ++round) {
      push_large(world, 1 + 100 * round, 20, 10);
      ASSERT_TRUE(world.drains(25s)) << seed;
      world.loop.run_for(1min);  // Calls end empty.
    }
  }
}

// Each way that a message can end gives back what it held: 40 of each, in room for 31.
TEST(QueueConsumer, GivesItsBytesBackHoweverMessagesEnd) {
  ConsumerWorld world;
  use_little_room(world);
  world.options.records.dead_letters_max = 10;
  world.options_of_consumer.clusters = {testing::kCluster.value};
  world.start();
  const auto passes = [&world](const char* how) {
    EXPECT_TRUE(world.drains(10min)) << how;
    EXPECT_EQ(undurable_bytes(world), 0) << how;
  };
  push_large(world, 1, 40, kMessage - 1'000);
  passes("durable");
  push_large(world, 1, 40, kMessage - 1'000);
  passes("stale");
  for (int number = 0; number < 40; ++number) world.queue.push(std::string(kMessage, '{'));
  passes("a dead letter");
  for (int number = 0; number < 40; ++number) {
    world.queue.push(testing::envelope(
        "ECS Tea Break", "other", world.loop.wall_now(),
        R"({"clusterArn":"arn:aws:ecs:eu-west-1:123456789012:cluster/other","note":")" +
            std::string(kMessage - 1'000, 'x') + "\"}"));
  }
  passes("not followed");
  world.faults.refuse = [](const store::Commit& commit) -> std::optional<Error> {
    const bool refused = std::ranges::any_of(
        commit.puts, [](const auto& put) { return !put.key.contains("deadletters"); });
    return refused ? std::optional{Error{ErrorKind::kInvalid, "too large"}} : std::nullopt;
  };
  push_large(world, 101, 40, kMessage - 1'000);
  passes("refused by the store");
  world.faults.refuse = nullptr;
  for (int fault = 0; fault < 8; ++fault) {
    world.queue.receive_faults.push_back({ErrorKind::kThrottled, "slow down"});
  }
  for (int fault = 0; fault < 3; ++fault) {
    world.faults.commits.push_back({ErrorKind::kUnknown, "the disk failed in the middle"});
  }
  world.faults.range_wait = 10s;
  push_large(world, 201, 40, kMessage - 1'000);
  passes("not taken, and while the store is read again");
}

TEST(QueueConsumer, WaitsLongerAndLongerWhenBatchesAreNotTaken) {
  ConsumerWorld world;
  world.faults.refuse = [](const store::Commit&) {
    return std::optional{Error{ErrorKind::kInternal, "input/output error"}};
  };
  world.start();
  for (int number = 1; number <= 2'000; ++number) {
    world.queue.push(task_event({.id = std::to_string(number)}, world.loop.wall_now()));
  }
  world.loop.run_for(4min);
  EXPECT_LE(world.received(), 10'000) << "2,000 messages that could each come 8 times";
  EXPECT_EQ(world.queue.removed_count, 0U);
  world.faults.refuse = nullptr;
  EXPECT_TRUE(world.drains(5min));
}

TEST(QueueConsumer, WhatIngestRefusesIsSetAsideAndTheOthersGoOn) {
  ConsumerWorld world;
  world.queue.push(task_event({.id = "1"}, world.loop.wall_now()));
  world.faults.refuse = [](const store::Commit& commit) -> std::optional<Error> {
    for (const auto& put : commit.puts) {
      if (put.value.find("poison") == std::string::npos || put.key.contains("deadletters"))
        continue;
      return Error{ErrorKind::kInvalid, "too large"};
    }
    return std::nullopt;
  };
  world.queue.push(
      testing::envelope("ECS Tea Break", "t1", world.loop.wall_now(), R"({"what":"poison"})"));
  world.queue.push(task_event({.id = "2"}, world.loop.wall_now()));
  world.start();
  EXPECT_TRUE(world.drains(20s));
  EXPECT_EQ(world.task("1"), "v1 RUNNING");
  EXPECT_EQ(world.task("2"), "v1 RUNNING");
  EXPECT_TRUE(world.ingest->is_ready());
}

// The store holds the version before, and still does: that the newer one was known for a moment
// makes no repeat of it a success.
TEST(QueueConsumer, AnEventThatTheStoreRefusesIsADeadLetter) {
  ConsumerWorld world;
  world.start();
  world.queue.push(task_event({.id = "1", .version = 2}, world.loop.wall_now()));
  ASSERT_TRUE(world.drains(5s));
  world.faults.refuse = [](const store::Commit& commit) -> std::optional<Error> {
    const bool refused = std::ranges::any_of(
        commit.puts, [](const auto& put) { return !put.key.contains("deadletters"); });
    return refused ? std::optional{Error{ErrorKind::kInvalid, "too large"}} : std::nullopt;
  };
  world.queue.push(task_event({.id = "1", .version = 4}, world.loop.wall_now()));
  world.queue.push(task_event({.id = "2"}, world.loop.wall_now()));
  world.queue.push(testing::envelope("ECS Tea Break", "t1", world.loop.wall_now(), "{}"));
  EXPECT_TRUE(world.drains(20s));
  const auto content = world.content();
  EXPECT_EQ(content.size(), 4U) << "the first version and three dead letters";
  for (const std::uint64_t number : {1, 2, 3}) {
    EXPECT_TRUE(content.contains(codec::dead_letter_key(number))) << number;
  }
  EXPECT_EQ(world.task("1"), "v2 RUNNING");
  world.faults.refuse = nullptr;
  world.queue.push(task_event({.id = "1", .version = 3}, world.loop.wall_now()));
  world.queue.push(task_event({.id = "2"}, world.loop.wall_now()));
  EXPECT_TRUE(world.drains(20s));
  EXPECT_EQ(world.task("1"), "v3 RUNNING") << "newer than what the store holds";
  EXPECT_EQ(world.task("2"), "v1 RUNNING");
}

// The fields of an envelope that were without a bound: it ends as a dead letter, at once.
TEST(QueueConsumer, AnOversizedEventOfAnUnknownTypeIsADeadLetter) {
  ConsumerWorld world;
  world.start();
  world.queue.push(testing::envelope(std::string(700'000, '%'), "t1", world.loop.wall_now(), "{}"));
  world.queue.push(task_event({.id = "1"}, world.loop.wall_now()));
  EXPECT_TRUE(world.drains(5s));
  EXPECT_EQ(world.task("1"), "v1 RUNNING");
  const auto letter = codec::decode_dead_letter(world.content().at(codec::dead_letter_key(1)));
  ASSERT_TRUE(letter);
  EXPECT_NE(letter->error.find("detail-type has 700000 bytes"), std::string::npos) << letter->error;
}

TEST(QueueConsumer, EventsOfClustersThatAreNotFollowedAreDeleted) {
  ConsumerWorld world;
  world.options_of_consumer.clusters = {"other"};
  world.start();
  world.queue.push(task_event({.id = "1"}, world.loop.wall_now()));
  world.queue.push(testing::envelope("ECS Tea Break", "t1", world.loop.wall_now(),
                                     R"({"clusterArn":")" + testing::kCluster.value + R"("})"));
  EXPECT_TRUE(world.drains(5s));
  EXPECT_TRUE(world.content().empty());
  world.options_of_consumer.clusters = {"other", testing::kCluster.value};
  world.crash();
  world.queue.push(task_event({.id = "1"}, world.loop.wall_now()));
  world.queue.push(testing::envelope("ECS Tea Break", "t2", world.loop.wall_now(), "{}"));
  EXPECT_TRUE(world.drains(5s));
  EXPECT_EQ(world.content().size(), 2U);
}

TEST(QueueConsumer, HealthTellsOfAQueueThatGivesNothing) {
  ConsumerWorld world;
  for (int fault = 0; fault < 8; ++fault) {
    world.queue.receive_faults.push_back({ErrorKind::kDenied, "no permission"});
  }
  world.start();
  EXPECT_TRUE(world.consumer->health()) << "nothing is known yet";
  world.loop.run_for(100ms);
  ASSERT_FALSE(world.consumer->health());
  EXPECT_NE(world.consumer->health().error().message.find("no permission"), std::string::npos);
  world.queue.push(task_event({}, world.loop.wall_now()));
  ASSERT_TRUE(world.drains(5min));
  EXPECT_TRUE(world.consumer->health());
  world.queue.receive_faults.push_back({ErrorKind::kThrottled, "slow down"});
  world.loop.run_for(25s);
  EXPECT_TRUE(world.consumer->health()) << "a short failure is none";
}

}  // namespace
}  // namespace blox::cluster_state
