// The seams of a simulated process, watched: what passes by the network, the store and the queue
// goes into the trace hash, and the judge of the cluster state is told of it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "aws/queue.h"
#include "base/sim_loop.h"
#include "http/transport.h"
#include "simulation/coverage.h"
#include "simulation/seam_listener.h"
#include "simulation/state_judge.h"
#include "store/store.h"

namespace blox::simulation {

/// Calls to AWS. Counts those of which nobody knows what they did. Requires: all outlive it.
class WatchedTransport final : public http::Transport {
 public:
  WatchedTransport(SimLoop& loop, http::Transport& real, Coverage& coverage,
                   SeamListeners listeners)
      : loop_(loop), real_(real), coverage_(coverage), listeners_(std::move(listeners)) {}

  Async<Result<http::Answer>> send(http::OutgoingRequest request) override;
  Async<Result<std::unique_ptr<http::LineStream>>> open_lines(http::OutgoingRequest request,
                                                              Duration idle_max) override {
    co_return co_await real_.open_lines(std::move(request), idle_max);
  }

 private:
  SimLoop& loop_;
  http::Transport& real_;
  Coverage& coverage_;
  SeamListeners listeners_;
};

/// A store next to the disk: what it acknowledges is durable. The judge of the cluster state is
/// told of that one's store, and the listeners of the scheduler's.
class WatchedStore final : public store::Store {
 public:
  WatchedStore(SimLoop& loop, std::unique_ptr<store::Store> real, StateJudge& judge,
               SeamListeners listeners)
      : loop_(loop), real_(std::move(real)), judge_(&judge), listeners_(std::move(listeners)) {}
  WatchedStore(SimLoop& loop, std::unique_ptr<store::Store> real, SeamListeners listeners)
      : loop_(loop), real_(std::move(real)), listeners_(std::move(listeners)) {}

  Async<Result<store::Page>> range(store::RangeRequest request) override;
  Async<Result<store::Revision>> commit(store::Commit commit) override;
  std::unique_ptr<store::Watch> watch(std::string prefix, store::Revision from_revision) override {
    return real_->watch(std::move(prefix), from_revision);
  }
  Async<Status> compact(store::Revision revision) override {
    co_return co_await real_->compact(revision);
  }
  store::StoreInfo info() const override { return real_->info(); }

 private:
  SimLoop& loop_;
  std::unique_ptr<store::Store> real_;
  StateJudge* judge_ = nullptr;
  SeamListeners listeners_;
};

/// The queue as it is, whatever a mutant makes of it. Requires: all outlive it.
class WatchedQueue final : public aws::Queue {
 public:
  WatchedQueue(SimLoop& loop, aws::Queue& real, StateJudge& judge, SeamListeners listeners)
      : loop_(loop), real_(real), judge_(judge), listeners_(std::move(listeners)) {}

  Async<Result<std::vector<aws::QueueMessage>>> receive(Duration wait) override;
  Async<Status> give_back(std::string receipt) override {
    co_return co_await real_.give_back(std::move(receipt));
  }
  Async<Result<aws::QueueLook>> look() override { co_return co_await real_.look(); }
  Async<Result<std::vector<aws::NotDeleted>>> remove(std::vector<std::string> receipts) override {
    judge_.on_removal(receipts);
    co_return co_await real_.remove(std::move(receipts));
  }
  Duration visibility_timeout() const override { return real_.visibility_timeout(); }
  std::size_t message_bytes_max() const override { return real_.message_bytes_max(); }

 private:
  SimLoop& loop_;
  aws::Queue& real_;
  StateJudge& judge_;
  SeamListeners listeners_;
};

}  // namespace blox::simulation
