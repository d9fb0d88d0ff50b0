#include "simulation/watched.h"

#include <string_view>

namespace blox::simulation {
namespace {

// "StartTask" of "AmazonEC2ContainerServiceV20141113.StartTask".
std::string operation_of(const http::OutgoingRequest& request) {
  const auto target = http::find_header(request.headers, "x-amz-target").value_or("");
  return std::string{target.substr(target.find('.') + 1)};
}

}  // namespace

Async<Result<http::Answer>> WatchedTransport::send(http::OutgoingRequest request) {
  const std::string operation = operation_of(request);
  loop_.trace(operation);
  loop_.trace(request.body);
  const std::string body = request.body;
  const TimePoint sent_at = loop_.now();
  for (auto* listener : listeners_) listener->on_sent(operation, body);
  auto answer = co_await real_.send(std::move(request));
  if (answer) {
    loop_.trace(static_cast<std::uint64_t>(answer->status));
    loop_.trace(answer->body);
  } else {
    loop_.trace(answer.error().message);
    if (!is_outcome_known(answer.error().kind)) coverage_.add("unanswered: " + operation);
  }
  for (auto* listener : listeners_) listener->on_answer(operation, body, sent_at, answer);
  co_return answer;
}

Async<Result<store::Page>> WatchedStore::range(store::RangeRequest request) {
  auto page = co_await real_->range(std::move(request));
  if (!page) co_return page;
  for (const auto& item : page->items) {
    if (judge_ != nullptr) {
      judge_->on_durable(item.key, *item.value, item.mod_revision);
      continue;
    }
    for (auto* listener : listeners_) listener->on_held(item.key, *item.value);
  }
  co_return page;
}

Async<Result<store::Revision>> WatchedStore::commit(store::Commit commit) {
  for (const auto& put : commit.puts) {
    loop_.trace(put.key);
    loop_.trace(put.value);
  }
  for (const auto& key : commit.deletes) loop_.trace(key);
  const store::Commit kept = commit;
  // Its readers may see it before it is answered.
  if (judge_ != nullptr) {
    for (const auto& put : kept.puts) judge_->on_offered(put.key, put.value);
  }
  auto revision = co_await real_->commit(std::move(commit));
  if (!revision) co_return revision;
  for (auto* listener : listeners_) {
    listener->on_commit(kept.puts.size() + kept.deletes.size());
    if (judge_ != nullptr) continue;
    for (const auto& put : kept.puts) listener->on_record(put.key, put.value);
    for (const auto& key : kept.deletes) listener->on_erased(key);
  }
  if (judge_ == nullptr) co_return revision;
  for (const auto& put : kept.puts) judge_->on_durable(put.key, put.value, *revision);
  for (const auto& key : kept.deletes) judge_->on_deleted(key);
  co_return revision;
}

Async<Result<std::vector<aws::QueueMessage>>> WatchedQueue::receive(Duration wait) {
  auto messages = co_await real_.receive(wait);
  if (!messages) co_return messages;
  for (const auto& message : *messages) {
    loop_.trace(message.body);
    judge_.on_received(message);
    for (auto* listener : listeners_) listener->on_message(message.body);
  }
  co_return messages;
}

}  // namespace blox::simulation
