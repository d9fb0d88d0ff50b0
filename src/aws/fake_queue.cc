#include "aws/fake_queue.h"

#include <algorithm>

namespace blox::aws {
namespace {

constexpr std::size_t kWaitsMax = 1'000;

}  // namespace

std::string FakeQueue::push(std::string body) {
  const std::uint64_t number = ++push_count_;
  const std::string id = "m" + std::to_string(number);
  messages_.emplace(number, Entry{id, std::move(body), {}});
  visible_.insert(number);
  arrived_.notify_all();
  return id;
}

void FakeQueue::show_expired() {
  while (!hidden_.empty() && hidden_.front().until <= executor_.now()) {
    const std::uint64_t number = hidden_.front().number;
    hidden_.pop_front();
    if (messages_.contains(number)) visible_.insert(number);
  }
}

std::vector<QueueMessage> FakeQueue::take_visible() {
  show_expired();
  std::vector<QueueMessage> batch;
  while (!visible_.empty() && batch.size() < kQueueBatchMax) {
    const std::uint64_t number = *visible_.begin();
    visible_.erase(visible_.begin());
    Entry& entry = messages_.at(number);
    numbers_by_receipt_.erase(entry.receipt);
    entry.receipt = "r" + std::to_string(++receipt_count_);
    numbers_by_receipt_.emplace(entry.receipt, number);
    hidden_.push_back({executor_.now() + visibility_, number});
    batch.push_back({entry.id, entry.receipt, entry.body, executor_.now()});
  }
  return batch;
}

Async<Result<std::vector<QueueMessage>>> FakeQueue::receive(Duration wait) {
  const TimePoint until = executor_.now() + wait;
  if (++receive_count <= kWaitsMax) waits.push_back(wait);
  while (true) {
    if (receive_fault) co_return std::unexpected(*receive_fault);
    if (!receive_faults.empty()) {
      const Error fault = std::move(receive_faults.front());
      receive_faults.pop_front();
      co_return std::unexpected(fault);
    }
    std::vector<QueueMessage> batch = take_visible();
    if (!batch.empty() && lose_answers > 0) {
      --lose_answers;
      co_return fail(ErrorKind::kUnavailable, "the answer was lost");
    }
    if (!batch.empty() || executor_.now() >= until) co_return batch;
    const TimePoint next = hidden_.empty() ? until : std::min(until, hidden_.front().until);
    co_await arrived_.wait_until(next);
  }
}

Async<Result<std::vector<NotDeleted>>> FakeQueue::remove(std::vector<std::string> receipts) {
  if (remove_fault) co_return std::unexpected(*remove_fault);
  if (!remove_faults.empty()) {
    const Error fault = std::move(remove_faults.front());
    remove_faults.pop_front();
    co_return std::unexpected(fault);
  }
  std::vector<NotDeleted> left;
  for (std::string& receipt : receipts) {
    if (!remove_refused.empty()) {
      left.push_back({std::move(receipt), remove_refused});
      continue;
    }
    const auto found = numbers_by_receipt_.find(receipt);
    if (found == numbers_by_receipt_.end()) {
      left.push_back({std::move(receipt), "not the newest receipt"});
      continue;
    }
    messages_.erase(found->second);
    visible_.erase(found->second);
    numbers_by_receipt_.erase(found);
    ++removed_count;
  }
  co_return left;
}

Async<Status> FakeQueue::give_back(std::string receipt) {
  if (give_back_fault) co_return std::unexpected(*give_back_fault);
  const auto found = numbers_by_receipt_.find(receipt);
  if (found == numbers_by_receipt_.end()) co_return done();
  ++given_back_count;
  visible_.insert(found->second);
  std::erase_if(hidden_, [&](const Hidden& hidden) { return hidden.number == found->second; });
  arrived_.notify_all();
  co_return done();
}

Async<Result<QueueLook>> FakeQueue::look() {
  ++look_count;
  if (look_fault) co_return std::unexpected(*look_fault);
  show_expired();
  QueueLook look = shown;
  look.in_flight_count = messages_.size() - visible_.size() + foreign_in_flight;
  co_return look;
}

}  // namespace blox::aws
