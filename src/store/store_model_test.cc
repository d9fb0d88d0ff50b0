// Every store against a model that is too simple to be wrong, under random commits that overlap,
// compactions and reopenings. A seed is a run: BLOX_SEED=7 repeats it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <string>

#include "base/random.h"
#include "base/signal.h"
#include "store/commit_check.h"
#include "store/store_world_for_tests.h"

namespace blox::store {
namespace {

// The whole of history, in full copies.
class Model {
 public:
  using Snapshot = std::map<std::string, std::pair<std::string, Revision>>;

  // The revision, or nothing when a compare fails.
  std::optional<Revision> commit(const Commit& commit) {
    Snapshot next = snapshots_.rbegin()->second;
    for (const auto& [key, revision] : commit.compares) {
      const Revision found = next.contains(key) ? next[key].second : 0;
      if (found != revision) return std::nullopt;
    }
    const Revision revision = newest() + 1;
    int position = 0;
    const auto place = [&] {
      return std::to_string(revision) + "." + std::to_string(position++) + " ";
    };
    auto& shown = changes_[revision];
    for (const auto& [key, value] : commit.puts) {
      next[key] = {value, revision};
      shown.push_back(place() + key + "=" + value);
    }
    for (const auto& key : commit.deletes) {
      const std::string at = place();
      if (next.erase(key) != 0) shown.push_back(at + "-" + key);
    }
    snapshots_[revision] = std::move(next);
    return revision;
  }

  Revision newest() const { return snapshots_.rbegin()->first; }
  std::vector<std::string> at(Revision revision, const std::string& prefix) const {
    std::vector<std::string> items;
    for (const auto& [key, value] : snapshots_.at(revision)) {
      if (!key.starts_with(prefix)) continue;
      items.push_back(key + "=" + value.first + "@" + std::to_string(value.second));
    }
    return items;
  }
  std::vector<std::string> changes_from(Revision revision) const {
    std::vector<std::string> all;
    for (auto at = changes_.lower_bound(revision); at != changes_.end(); ++at) {
      all.insert(all.end(), at->second.begin(), at->second.end());
    }
    return all;
  }
  Revision revision_of(const std::string& key) const {
    const auto& now = snapshots_.rbegin()->second;
    return now.contains(key) ? now.at(key).second : 0;
  }

  Revision compacted = 0;

 private:
  std::map<Revision, Snapshot> snapshots_{{0, {}}};
  std::map<Revision, std::vector<std::string>> changes_;
};

class ModelRun {
 public:
  ModelRun(const StoreKind& kind, std::uint64_t seed)
      : random_(seed), world_(kind.make(seed, {})) {}

  void run() {
    for (int step = 0; step < 120 && !testing::Test::HasFailure(); ++step) {
      switch (random_.below(12)) {
        case 0: check_watch(); break;
        case 1: compact(); break;
        case 2: check_old_snapshot(); break;
        case 3:
          if (random_.percent(30)) world_->reopen();
          break;
        default: commit_group(); break;
      }
    }
    check_range(0);
    check_watch();
  }

 private:
  std::string draw_key() { return std::string{"abc"[random_.below(3)]} + random_.hex(1); }

  Commit draw_commit() {
    std::map<std::string, bool> keys;
    for (std::uint64_t i = random_.below(6) + 1; i > 0; --i) keys[draw_key()] = random_.percent(70);
    Commit commit;
    for (const auto& [key, is_put] : keys) {
      if (is_put) {
        commit.puts.push_back(Put{key, random_.hex(random_.below(400))});
      } else {
        commit.deletes.push_back(key);
      }
      const Revision held = model_.revision_of(key);
      if (random_.percent(20))
        commit.compares.push_back({key, random_.percent(80) ? held : held + 1});
    }
    return commit;
  }

