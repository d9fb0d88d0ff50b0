// What stands between the cluster-state-service and its store and queue, broken: what is
// acknowledged before it is durable, what comes late and is taken for new.
#pragma once

#include <boost/json.hpp>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "aws/queue.h"
#include "base/scope.h"
#include "base/signal.h"
#include "store/store.h"

namespace blox::simulation {

/// Acknowledges a commit at once and makes it a second later, if it still lives then.
class HastyStore final : public store::Store {
 public:
  HastyStore(Executor& executor, std::unique_ptr<store::Store> real)
      : executor_(executor), real_(std::move(real)), waiting_(executor), scope_(executor) {
    scope_.spawn(work());
  }
  Async<Result<store::Page>> range(store::RangeRequest request) override {
    co_return co_await real_->range(std::move(request));
  }
  Async<Result<store::Revision>> commit(store::Commit commit) override {
    promised_ = std::max(promised_, real_->info().revision) + 1;
    commits_.push_back(std::move(commit));
    waiting_.notify_all();
    co_return promised_;
  }
  std::unique_ptr<store::Watch> watch(std::string prefix, store::Revision from) override {
    return real_->watch(std::move(prefix), from);
  }
  Async<Status> compact(store::Revision revision) override {
    co_return co_await real_->compact(revision);
  }
  store::StoreInfo info() const override { return real_->info(); }

 private:
  Async<void> work() {
    for (;;) {
      while (commits_.empty()) co_await waiting_.wait();
      co_await sleep_for(executor_, std::chrono::seconds{1});
      while (!commits_.empty()) {
        auto next = std::move(commits_.front());
        commits_.pop_front();
        (void)co_await real_->commit(std::move(next));
      }
    }
  }

  Executor& executor_;
  std::unique_ptr<store::Store> real_;
  std::deque<store::Commit> commits_;
  store::Revision promised_ = 0;
  Signal waiting_;
  Scope scope_;
};

/// Does not show in which store its records were written.
class NamelessStore final : public store::Store {
 public:
  explicit NamelessStore(std::unique_ptr<store::Store> real) : real_(std::move(real)) {}
  Async<Result<store::Page>> range(store::RangeRequest request) override {
    const bool asks_for_it = request.prefix == "scheduler/store";
    auto page = co_await real_->range(std::move(request));
    if (page && asks_for_it) page->items.clear();
    co_return page;
  }
  Async<Result<store::Revision>> commit(store::Commit commit) override {
    co_return co_await real_->commit(std::move(commit));
  }
  std::unique_ptr<store::Watch> watch(std::string prefix, store::Revision from) override {
    return real_->watch(std::move(prefix), from);
  }
  Async<Status> compact(store::Revision revision) override {
    co_return co_await real_->compact(revision);
  }
  store::StoreInfo info() const override { return real_->info(); }

 private:
  std::unique_ptr<store::Store> real_;
};

/// Gives an event that comes late, or again, a greater version than all before.
class LateForNewQueue final : public aws::Queue {
 public:
  explicit LateForNewQueue(aws::Queue& real) : real_(real) {}

  Async<Result<std::vector<aws::QueueMessage>>> receive(Duration wait) override {
    auto messages = co_await real_.receive(wait);
    if (!messages) co_return messages;
    for (auto& message : *messages) message.body = renumber(message.body);
    co_return messages;
  }
  Async<Status> give_back(std::string receipt) override {
    co_return co_await real_.give_back(std::move(receipt));
  }
  Async<Result<aws::QueueLook>> look() override { co_return co_await real_.look(); }
  Async<Result<std::vector<aws::NotDeleted>>> remove(std::vector<std::string> receipts) override {
    co_return co_await real_.remove(std::move(receipts));
  }
  Duration visibility_timeout() const override { return real_.visibility_timeout(); }
  std::size_t message_bytes_max() const override { return real_.message_bytes_max(); }

 private:
  std::string renumber(const std::string& body) {
    auto envelope = boost::json::parse(body);
    const std::string arn{envelope.at("resources").at(0).as_string()};
    auto& version = envelope.at("detail").at("version");
    auto& newest = newest_[arn];
    newest = std::max(newest + 1, version.to_number<std::int64_t>());
    version = newest;
    return boost::json::serialize(envelope);
  }

  aws::Queue& real_;
  std::map<std::string, std::int64_t> newest_;
};

/// Deletes what it gives out, and makes each event one of this moment.
class BentQueue final : public aws::Queue {
 public:
  struct Bends {
    bool deletes_at_once = false;
    bool makes_new = false;
  };
  BentQueue(Executor& executor, aws::Queue& real, Bends bends)
      : executor_(executor), real_(real), bends_(bends) {}

  Async<Result<std::vector<aws::QueueMessage>>> receive(Duration wait) override {
    auto messages = co_await real_.receive(wait);
    if (!messages || messages->empty()) co_return messages;
    std::vector<std::string> receipts;
    for (auto& message : *messages) {
      receipts.push_back(message.receipt);
      if (bends_.makes_new) message.body = date_now(message.body);
    }
    if (bends_.deletes_at_once) (void)co_await real_.remove(std::move(receipts));
    co_return messages;
  }
  Async<Status> give_back(std::string receipt) override {
    co_return co_await real_.give_back(std::move(receipt));
  }
  Async<Result<aws::QueueLook>> look() override { co_return co_await real_.look(); }
  Async<Result<std::vector<aws::NotDeleted>>> remove(std::vector<std::string> receipts) override {
    co_return co_await real_.remove(std::move(receipts));
  }
  Duration visibility_timeout() const override { return real_.visibility_timeout(); }
  std::size_t message_bytes_max() const override { return real_.message_bytes_max(); }

 private:
  std::string date_now(const std::string& body) const {
    auto envelope = boost::json::parse(body);
    const std::string now = format_time(executor_.wall_now());
    envelope.at("time") = now;
    auto& detail = envelope.at("detail").as_object();
    if (detail.contains("updatedAt")) detail["updatedAt"] = now;
    return boost::json::serialize(envelope);
  }

  Executor& executor_;
  aws::Queue& real_;
  Bends bends_;
};

}  // namespace blox::simulation
