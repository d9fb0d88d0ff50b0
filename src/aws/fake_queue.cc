#include "aws/fake_queue.h"

#include <algorithm>

namespace blox::aws {

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
  while (true) {
    if (!receive_faults.empty()) {
      const Error fault = std::move(receive_faults.front());
      receive_faults.pop_front();
      co_return std::unexpected(fault);
    }
    std::vector<QueueMessage> batch = take_visible();
    if (!batch.empty() || executor_.now() >= until) co_return batch;
    const TimePoint next = hidden_.empty() ? until : std::min(until, hidden_.front().until);
    co_await arrived_.wait_until(next);
  }
}

Async<Result<std::vector<std::string>>> FakeQueue::remove(std::vector<std::string> receipts) {
  if (!remove_faults.empty()) {
    const Error fault = std::move(remove_faults.front());
    remove_faults.pop_front();
    co_return std::unexpected(fault);
  }
  std::vector<std::string> left;
  for (std::string& receipt : receipts) {
    const auto found = numbers_by_receipt_.find(receipt);
    if (found == numbers_by_receipt_.end()) {
      left.push_back(std::move(receipt));
      continue;
    }
    messages_.erase(found->second);
    visible_.erase(found->second);
    numbers_by_receipt_.erase(found);
    ++removed_count;
  }
  co_return left;
}

}  // namespace blox::aws
