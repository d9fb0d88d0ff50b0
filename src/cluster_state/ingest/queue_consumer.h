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
  Duration remove_gather = std::chrono::milliseconds{20};  ///< A delete waits to fill a batch.
  std::size_t undurable_max = 4'000;                       ///< Messages received and not durable.
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
  struct Removal {
    std::string receipt;
    int attempts = 0;
  };
  Async<void> receive_loop(std::size_t number);
  Async<void> remove_loop();
  Async<void> watch_age();
  Async<void> process(std::vector<aws::QueueMessage> messages);
  Async<void> gather_removals();
  Async<bool> remove_some();
  void decode(const aws::QueueMessage& message, Batch& batch, std::vector<WallTime>& sent);
  void return_undeleted(std::vector<Removal> removals);
  void adapt(std::size_t received);
  bool is_held_back() const;
  Duration oldest_age() const;

  Executor& executor_;
  Random& random_;
  aws::Queue& queue_;
  Ingest& ingest_;
  ConsumerOptions options_;
  Counter& received_;
  Counter& dead_;
  Counter& deleted_;
  Counter& not_deleted_;
  Counter& errors_;
  Histogram& lag_;
  Gauge& undurable_age_;
  Signal capacity_;    // A receive loop may go on.
  Signal removables_;  // A remove loop has work.
  std::size_t receives_wanted_ = 1;
  std::size_t undurable_count_ = 0;
  std::multiset<TimePoint> undurable_since_;  // Of each batch that is not durable.
  std::deque<Removal> removable_;
  bool gathering_ = false;  // A remove loop waits for more.
  bool receiving_ = false;
  Scope scope_;
};

}  // namespace blox::cluster_state
