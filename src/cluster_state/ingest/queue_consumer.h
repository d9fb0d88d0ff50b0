// The queue's end in ingest: receives, decodes, hands over, and deletes what is durable.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "aws/queue.h"
#include "base/async.h"
#include "base/byte_budget.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/scope.h"
#include "base/signal.h"
#include "cluster_state/ingest/ingest.h"
#include "codec/ecs_event.h"

namespace blox::cluster_state {

struct ConsumerOptions {
  std::vector<std::string> clusters;  ///< Names or ARNs; empty: all. See is_followed.
  Duration receive_wait = std::chrono::seconds{20};  ///< Long polling. Source: SQS, 20 s at most.
  std::size_t receives_max = 16;                     ///< Receive calls at a time.
  std::size_t removes_max = 8;                       ///< Delete calls at a time.
  Duration remove_gather = std::chrono::milliseconds{20};  ///< A delete waits to fill a batch.
  std::size_t undurable_max = 4'000;                       ///< Messages received and not durable.
  /// What these may hold: each message twice, as received and as written, and 1 KiB more. A receive
  /// call counts, while it is under way, as the most that it can bring: 20 MiB where messages may
  /// have 1 MiB, 5 MiB where the queue allows 256 KiB. Besides, the writer copies the values of the
  /// commits under way, 6 MB at most.
  std::size_t undurable_bytes_max = 64 << 20;
  Duration retry_wait_min = std::chrono::milliseconds{200};
  Duration retry_wait_max = std::chrono::seconds{20};
  Duration failing_max = std::chrono::seconds{30};  ///< A failure so short is not told by health().
};

/// Runs from construction to destruction. Receives by one call at a time while the queue is calm
/// and by up to receives_max while whole batches come. It pauses while the oldest undurable
/// message is older than half its visibility timeout, while undurable_max or undurable_bytes_max
/// leaves no room (but one call is always made when nothing is held), while ingest is not ready,
/// and for a growing while after a batch that ingest did not take. A message is deleted only after
/// all that it brought is durable; one that cannot be decoded, or that ingest refuses, is kept as a
/// dead letter first; one of a cluster that is not followed is deleted and counted. Threading: the
/// executor's thread. All references must outlive it.
class QueueConsumer {
 public:
  QueueConsumer(Executor& executor, Random& random, aws::Queue& queue, Ingest& ingest,
                Metrics& metrics, ConsumerOptions options = {});

  /// Ok unless receiving fails, and has never succeeded or not for some time. Errors: that of the
  /// receive call.
  Status health() const;
  /// How long ago a receive call last succeeded; none when none has.
  std::optional<Duration> receive_age() const;

 private:
  struct Removal {
    std::string receipt;
    int attempts = 0;
  };
  Async<void> receive_loop(std::size_t number);
  Async<void> remove_loop();
  Async<void> watch_age();
  Async<void> watch_ingest();
  Async<void> process(std::vector<aws::QueueMessage> messages, ByteHold hold);
  Async<void> gather_removals();
  Async<bool> remove_some();
  Async<Status> take(const std::vector<aws::QueueMessage>& messages, std::vector<WallTime>& sent);
  Async<Status> take_one_by_one(const std::vector<aws::QueueMessage>& messages);
  void decode(const aws::QueueMessage& message, Batch& batch, std::vector<WallTime>& sent);
  void set_aside(const aws::QueueMessage& message, const Error& why, Batch& batch);
  bool follows(const codec::EcsEvent& event) const;
  void note_receive(const Status& received);
  void return_undeleted(std::vector<Removal> removals);
  void adapt(std::size_t received);
  bool is_held_back() const;
  std::optional<ByteHold> reserve_call();
  void give_back(ByteHold& hold, std::size_t kept);
  Duration oldest_age() const;

  Executor& executor_;
  Random& random_;
  aws::Queue& queue_;
  Ingest& ingest_;
  ConsumerOptions options_;
  Counter& received_;
  Counter& dead_;
  Counter& unfollowed_;
  Counter& deleted_;
  Counter& not_deleted_;
  Counter& errors_;
  Histogram& lag_;
  Gauge& undurable_age_;
  Gauge& undurable_reports_;
  Gauge& undurable_bytes_;
  Gauge& healthy_;
  Signal capacity_;    // A receive loop may go on.
  Signal removables_;  // A remove loop has work.
  std::size_t receives_wanted_ = 1;
  std::size_t undurable_count_ = 0;
  ByteBudget budget_;                         // Of undurable messages and of calls under way.
  std::size_t batch_bytes_ = 0;               // The part of the messages alone, to be shown.
  bool is_short_of_bytes_ = false;            // A receive loop waits for some.
  std::multiset<TimePoint> undurable_since_;  // Of each batch that is not durable.
  std::deque<Removal> removable_;
  bool gathering_ = false;                // A remove loop waits for more.
  std::optional<TimePoint> received_at_;  // When a receive call last succeeded.
  std::optional<Error> receive_error_;    // Of the first failure since then.
  TimePoint failing_since_{};
  Duration take_wait_;     // After the next batch that is not taken.
  TimePoint resume_at_{};  // Nothing is received before.
  Scope scope_;
};

}  // namespace blox::cluster_state
