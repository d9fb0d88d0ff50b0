// A queue and a consumer on the world of ingest. For tests alone.
#pragma once

#include <memory>
#include <string>

#include "aws/fake_queue.h"
#include "cluster_state/ingest/queue_consumer.h"
#include "cluster_state/ingest/testing_world.h"

namespace blox::cluster_state::testing {

struct ConsumerWorld : World {
  explicit ConsumerWorld(std::uint64_t seed = 1) : World({}, seed), random(seed), queue(loop) {}

  void start() {
    consumer =
        std::make_unique<QueueConsumer>(loop, random, queue, *ingest, metrics, options_of_consumer);
  }
  /// Messages received, repeats too.
  double received() { return metrics.counter("blox_ingest_messages_total", "").Value(); }
  void crash() {
    consumer.reset();
    restart();
    start();
  }
  bool drains(Duration limit) {
    return loop.run_while_not([&] { return queue.size() == 0; }, limit);
  }

  std::string health() {
    const Status health = consumer->health();
    return health ? "" : health.error().message;
  }
  double count_of(const char* counter) { return metrics.counter(counter, "").Value(); }

  Random random;
  aws::FakeQueue queue;
  ConsumerOptions options_of_consumer;
  std::unique_ptr<QueueConsumer> consumer;
};

}  // namespace blox::cluster_state::testing
