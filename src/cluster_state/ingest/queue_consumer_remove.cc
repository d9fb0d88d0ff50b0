// The end of the consumer: deletes what is durable.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "cluster_state/ingest/queue_consumer.h"

namespace blox::cluster_state {
namespace {

// A delete that fails oftener is left: the message comes again, is found stale and deleted then.
constexpr int kRemoveAttemptsMax = 3;

}  // namespace

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
  removing_count_ += removals.size();
  const auto left = co_await queue_.remove(std::move(receipts));
  removing_count_ -= removals.size();
  if (!left) {
    errors_.Increment();
    if (const auto more = remove_pace_.next(executor_.now())) {
      log::warn("ingest", "cannot delete {} messages: {}{}", removals.size(), left.error().message,
                *more);
    }
    condition_.note_delete_failure(left.error(), executor_.now());
    return_undeleted(std::move(removals));
    co_return false;
  }
  note_deleted(removals.size(), *left);
  std::erase_if(removals, [&](const Removal& removal) {
    return std::ranges::find(*left, removal.receipt, &aws::NotDeleted::receipt) == left->end();
  });
  return_undeleted(std::move(removals));
  co_return true;
}

// Of so many, which the queue answered one by one.
void QueueConsumer::note_deleted(std::size_t asked, const std::vector<aws::NotDeleted>& left) {
  deleted_.Increment(static_cast<double>(asked - left.size()));
  if (left.size() < asked) condition_.note_deleted();
  if (left.empty()) return;
  if (left.size() == asked) {
    condition_.note_delete_failure({ErrorKind::kUnavailable, left.front().why}, executor_.now());
  }
  if (const auto more = remove_pace_.next(executor_.now())) {
    log::warn("ingest", "{} of {} messages were not deleted: {}{}", left.size(), asked,
              left.front().why, *more);
  }
}

// Where little happens, so that what does not come again has been taken by someone else.
bool QueueConsumer::gives_back(std::size_t message_count) const {
  return may_give_back_ && receives_wanted_ == 1 && message_count < aws::kQueueBatchMax &&
         removable_.size() < aws::kQueueBatchMax && condition_.is_receiving() &&
         condition_.returns().is_due(executor_.now());
}

// Makes one that is durable visible again: see ReturnWatch.
Async<void> QueueConsumer::give_back(aws::QueueMessage message) {
  condition_.returns().begin(message.id, executor_.now());
  const Status given = co_await queue_.give_back(message.receipt);
  if (given) {
    condition_.returns().note_given(executor_.now());
    co_return;
  }
  condition_.returns().call_off();
  if (given.error().kind == ErrorKind::kDenied && !give_back_denied_) {
    give_back_denied_ = true;
    may_give_back_ = false;
    log::info("ingest", "other consumers of the queue are told by its counts alone: {}",
              given.error().message);
  }
  removable_.push_back({std::move(message.receipt), 0});
  note_held();
  removables_.notify_all();
}

void QueueConsumer::return_undeleted(std::vector<Removal> removals) {
  not_deleted_.Increment(static_cast<double>(removals.size()));
  std::size_t given_up = 0;
  for (Removal& removal : removals) {
    if (++removal.attempts < kRemoveAttemptsMax) {
      removable_.push_back(std::move(removal));
    } else {
      ++given_up;
    }
  }
  let_go(given_up, queue_.visibility_timeout());
  note_held();
  capacity_.notify_all();
}

}  // namespace blox::cluster_state
