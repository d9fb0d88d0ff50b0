// A store that is slow, and fails when it is told to besides. For tests alone.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/executor.h"
#include "store/slow_store_for_tests.h"
#include "store/store.h"

namespace blox::cluster_state::testing {

/// What goes wrong. Outlives the stores that it is given to.
struct StoreFaults {
  std::deque<Error> commits;  ///< The next commit takes the front one, if there is any.
  std::function<std::optional<Error>(const store::Commit&)> refuse;  ///< Asked of each commit.
  Duration range_wait{};                                             ///< Before each page.
  std::deque<Error> ranges;  ///< The next page takes the front one, if there is any.
};

class FaultyStore final : public store::Store {
 public:
  FaultyStore(Executor& executor, StoreFaults& faults, std::unique_ptr<store::Store> inner,
              std::uint64_t seed = 1, store::SlowStoreOptions slow = {})
      : executor_(executor),
        faults_(faults),
        inner_(std::move(inner)),
        slow_(executor, *inner_, seed, slow) {}

  Async<Result<store::Page>> range(store::RangeRequest request) override {
    if (faults_.range_wait > Duration::zero()) co_await sleep_for(executor_, faults_.range_wait);
    if (!faults_.ranges.empty()) {
      const Error fault = std::move(faults_.ranges.front());
      faults_.ranges.pop_front();
      co_return std::unexpected(fault);
    }
    co_return co_await slow_.range(std::move(request));
  }
  Async<Result<store::Revision>> commit(store::Commit commit) override {
    if (!faults_.commits.empty()) {
      const Error fault = std::move(faults_.commits.front());
      faults_.commits.pop_front();
      co_await sleep_for(executor_, std::chrono::milliseconds{1});
      co_return std::unexpected(fault);
    }
    if (faults_.refuse) {
      if (const auto fault = faults_.refuse(commit)) co_return std::unexpected(*fault);
    }
    co_return co_await slow_.commit(std::move(commit));
  }
  std::unique_ptr<store::Watch> watch(std::string prefix, store::Revision from) override {
    return slow_.watch(std::move(prefix), from);
  }
  Async<Status> compact(store::Revision revision) override { return slow_.compact(revision); }
  store::StoreInfo info() const override { return inner_->info(); }

 private:
  Executor& executor_;
  StoreFaults& faults_;
  std::unique_ptr<store::Store> inner_;
  store::SlowStore slow_;
};

}  // namespace blox::cluster_state::testing