  // Commits that wait together: each has the outcome that it would have had alone, in their order.
  void commit_group() {
    std::vector<Commit> commits;
    std::vector<Async<Result<Revision>>> calls;
    for (std::uint64_t i = random_.below(5) + 1; i > 0; --i) commits.push_back(draw_commit());
    for (const auto& commit : commits) calls.push_back(world_->store().commit(commit));
    std::vector<Result<Revision>> results;
    auto all = [](std::vector<Async<Result<Revision>>> works, Executor& executor,
                  std::vector<Result<Revision>>& target) -> Async<void> {
      target = co_await in_order(executor, std::move(works));
    };
    ASSERT_TRUE(world_->run(all(std::move(calls), world_->executor(), results)));
    ASSERT_EQ(results.size(), commits.size());
    for (std::size_t i = 0; i < commits.size(); ++i) {
      const auto expected = model_.commit(commits[i]);
      ASSERT_EQ(results[i].has_value(), expected.has_value()) << i;
      if (expected) {
        EXPECT_EQ(*results[i], *expected);
      } else {
        EXPECT_EQ(results[i].error().kind, ErrorKind::kConflict);
      }
    }
  }

  // Starts all in order, within one job, then awaits them all.
  static Async<std::vector<Result<Revision>>> in_order(Executor& executor,
                                                       std::vector<Async<Result<Revision>>> works) {
    std::vector<std::optional<Result<Revision>>> results(works.size());
    std::vector<Async<void>> started;
    Signal ended{executor};
    auto one = [&](std::size_t index) -> Async<void> {
      results[index].emplace(co_await std::move(works[index]));
      ended.notify_all();
    };
    for (std::size_t i = 0; i < works.size(); ++i) {
      started.push_back(one(i));
      start(started.back());
    }
    for (const auto& result : results) {
      while (!result) co_await ended.wait();
    }
    std::vector<Result<Revision>> all;
    for (auto& result : results) all.push_back(std::move(*result));
    co_return all;
  }
  // Runs `work` up to where it waits.
  static void start(Async<void>& work) {
    auto awaiter = work.operator co_await();
    awaiter.await_suspend(std::noop_coroutine()).resume();
  }

  void check_range(Revision revision) {
    RangeRequest request;
    request.prefix = random_.percent(50) ? "" : std::string{"abc"[random_.below(3)]};
    request.limit = random_.below(7) + 1;
    request.revision = revision;
    std::vector<std::string> seen;
    for (bool more = true; more;) {
      const auto page = world_->range(request);
      ASSERT_TRUE(page) << page.error().message;
      request.revision = page->revision;
      if (!page->items.empty()) request.after_key = page->items.back().key;
      const auto items = to_text(*page);
      seen.insert(seen.end(), items.begin(), items.end());
      more = page->more;
      if (request.revision <= model_.compacted) more = false;  // The newest is compacted too.
    }
    if (request.revision > model_.compacted) {
      EXPECT_EQ(seen, model_.at(request.revision, request.prefix));
    }
  }

  Revision draw_revision() {
    const auto span = static_cast<std::uint64_t>(model_.newest() - model_.compacted);
    return model_.compacted + 1 + static_cast<Revision>(random_.below(span));
  }
  void check_old_snapshot() {
    check_range(model_.newest() > model_.compacted ? draw_revision() : 0);
  }
  void check_watch() {
    if (model_.newest() == model_.compacted) return;
    const Revision from = draw_revision();
    const auto watch = world_->store().watch("", from);
    const auto seen = world_->read_through(*watch, model_.newest());
    ASSERT_TRUE(seen) << seen.error().message;
    EXPECT_EQ(*seen, model_.changes_from(from));
  }
  void compact() {
    if (model_.newest() == model_.compacted) return;
    const Revision revision = draw_revision();
    ASSERT_TRUE(world_->compact(revision));
    model_.compacted = revision;
  }

  Random random_;
  std::unique_ptr<StoreWorld> world_;
  Model model_;
};

class StoreModel : public testing::TestWithParam<StoreKind> {};

TEST_P(StoreModel, AgreesWithTheModel) {
  const char* chosen = std::getenv("BLOX_SEED");
  const std::uint64_t first = chosen != nullptr ? std::stoull(chosen) : 1;
  const std::uint64_t last = chosen != nullptr ? first : GetParam().model_seeds;
  for (std::uint64_t seed = first; seed <= last && !HasFailure(); ++seed) {
    SCOPED_TRACE("repeat with BLOX_SEED=" + std::to_string(seed));
    ModelRun{GetParam(), seed}.run();
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreModel, testing::ValuesIn(store_kinds()),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace blox::store
