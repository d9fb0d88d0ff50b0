// The queue's end in ingest: receives, decodes, hands over, and deletes what is durable.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "aws/queue.h"
#include "base/async.h"
#include "base/byte_budget.h"
#include "base/log_pace.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/scope.h"
#include "base/signal.h"
#include "cluster_state/ingest/hidden_watch.h"
#include "cluster_state/ingest/ingest.h"
#include "cluster_state/ingest/loss_watch.h"
#include "cluster_state/ingest/queue_condition.h"
#include "codec/ecs_event.h"

namespace blox::cluster_state {

struct ConsumerOptions {
  std::vector<std::string> clusters;  ///< Names or ARNs; empty: all. See is_followed.
  /// Long polling; SQS takes 20 s at most. A call whose connection died in silence is missed only
  /// when its deadline is past, so it is not longer than it has to be.
  Duration receive_wait = std::chrono::seconds{10};
  Duration probe_wait = std::chrono::seconds{1};  ///< The same of calls after one that failed.
  std::size_t receives_max = 16;                  ///< Receive calls at a time.
  std::size_t removes_max = 8;                    ///< Delete calls at a time.
  Duration remove_gather = std::chrono::milliseconds{20};  ///< A delete waits to fill a batch.
  std::size_t undurable_max = 4'000;                       ///< Messages received and not durable.
  /// What these may hold: each message twice, as received and as written, and 1 KiB more. A receive
  /// call counts, while it is under way, as the most that it can bring: 20 MiB where messages may
  /// have 1 MiB, 5 MiB where the queue allows 256 KiB. Besides, the writer copies the values of the
  /// commits under way, 6 MB at most.
  std::size_t undurable_bytes_max = 64 << 20;
  Duration retry_wait_min = std::chrono::milliseconds{200};
  Duration retry_wait_max = std::chrono::seconds{20};
  /// Between two receives while the queue cannot be reached or is not there: how long events may
  /// have to wait when it is again.
  Duration away_wait_max = std::chrono::milliseconds{800};
  /// Between two looks at the queue while it does not permit them.
  Duration denied_look_wait = std::chrono::minutes{5};
  ConditionBounds condition;
  /// Events are proven to be lost, or may be hidden for minutes: all clusters have to be read, by
  /// reads that begin now or later. Nobody is told when empty.
  std::function<void()> read_all;
};

/// Runs from construction to destruction. Receives by one call at a time while the queue is calm
/// and by up to receives_max while whole batches come. It pauses while the oldest undurable
/// message is older than half its visibility timeout, while undurable_max or undurable_bytes_max
/// leaves no room (but one call is always made when nothing is held), while ingest is not ready,
/// and for a growing while after a batch that ingest did not take. A message is deleted only after
/// all that it brought is durable, which may be several events (codec/wrapped_events.h); what of it
/// cannot be decoded, or ingest refuses, is kept as a dead letter first; an event of a cluster that
/// is not followed is deleted and counted. Looks at the queue every InFlightWatch::kEvery; all but
/// finding losses and other consumers goes on without. Threading: the executor's thread. All
/// references must outlive it.
class QueueConsumer {
 public:
  QueueConsumer(Executor& executor, Random& random, aws::Queue& queue, Ingest& ingest,
                Metrics& metrics, ConsumerOptions options = {});

  /// Ok unless something is wrong with the queue: see QueueCondition. Errors: what is.
  Status health() const;
  /// How long ago a receive call last succeeded; none when none has.
  std::optional<Duration> receive_age() const;

 private:
  struct Removal {
    std::string receipt;
    int attempts = 0;
  };
  // What is set aside of a message.
  struct Piece {
    std::string_view body;
    std::size_t member = 0;  // As in DeadLetter.
  };
  // One member of a message, mostly the only one.
  struct Part {
    Result<codec::EcsEvent> event;
    Piece piece;
  };
  // What is noted of a batch once it is durable.
  struct Reading {
    std::vector<WallTime> sent;
    std::vector<std::optional<std::string>> problems;  // Of each message that nobody could read.
  };
  Async<void> receive_loop(std::size_t number);
  Async<void> remove_loop();
  Async<void> look_loop();
  Async<void> watch_age();
  Async<void> watch_ingest();
  Duration longest_wait(ErrorKind kind) const;
  Async<void> process(std::vector<aws::QueueMessage> messages, ByteHold hold);
  Async<void> give_back(aws::QueueMessage message);
  Async<void> gather_removals();
  Async<bool> remove_some();
  Async<Status> take(const std::vector<aws::QueueMessage>& messages, Reading& reading);
  Async<Status> take_one_by_one(const std::vector<aws::QueueMessage>& messages);
  Async<Status> take_parts(const aws::QueueMessage& message);
  Async<Status> take_part(const aws::QueueMessage& message, Part part, std::size_t& letters);
  Async<Status> take_letter(const aws::QueueMessage& message, Piece piece, Error why,
                            std::size_t& letters);
  void decode(const aws::QueueMessage& message, Batch& batch, Reading& reading);
  void decode_wrapped(const aws::QueueMessage& message, const Error& why, Batch& batch,
                      Reading& reading);
  void add(codec::EcsEvent event, Batch& batch, std::vector<WallTime>& sent);
  void note_repaired(const codec::EcsEvent& event);
  void set_aside(const aws::QueueMessage& message, Piece piece, const Error& why, Batch& batch);
  bool follows(const codec::EcsEvent& event) const;
  void note_received(const std::vector<aws::QueueMessage>& messages, TimePoint began_at);
  void note_receive_failure(const Error& error, Duration waited);
  bool gives_back(std::size_t message_count) const;
  Duration note_look(Result<aws::QueueLook> look);
  void note_loss(const std::optional<std::string>& why);
  void read_hidden();
  void note_durable(std::vector<aws::QueueMessage> messages, const Reading& reading);
  void note_deleted(std::size_t asked, const std::vector<aws::NotDeleted>& left);
  void note_not_taken(std::size_t count, const Error& error);
  void note_held();
  void let_go(std::size_t count, Duration visibility);
  void return_undeleted(std::vector<Removal> removals);
  void adapt(std::size_t received);
  bool is_held_back() const;
  std::optional<ByteHold> reserve_call();
  void release(ByteHold& hold, std::size_t kept);
  Duration oldest_age() const;

  Executor& executor_;
  Random& random_;
  aws::Queue& queue_;
  Ingest& ingest_;
  ConsumerOptions options_;
  Counter& received_;
  Counter& dead_;
  Counter& repaired_;
  Counter& unfollowed_;
  Counter& deleted_;
  Counter& not_deleted_;
  Counter& losses_counter_;
  Counter& hidden_counter_;
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
  std::size_t removing_count_ = 0;        // In delete calls under way.
  std::optional<TimePoint> received_at_;  // When a receive call last succeeded.
  QueueCondition condition_;
  LossWatch losses_;
  HiddenWatch hidden_;
  bool may_give_back_ = false;
  bool give_back_denied_ = false;
  bool looked_ = false;  // With success.
  bool look_denied_ = false;
  LogPace receive_pace_;
  LogPace remove_pace_;
  LogPace look_pace_;
  LogPace take_pace_;
  LogPace letter_pace_;
  LogPace repair_pace_;
  Duration take_wait_;     // After the next batch that is not taken.
  TimePoint resume_at_{};  // Nothing is received before.
  Scope scope_;
};

}  // namespace blox::cluster_state
