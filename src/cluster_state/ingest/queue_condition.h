// QueueCondition: what is wrong with the queue, as /readyz and a metric tell it.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "base/metrics.h"
#include "base/result.h"
#include "base/time.h"
#include "cluster_state/ingest/in_flight_watch.h"
#include "cluster_state/ingest/return_watch.h"

namespace blox::cluster_state {

struct ConditionBounds {
  Duration failing_max = std::chrono::seconds{30};  ///< A failure so short is not told.
  /// An answer without messages does not end a denial of the queue's key that is as recent: KMS
  /// denies only where there is a message to decrypt, and that is hidden for a while then.
  Duration denial_kept = std::chrono::seconds{150};
  std::size_t unreadable_max = 20;  ///< So many messages in a row are told.
};

/// What became of one kind of call lately.
class CallOutage {
 public:
  void end();
  void note(Error error, TimePoint now);
  /// The first error since the last success.
  const std::optional<Error>& error() const { return error_; }
  /// True when calls fail, and have never succeeded or not for `failing_max`.
  bool is_told(TimePoint now, Duration failing_max) const;

 private:
  std::optional<Error> error_;
  TimePoint since_{};
  bool ever_succeeded_ = false;
};

/// Told are: receives that fail; deletes that fail, as all comes again then; messages that nobody
/// could read, too many in a row; and someone else who receives from the queue. Threading: none.
class QueueCondition {
 public:
  explicit QueueCondition(Metrics& metrics, ConditionBounds bounds = {});

  void note_received(std::size_t message_count, TimePoint now);
  void note_receive_failure(Error error, TimePoint now);
  void note_deleted() { deletes_.end(); }
  void note_delete_failure(Error error, TimePoint now) { deletes_.note(std::move(error), now); }
  void note_readable() { unreadable_count_ = 0; }
  void note_unreadable(std::string why);
  InFlightWatch& in_flight() { return in_flight_; }
  ReturnWatch& returns() { return returns_; }
  const ReturnWatch& returns() const { return returns_; }

  bool is_receiving() const { return !receives_.error(); }
  /// Errors: that of the calls, or kUnavailable. The message says what is wrong.
  Status health(TimePoint now) const;
  /// Sets the metrics.
  void show(TimePoint now);

 private:
  enum Trouble : std::uint8_t { kReceive, kDelete, kUnreadable, kShared };
  static constexpr std::size_t kTroubles = 4;

  Status find(Trouble trouble, TimePoint now) const;

  ConditionBounds bounds_;
  std::array<Gauge*, kTroubles> gauges_;
  Gauge& unreadable_;
  Gauge& foreign_;
  CallOutage receives_;
  std::optional<TimePoint> key_denied_at_;  // When KMS denied last, until a receive ends that.
  CallOutage deletes_;
  std::size_t unreadable_count_ = 0;  // In a row.
  std::string unreadable_why_;        // Of the newest.
  InFlightWatch in_flight_;
  ReturnWatch returns_;
};

}  // namespace blox::cluster_state
