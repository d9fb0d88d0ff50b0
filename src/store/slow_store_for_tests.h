// SlowStore: a store as one that is busy: it answers after a while, and refuses a few calls. Under
// the tests of what uses stores, so that none of it leans on a store that answers at once.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/executor.h"
#include "base/random.h"
#include "store/store.h"

namespace blox::store {

struct SlowStoreOptions {
  Duration latency_max = std::chrono::milliseconds{3};  ///< Of each answer, besides the store's.
  /// Calls that find the queue full, and do nothing. Never two in a row.
  unsigned refused_percent = 5;
};

/// Keeps the contract: commits take effect in the order of the calls. Watches are late and never
/// fail by themselves. Threading: as its inner store, which outlives it.
class SlowStore final : public Store {
 public:
  SlowStore(Executor& executor, Store& inner, std::uint64_t seed, SlowStoreOptions options = {})
      : executor_(executor), inner_(inner), random_(seed), options_(options) {}

  Async<Result<Page>> range(RangeRequest request) override {
    co_await sleep_for(executor_, draw_latency());
    if (refuses()) co_return refusal("range");
    co_return co_await inner_.range(std::move(request));
  }
  Async<Result<Revision>> commit(Commit commit) override {
    // Later than the one before, and never at its time: the loop would choose which comes first.
    const TimePoint drawn = executor_.now() + draw_latency();
    last_commit_ = std::max(drawn, last_commit_ + std::chrono::microseconds{1});
    const bool refused = refuses();
    co_await sleep_until(executor_, last_commit_);
    if (refused) co_return refusal("commit");
    co_return co_await inner_.commit(std::move(commit));
  }
  std::unique_ptr<Watch> watch(std::string prefix, Revision from_revision) override {
    return std::make_unique<LateWatch>(*this, inner_.watch(std::move(prefix), from_revision));
  }
  Async<Status> compact(Revision revision) override {
    co_await sleep_for(executor_, draw_latency());
    co_return co_await inner_.compact(revision);
  }
  StoreInfo info() const override { return inner_.info(); }

  SlowStoreOptions& options() { return options_; }

 private:
  class LateWatch final : public Watch {
   public:
    LateWatch(SlowStore& store, std::unique_ptr<Watch> inner)
        : store_(store), inner_(std::move(inner)) {}
    Async<Result<WatchBatch>> next() override {
      auto batch = co_await inner_->next();
      co_await sleep_for(store_.executor_, store_.draw_latency());
      co_return batch;
    }

   private:
    SlowStore& store_;
    std::unique_ptr<Watch> inner_;
  };

  Duration draw_latency() { return random_.between(Duration::zero(), options_.latency_max); }
  bool refuses() {
    refused_ = !refused_ && random_.percent(options_.refused_percent);
    return refused_;
  }
  static std::unexpected<Error> refusal(const char* call) {
    return fail(ErrorKind::kUnavailable, std::string{call} + ": the store's queue is full");
  }

  Executor& executor_;
  Store& inner_;
  Random random_;
  SlowStoreOptions options_;
  TimePoint last_commit_{};
  bool refused_ = false;
};

}  // namespace blox::store
