// The queue's end in ingest: receives, decodes, hands over, and deletes what is durable.
#pragma once

#include <cstddef>
#include <deque>
#include <set>
#include <string>
#include <vector>

#include "aws/queue.h"
#include "base/async.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/scope.h"
#include "base/signal.h"
#include "cluster_state/ingest/ingest.h"

namespace blox::cluster_state {

struct ConsumerOptions {
  Duration receive_wait = std::chrono::seconds{20};  ///< Long polling. Source: SQS, 20 s at most.
  std::size_t receives_max = 16;                     ///< Receive calls at a time.
  std::size_t removes_max = 8;                       ///< Delete calls at a time.
  std::size_t undurable_max = 4'000;                 ///< Messages received and not durable.
  Duration retry_wait_min = std::chrono::milliseconds{200};
  Duration retry_wait_max = std::chrono::seconds{20};
};

/// Runs from construction to destruction. Receives by one call at a time while the queue is calm
/// and by up to receives_max while whole batches come. It pauses while the oldest undurable
/// message is older than half its visibility timeout, or while undurable_max is reached.
/// A message is deleted only after all that it brought is durable; one that cannot be decoded is
/// kept as a dead letter first. Threading: the executor's thread. All references must outlive it.
class QueueConsumer {
 public:
  QueueConsumer(Executor& executor, Random& random, aws::Queue& queue, Ingest& ingest,
                Metrics& metrics, ConsumerOptions options = {});

  /// True when the last receive call succeeded.
  bool is_receiving() const { return receiving_; }

 private:
  Async<void> receive_loop(std::size_t number);
  Async<void> remove_loop();
  Async<void> process(std::vector<aws::QueueMessage> messages);
  bool is_held_back() const;
  Duration next_wait(Duration& wait);

  Executor& executor_;
  Random& random_;
  aws::Queue& queue_;
  Ingest& ingest_;
  ConsumerOptions options_;
  Counter& received_;
  Counter& dead_;
  Counter& deleted_;
  Counter& not_deleted_;
  Counter& queue_errors_;
  Histogram& lag_;
  Gauge& undurable_age_;
  Signal changed_;
  std::size_t receives_wanted_ = 1;
  std::multiset<TimePoint> undurable_;  // Arrivals of messages that are not durable.
  std::deque<std::string> removable_;   // Receipts of messages that are.
  bool receiving_ = false;
  Scope scope_;
};

}  // namespace blox::cluster_state
