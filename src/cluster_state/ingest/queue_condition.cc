#include "cluster_state/ingest/queue_condition.h"

#include <utility>

#include "aws/aws_error.h"

namespace blox::cluster_state {
namespace {

Gauge& trouble_gauge(Metrics& metrics, const char* trouble) {
  return metrics.gauge("blox_ingest_queue_trouble",
                       "1 while that is wrong with the queue: receive, delete, unreadable "
                       "(messages nobody can read), shared (someone else receives from it).",
                       {{"trouble", trouble}});
}

// With no count it is told from messages that did not come again.
std::unexpected<Error> shared(std::size_t foreign_count) {
  return fail(
      ErrorKind::kUnavailable,
      "someone else receives from the queue as well, so that a part of the events goes "
      "there: " +
          (foreign_count > 0 ? std::to_string(foreign_count) + " messages in flight are not ours"
                             : std::string{"messages that were given back did not come again"}) +
          "; each service needs a queue of its own");
}

}  // namespace

void CallOutage::end() {
  error_.reset();
  ever_succeeded_ = true;
}

void CallOutage::note(Error error, TimePoint now) {
  if (error_) return;
  error_ = std::move(error);
  since_ = now;
}

bool CallOutage::is_told(TimePoint now, Duration failing_max) const {
  return error_ && (!ever_succeeded_ || now - since_ >= failing_max);
}

QueueCondition::QueueCondition(Metrics& metrics, ConditionBounds bounds)
    : bounds_(bounds),
      gauges_{&trouble_gauge(metrics, "receive"), &trouble_gauge(metrics, "delete"),
              &trouble_gauge(metrics, "unreadable"), &trouble_gauge(metrics, "shared")},
      unreadable_(metrics.gauge("blox_ingest_unreadable_in_a_row",
                                "Messages since the last one that could be read.")),
      foreign_(metrics.gauge("blox_ingest_foreign_in_flight",
                             "Messages of the queue in flight that are not ours.")) {}

void QueueCondition::note_received(std::size_t message_count, TimePoint now) {
  const bool kept = key_denied_at_ && now - *key_denied_at_ < bounds_.denial_kept;
  if (message_count == 0 && kept) return;
  key_denied_at_.reset();
  receives_.end();
}

void QueueCondition::note_receive_failure(Error error, TimePoint now) {
  if (aws::is_key_denied(error)) key_denied_at_ = now;
  receives_.note(std::move(error), now);
}

void QueueCondition::note_unreadable(std::string why) {
  ++unreadable_count_;
  unreadable_why_ = std::move(why);
}

Status QueueCondition::find(Trouble trouble, TimePoint now) const {
  switch (trouble) {
    case kReceive:
      if (!receives_.is_told(now, bounds_.failing_max)) return done();
      return fail(receives_.error()->kind,
                  "cannot receive from the queue: " + receives_.error()->message);
    case kDelete:
      if (!deletes_.is_told(now, bounds_.failing_max)) return done();
      return fail(deletes_.error()->kind,
                  "cannot delete from the queue, so that all of it comes again: " +
                      deletes_.error()->message);
    case kUnreadable:
      if (unreadable_count_ < bounds_.unreadable_max) return done();
      return fail(ErrorKind::kUnavailable, "nobody could read the last " +
                                               std::to_string(unreadable_count_) +
                                               " messages of the queue (GET /v1/deadletters); the "
                                               "newest: " +
                                               unreadable_why_);
    case kShared:
      if (in_flight_.is_shared()) return shared(in_flight_.foreign_count());
      if (returns_.is_shared(now)) return shared(0);
      return done();
  }
  return done();
}

Status QueueCondition::health(TimePoint now) const {
  for (const Trouble trouble : {kReceive, kDelete, kUnreadable, kShared}) {
    if (Status found = find(trouble, now); !found) return found;
  }
  return done();
}

void QueueCondition::show(TimePoint now) {
  for (const Trouble trouble : {kReceive, kDelete, kUnreadable, kShared}) {
    gauges_[trouble]->Set(find(trouble, now) ? 0 : 1);
  }
  unreadable_.Set(static_cast<double>(unreadable_count_));
  foreign_.Set(static_cast<double>(in_flight_.foreign_count()));
}

}  // namespace blox::cluster_state
