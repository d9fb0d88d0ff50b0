#include "cluster_state/ingest/queue_consumer.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "cluster_state/ingest/followed.h"

namespace blox::cluster_state {
namespace {

// A delete that fails oftener is left: the message comes again, is found stale and deleted then.
constexpr int kRemoveAttemptsMax = 3;

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
      unfollowed_(metrics.counter("blox_ingest_unfollowed_total",
                                  "Messages on clusters that are not followed.")),
      deleted_(metrics.counter("blox_ingest_messages_deleted_total", "Messages deleted.")),
      not_deleted_(metrics.counter("blox_ingest_messages_not_deleted_total",
                                   "Deletes that the queue refused, each attempt.")),
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
      take_wait_(options_.retry_wait_min),
      scope_(executor) {
  for (std::size_t number = 0; number < options_.receives_max; ++number) {
    scope_.spawn(receive_loop(number));
  }
  for (std::size_t number = 0; number < options_.removes_max; ++number) scope_.spawn(remove_loop());
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

void QueueConsumer::give_back(ByteHold& hold, std::size_t kept) {
  hold.resize(kept);
  if (std::exchange(is_short_of_bytes_, false)) capacity_.notify_all();
}

void QueueConsumer::note_receive(const Status& received) {
  if (received) {
    received_at_ = executor_.now();
    receive_error_.reset();
    return;
  }
  errors_.Increment();
  log::warn("ingest", "cannot receive: {}", received.error().message);
  if (receive_error_) return;
  receive_error_ = received.error();
  failing_since_ = executor_.now();
}

Status QueueConsumer::health() const {
  if (!receive_error_) return done();
  if (received_at_ && executor_.now() - failing_since_ < options_.failing_max) return done();
  return fail(receive_error_->kind, "cannot receive from the queue: " + receive_error_->message);
}

std::optional<Duration> QueueConsumer::receive_age() const {
  return received_at_ ? std::optional{executor_.now() - *received_at_} : std::nullopt;
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
    auto messages = co_await queue_.receive(options_.receive_wait);
    std::size_t bytes = 0;
    if (messages) {
      for (const aws::QueueMessage& message : *messages) bytes += cost_of(message);
    }
    give_back(*hold, bytes);
    note_receive(messages ? done() : Status{std::unexpected(messages.error())});
    if (!messages) {
      co_await sleep_for(executor_, random_.between(wait / 2, wait));
      wait = std::min(2 * wait, options_.retry_wait_max);
      continue;
    }
    wait = options_.retry_wait_min;
    adapt(messages->size());
    if (messages->empty()) continue;
    received_.Increment(static_cast<double>(messages->size()));
    undurable_count_ += messages->size();
    batch_bytes_ += bytes;
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

void QueueConsumer::decode(const aws::QueueMessage& message, Batch& batch,
                           std::vector<WallTime>& sent) {
  auto event = codec::decode_ecs_event(message.body);
  if (!event) return set_aside(message, event.error(), batch);
  if (!follows(*event)) return unfollowed_.Increment();
  sent.push_back(event->time);
  if (auto* task = std::get_if<TaskReport>(&event->what)) {
    batch.reports.push_back({std::move(*task), Origin::kEvent, event->time});
  } else if (auto* instance = std::get_if<InstanceReport>(&event->what)) {
    batch.reports.push_back({std::move(*instance), Origin::kEvent, event->time});
  } else {
    batch.events.push_back(std::move(std::get<codec::StoredEvent>(event->what)));
  }
}

void QueueConsumer::set_aside(const aws::QueueMessage& message, const Error& why, Batch& batch) {
  dead_.Increment();
  log::warn("ingest", "message {} is set aside: {}", message.id, why.message);
  batch.dead_letters.push_back({message.id, why.message,
                                message.body.substr(0, codec::kDeadLetterBodyMax),
                                message.body.size(), executor_.wall_now()});
}

// An event that names no cluster is everyone's.
bool QueueConsumer::follows(const codec::EcsEvent& event) const {
  if (const auto* kept = std::get_if<codec::StoredEvent>(&event.what)) {
    return kept->cluster.empty() || is_followed(options_.clusters, ClusterArn{kept->cluster});
  }
  const auto* task = std::get_if<TaskReport>(&event.what);
  return is_followed(options_.clusters,
                     task ? task->cluster : std::get<InstanceReport>(event.what).cluster);
}

Async<void> QueueConsumer::process(std::vector<aws::QueueMessage> messages, ByteHold hold) {
  const auto since = undurable_since_.insert(messages.front().received_at);
  // What a call under way still brings when the store is read again waits here.
  while (!ingest_.is_ready()) co_await ingest_.became_ready().wait();
  std::vector<WallTime> sent;
  const Status taken = co_await take(messages, sent);
  undurable_since_.erase(since);
  undurable_count_ -= messages.size();
  batch_bytes_ -= hold.bytes();
  if (taken) {
    take_wait_ = options_.retry_wait_min;
    const WallTime now = executor_.wall_now();
    for (const WallTime time : sent) lag_.Observe(seconds(std::max(now, time) - time));
    for (aws::QueueMessage& message : messages) {
      removable_.push_back({std::move(message.receipt), 0});
    }
    removables_.notify_all();
  } else {
    // Not deleted, so they come again, and a queue counts how often they do.
    resume_at_ = executor_.now() + random_.between(take_wait_ / 2, take_wait_);
    take_wait_ = std::min(2 * take_wait_, options_.retry_wait_max);
    log::warn("ingest", "{} messages have to come again: {}", messages.size(),
              taken.error().message);
  }
  messages.clear();
  hold.resize(0);
  capacity_.notify_all();
}

Async<Status> QueueConsumer::take(const std::vector<aws::QueueMessage>& messages,
                                  std::vector<WallTime>& sent) {
  Batch batch;
  for (const aws::QueueMessage& message : messages) decode(message, batch, sent);
  const auto taken = co_await ingest_.take(std::move(batch));
  if (taken) co_return done();
  if (taken.error().kind != ErrorKind::kInvalid) co_return std::unexpected(taken.error());
  co_return co_await take_one_by_one(messages);
}

// Finds those that ingest refuses: they must not keep the others from becoming durable.
Async<Status> QueueConsumer::take_one_by_one(const std::vector<aws::QueueMessage>& messages) {
  for (const aws::QueueMessage& message : messages) {
    Batch alone;
    std::vector<WallTime> sent;
    decode(message, alone, sent);
    auto taken = co_await ingest_.take(std::move(alone));
    if (!taken && taken.error().kind == ErrorKind::kInvalid) {
      Batch letter;
      set_aside(message, taken.error(), letter);
      taken = co_await ingest_.take(std::move(letter));
    }
    if (!taken) co_return std::unexpected(taken.error());
  }
  co_return done();
}

Async<void> QueueConsumer::remove_loop() {
  Duration wait = options_.retry_wait_min;
  while (true) {
    while (removable_.empty() || (gathering_ && removable_.size() < aws::kQueueBatchMax)) {
      co_await removables_.wait();
    }
    co_await gather_removals();
    if (removable_.empty()) continue;
    if (co_await remove_some()) {
      wait = options_.retry_wait_min;
      continue;
    }
    co_await sleep_for(executor_, random_.between(wait / 2, wait));
    wait = std::min(2 * wait, options_.retry_wait_max);
  }
}

// A call costs the same for one message as for a full batch, and nobody waits for a delete.
Async<void> QueueConsumer::gather_removals() {
  const TimePoint due = executor_.now() + options_.remove_gather;
  gathering_ = true;
  while (removable_.size() < aws::kQueueBatchMax) {
    if (!co_await removables_.wait_until(due)) break;
  }
  gathering_ = false;
  if (removable_.size() > aws::kQueueBatchMax) removables_.notify_all();
}

// One delete call. False when the call as a whole failed.
Async<bool> QueueConsumer::remove_some() {
  std::vector<Removal> removals;
  std::vector<std::string> receipts;
  while (!removable_.empty() && removals.size() < aws::kQueueBatchMax) {
    receipts.push_back(removable_.front().receipt);
    removals.push_back(std::move(removable_.front()));
    removable_.pop_front();
  }
  const auto left = co_await queue_.remove(std::move(receipts));
  if (!left) {
    errors_.Increment();
    log::warn("ingest", "cannot delete {} messages: {}", removals.size(), left.error().message);
    return_undeleted(std::move(removals));
    co_return false;
  }
  deleted_.Increment(static_cast<double>(removals.size() - left->size()));
  std::erase_if(removals, [&](const Removal& removal) {
    return std::ranges::find(*left, removal.receipt) == left->end();
  });
  return_undeleted(std::move(removals));
  capacity_.notify_all();
  co_return true;
}

void QueueConsumer::return_undeleted(std::vector<Removal> removals) {
  not_deleted_.Increment(static_cast<double>(removals.size()));
  for (Removal& removal : removals) {
    if (++removal.attempts < kRemoveAttemptsMax) removable_.push_back(std::move(removal));
  }
  capacity_.notify_all();
}

Async<void> QueueConsumer::watch_age() {
  while (true) {
    undurable_age_.Set(seconds(oldest_age()));
    undurable_reports_.Set(static_cast<double>(ingest_.undurable_count()));
    undurable_bytes_.Set(static_cast<double>(batch_bytes_));
    healthy_.Set(ingest_.health() && health() ? 1 : 0);
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
