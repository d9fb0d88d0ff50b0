#include "cluster_state/ingest/queue_consumer.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace blox::cluster_state {
namespace {

// What a message may hold besides its bytes: names, the write, who waits for it.
constexpr std::size_t kMessageOverhead = 1'024;
// As received, and as decoded or, from then on, as written.
constexpr std::size_t kCopies = 2;

std::size_t cost_of(const aws::QueueMessage& message) {
  return kCopies * message.body.size() + message.id.size() + message.receipt.size() +
         kMessageOverhead;
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

QueueConsumer::QueueConsumer(Executor& executor, Random& random, aws::Queue& queue, Ingest& ingest,
                             Metrics& metrics, ConsumerOptions options)
    : executor_(executor),
      random_(random),
      queue_(queue),
      ingest_(ingest),
      options_(std::move(options)),
      received_(metrics.counter("blox_ingest_messages_total", "Messages received, repeats too.")),
      dead_(metrics.counter("blox_ingest_dead_letters_total", "Messages nobody could decode.")),
      repaired_(metrics.counter("blox_ingest_repaired_total",
                                "Events that were taken with a text repaired or a number left "
                                "out.")),
      unfollowed_(metrics.counter("blox_ingest_unfollowed_total",
                                  "Messages on clusters that are not followed.")),
      deleted_(metrics.counter("blox_ingest_messages_deleted_total", "Messages deleted.")),
      not_deleted_(metrics.counter("blox_ingest_messages_not_deleted_total",
                                   "Deletes that the queue refused, each attempt.")),
      losses_counter_(metrics.counter("blox_ingest_losses_total",
                                      "Times that the queue is proven to have lost events.")),
      hidden_counter_(metrics.counter("blox_ingest_hidden_total",
                                      "Times that all was read as events may be hidden.")),
      errors_(metrics.counter("blox_ingest_queue_errors_total", "Calls of the queue that failed.")),
      lag_(metrics.seconds("blox_ingest_lag_seconds", "From sending an event to its durability.")),
      undurable_age_(metrics.gauge("blox_ingest_undurable_age_seconds",
                                   "Age of the oldest received message that is not durable.")),
      undurable_reports_(metrics.gauge("blox_ingest_undurable_changes",
                                       "Changes that are merged and not durable yet.")),
      undurable_bytes_(metrics.gauge("blox_ingest_undurable_bytes",
                                     "What received messages that are not durable hold.")),
      healthy_(metrics.gauge("blox_ingest_healthy",
                             "1 while events are received and become durable, else 0.")),
      capacity_(executor),
      removables_(executor),
      budget_(options_.undurable_bytes_max),
      condition_(metrics, options_.condition),
      take_wait_(options_.retry_wait_min),
      scope_(executor) {
  // The calls of an earlier process may be waiting yet.
  hidden_.note(executor_.now() + options_.receive_wait);
  for (std::size_t number = 0; number < options_.receives_max; ++number) {
    scope_.spawn(receive_loop(number));
  }
  for (std::size_t number = 0; number < options_.removes_max; ++number) scope_.spawn(remove_loop());
  scope_.spawn(look_loop());
  scope_.spawn(watch_age());
  scope_.spawn(watch_ingest());
}

Duration QueueConsumer::oldest_age() const {
  return undurable_since_.empty() ? Duration::zero() : executor_.now() - *undurable_since_.begin();
}

bool QueueConsumer::is_held_back() const {
  return undurable_count_ + removable_.size() >= options_.undurable_max ||
         oldest_age() > queue_.visibility_timeout() / 2 || !ingest_.is_ready() ||
         executor_.now() < resume_at_;
}

// The most that one more call can bring; nothing when there is no room for that.
std::optional<ByteHold> QueueConsumer::reserve_call() {
  const std::size_t message_max = kCopies * queue_.message_bytes_max() + 2 * kMessageOverhead;
  auto hold = budget_.try_hold(aws::kQueueBatchMax * message_max);
  if (!hold) is_short_of_bytes_ = true;
  return hold;
}

void QueueConsumer::release(ByteHold& hold, std::size_t kept) {
  hold.resize(kept);
  if (std::exchange(is_short_of_bytes_, false)) capacity_.notify_all();
}

void QueueConsumer::note_received(const std::vector<aws::QueueMessage>& messages,
                                  TimePoint began_at) {
  received_at_ = executor_.now();
  ReturnWatch& returns = condition_.returns();
  for (const aws::QueueMessage& message : messages) returns.note_received(message.id);
  returns.note_call(began_at, messages.size() < aws::kQueueBatchMax, executor_.now());
  condition_.note_received(messages.size(), executor_.now());
  note_loss(losses_.note_received(executor_.wall_now()));
  received_.Increment(static_cast<double>(messages.size()));
}

// `waited`: how long the call was to wait, and so how long it may wait yet if its answer was lost.
void QueueConsumer::note_receive_failure(const Error& error, Duration waited) {
  errors_.Increment();
  if (const auto more = receive_pace_.next(executor_.now())) {
    log::warn("ingest", "cannot receive: {}{}", error.message, *more);
  }
  if (error.kind == ErrorKind::kNotFound) losses_.note_gone();
  condition_.note_receive_failure(error, executor_.now());
  // Messages may be hidden for an answer that was lost; by those two none is.
  if (error.kind != ErrorKind::kNotFound && error.kind != ErrorKind::kThrottled) {
    hidden_.note(executor_.now() + waited);
  }
  condition_.returns().call_off();
  let_go(aws::kQueueBatchMax, queue_.visibility_timeout());
  receives_wanted_ = 1;
}

void QueueConsumer::note_loss(const std::optional<std::string>& why) {
  if (!why) return;
  losses_counter_.Increment();
  log::warn("ingest", "events are lost, all clusters have to be read: {}", *why);
  if (options_.read_all) options_.read_all();
}

void QueueConsumer::read_hidden() {
  // A store that takes no changes takes none of a read either.
  if (!condition_.is_receiving() || !ingest_.health()) return;
  if (!hidden_.take_due(executor_.now())) return;
  hidden_counter_.Increment();
  log::info("ingest", "events may be hidden in the queue for a while: all clusters are read");
  if (options_.read_all) options_.read_all();
}

void QueueConsumer::note_held() {
  condition_.in_flight().set_held(undurable_count_ + removable_.size() + removing_count_);
}

void QueueConsumer::let_go(std::size_t count, Duration visibility) {
  const TimePoint now = executor_.now();
  condition_.in_flight().let_go(count, now + visibility + InFlightWatch::kCountAge, now);
}

Status QueueConsumer::health() const { return condition_.health(executor_.now()); }

std::optional<Duration> QueueConsumer::receive_age() const {
  return received_at_ ? std::optional{executor_.now() - *received_at_} : std::nullopt;
}

Duration QueueConsumer::longest_wait(ErrorKind kind) const {
  const bool away = kind == ErrorKind::kUnavailable || kind == ErrorKind::kUnknown ||
                    kind == ErrorKind::kNotFound;
  return away ? options_.away_wait_max : options_.retry_wait_max;
}

Async<void> QueueConsumer::receive_loop(std::size_t number) {
  Duration wait = options_.retry_wait_min;
  while (true) {
    while (number >= receives_wanted_ || is_held_back()) {
      if (executor_.now() < resume_at_) {
        co_await capacity_.wait_until(resume_at_);
      } else {
        co_await capacity_.wait();
      }
    }
    auto hold = reserve_call();
    if (!hold) {
      co_await capacity_.wait();
      continue;
    }
    const TimePoint began_at = executor_.now();
    const Duration receive_wait =
        condition_.is_receiving() ? options_.receive_wait : options_.probe_wait;
    auto messages = co_await queue_.receive(receive_wait);
    std::size_t bytes = 0;
    if (messages) {
      for (const aws::QueueMessage& message : *messages) bytes += cost_of(message);
    }
    release(*hold, bytes);
    if (!messages) {
      note_receive_failure(messages.error(), receive_wait);
      wait = std::min(wait, longest_wait(messages.error().kind));
      co_await sleep_for(executor_, random_.between(wait / 2, wait));
      wait *= 2;
      continue;
    }
    wait = options_.retry_wait_min;
    note_received(*messages, began_at);
    adapt(messages->size());
    if (messages->empty()) continue;
    undurable_count_ += messages->size();
    batch_bytes_ += bytes;
    note_held();
    scope_.spawn(process(std::move(*messages), *std::move(hold)));
  }
}

// Whole batches mean that more is waiting; an empty one that the calls are too many.
void QueueConsumer::adapt(std::size_t received) {
  if (received == aws::kQueueBatchMax && receives_wanted_ < options_.receives_max) {
    ++receives_wanted_;
    capacity_.notify_all();
  } else if (received == 0 && receives_wanted_ > 1) {
    --receives_wanted_;
  }
}

Async<void> QueueConsumer::look_loop() {
  while (true) {
    auto look = co_await queue_.look();
    const Duration wait = note_look(std::move(look));
    co_await sleep_for(executor_, wait);
  }
}

// How long to wait for the next look.
Duration QueueConsumer::note_look(Result<aws::QueueLook> look) {
  const TimePoint now = executor_.now();
  if (!look) {
    if (look.error().kind == ErrorKind::kNotFound) losses_.note_gone();
    const bool denied = look.error().kind == ErrorKind::kDenied;
    if (denied) {
      condition_.in_flight().look(std::nullopt, now);
      may_give_back_ = false;
    }
    const auto more = look_pace_.next(now);
    // A permission that is not given is said once, and the queue is read without it.
    if (more && !(denied && look_denied_)) {
      log::warn("ingest",
                "cannot look at the queue, so that losses and other consumers are not "
                "seen: {}{}",
                look.error().message, *more);
    }
    look_denied_ = denied;
    return denied ? options_.denied_look_wait : InFlightWatch::kEvery;
  }
  look_denied_ = false;
  may_give_back_ = look->may_give_back && !give_back_denied_;
  // What is in flight before we hold anything is left of an earlier run, or hidden for someone else
  // by the queue's own timeout.
  if (!std::exchange(looked_, true)) {
    let_go(look->in_flight_count.value_or(0),
           std::max(queue_.visibility_timeout(), look->visibility_timeout.value_or(Duration{})));
  }
  condition_.in_flight().look(look->in_flight_count, now);
  note_loss(losses_.note_look(*look, executor_.wall_now()));
  return InFlightWatch::kEvery;
}

Async<void> QueueConsumer::watch_age() {
  while (true) {
    undurable_age_.Set(seconds(oldest_age()));
    undurable_reports_.Set(static_cast<double>(ingest_.undurable_count()));
    undurable_bytes_.Set(static_cast<double>(batch_bytes_));
    condition_.show(executor_.now());
    healthy_.Set(ingest_.health() && health() ? 1 : 0);
    read_hidden();
    co_await sleep_for(executor_, std::chrono::seconds{1});
  }
}

Async<void> QueueConsumer::watch_ingest() {
  while (true) {
    co_await ingest_.became_ready().wait();
    capacity_.notify_all();
  }
}

}  // namespace blox::cluster_state
