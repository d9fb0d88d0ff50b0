// From the queue to the store and back to the queue: nothing is deleted before it is durable.
#include "cluster_state/ingest/queue_consumer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "aws/fake_queue.h"
#include "cluster_state/ingest/testing_world.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;
using testing::run;
using testing::task_event;
using testing::World;

struct ConsumerWorld : World {
  explicit ConsumerWorld(std::uint64_t seed = 1) : World({}, seed), random(seed), queue(loop) {}

  void start() {
    consumer = std::make_unique<QueueConsumer>(loop, random, queue, *ingest, metrics);
  }
  void crash() {
    consumer.reset();
    restart();
    start();
  }
  bool drains(Duration limit) {
    return loop.run_while_not([&] { return queue.size() == 0; }, limit);
  }

  Random random;
  aws::FakeQueue queue;
  std::unique_ptr<QueueConsumer> consumer;
};

TEST(QueueConsumer, StoresThenDeletes) {
  ConsumerWorld world;
  world.start();
  for (int number = 1; number <= 500; ++number) {
    world.queue.push(task_event({.id = std::to_string(number)}, world.loop.wall_now()));
  }
  EXPECT_TRUE(world.drains(10s));
  EXPECT_EQ(world.content().size(), 500U);
  EXPECT_TRUE(world.consumer->is_receiving());
}

TEST(QueueConsumer, DeletesWaitToFillABatchButNotForLong) {
  ConsumerWorld world;
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
  EXPECT_FALSE(world.consumer->is_receiving());
  EXPECT_GE(world.queue.receive_faults.size(), 20U) << "no storm of calls";
  world.queue.push(task_event({}, world.loop.wall_now()));
  EXPECT_TRUE(world.drains(15min));
  EXPECT_TRUE(world.consumer->is_receiving());
}

TEST(QueueConsumer, PoisonIsSetAsideAndDeleted) {
  ConsumerWorld world;
  world.start();
  world.queue.push("no JSON at all");
  world.queue.push(R"({"id":"1","time":"2026-08-20T10:00:03Z","detail-type":)"
                   R"("ECS Task State Change","detail":{"taskArn":"nonsense"}})");
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

// A store that cannot write: the consumer stops receiving before messages come again in heaps.
class StuckStore final : public store::Store {
 public:
  explicit StuckStore(store::Store& below) : below_(below) {}
  bool stuck = false;
  int refused = 0;
  Async<Result<store::Page>> range(store::RangeRequest request) override {
    co_return co_await below_.range(std::move(request));
  }
  Async<Result<store::Revision>> commit(store::Commit commit) override {
    if (stuck) {
      ++refused;
      co_return fail(ErrorKind::kUnavailable, "disk full");
    }
    co_return co_await below_.commit(std::move(commit));
  }
  std::unique_ptr<store::Watch> watch(std::string prefix, store::Revision from) override {
    return below_.watch(std::move(prefix), from);
  }
  Async<Status> compact(store::Revision revision) override {
    co_return co_await below_.compact(revision);
  }
  store::StoreInfo info() const override { return below_.info(); }

 private:
  store::Store& below_;
};

TEST(QueueConsumer, HoldsBackWhileNothingGetsDurable) {
  ConsumerWorld world;
  StuckStore stuck{*world.store};
  world.ingest = std::make_unique<Ingest>(world.loop, stuck, world.metrics, IngestOptions{});
  ASSERT_TRUE(run(world.loop, world.ingest->open()));
  stuck.stuck = true;
  world.start();
  world.queue.push(task_event({.id = "1"}, world.loop.wall_now()));
  world.loop.run_for(16s);  // More than half of 30 s.
  const int refused = stuck.refused;
  EXPECT_GT(refused, 2);
  for (int number = 2; number <= 2'000; ++number) {
    world.queue.push(task_event({.id = std::to_string(number)}, world.loop.wall_now()));
  }
  world.loop.run_for(60s);
  // Calls that were waiting already still bring their batch, no more are made.
  EXPECT_LE(world.ingest->undurable_count(), 200U);
  EXPECT_EQ(world.queue.removed_count, 0U);
  EXPECT_LT(stuck.refused, refused + 4 * 60) << "tried again at a bounded rate";
  stuck.stuck = false;
  EXPECT_TRUE(world.drains(2min));
  EXPECT_EQ(world.content().size(), 2'000U);
  world.consumer.reset();
  world.ingest.reset();
}

}  // namespace
}  // namespace blox::cluster_state
