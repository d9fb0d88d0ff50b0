// The view on a store whose watches break: it reads everything again, soon, and shows nothing
// twice.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cluster_state/view/change_reader.h"
#include "cluster_state/view/view_world.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;

/// Ends a watch at its next answer for each time that it is told to.
class BreakingStore final : public store::Store {
 public:
  explicit BreakingStore(store::Store& inner) : inner_(inner) {}
  int breaks = 0;

  Async<Result<store::Page>> range(store::RangeRequest request) override {
    return inner_.range(std::move(request));
  }
  Async<Result<store::Revision>> commit(store::Commit commit) override {
    return inner_.commit(std::move(commit));
  }
  std::unique_ptr<store::Watch> watch(std::string prefix, store::Revision from) override {
    return std::make_unique<BreakingWatch>(*this, inner_.watch(std::move(prefix), from));
  }
  Async<Status> compact(store::Revision revision) override { return inner_.compact(revision); }
  store::StoreInfo info() const override { return inner_.info(); }

 private:
  class BreakingWatch final : public store::Watch {
   public:
    BreakingWatch(BreakingStore& store, std::unique_ptr<store::Watch> inner)
        : store_(store), inner_(std::move(inner)) {}
    Async<Result<store::WatchBatch>> next() override {
      auto batch = co_await inner_->next();
      if (store_.breaks > 0) {
        --store_.breaks;
        co_return fail(ErrorKind::kInternal, "the disk failed");
      }
      co_return batch;
    }

   private:
    BreakingStore& store_;
    std::unique_ptr<store::Watch> inner_;
  };
  store::Store& inner_;
};

struct RelistWorld final : ViewWorld {
  explicit RelistWorld(ClusterViewOptions with = {}) : ViewWorld(1, with) {
    store.options().refused_percent = 0;
    scope.reset();
    view = std::make_unique<ClusterView>(loop, breaking, metrics, with);
    scope = std::make_unique<Scope>(loop);
    scope->spawn(view->run());
    settle();
  }
  ~RelistWorld() {  // Before the store that it reads.
    scope.reset();
    view.reset();
  }
  void put(std::string_view rest) {
    const store::Commit change{.compares = {}, .puts = {task(rest, "RUNNING")}, .deletes = {}};
    ASSERT_TRUE(await(memory.commit(change)));
  }
  bool shows(store::Revision revision, Duration limit) {
    return loop.run_while_not([&] { return view->snapshot()->revision >= revision; }, limit);
  }
  BreakingStore breaking{store};
};

TEST(ViewRelist, ComesAsSoonAfterTheTenthBreakAsAfterTheFirst) {
  RelistWorld world;
  for (store::Revision revision = 1; revision <= 10; ++revision) {
    world.breaking.breaks = 1;
    world.put("a/1");
    EXPECT_TRUE(world.shows(revision, 500ms)) << revision;
    world.loop.run_for(1s);
  }
}

TEST(ViewRelist, WhatWasNotPublishedBeforeIsPartOfTheNewList) {
  RelistWorld world{{.publish_interval = 10s, .recent = {}}};
  world.put("a/1");
  world.loop.run_for(20ms);
  world.breaking.breaks = 1;
  world.put("a/2");
  EXPECT_TRUE(world.shows(2, 1s));
  EXPECT_EQ(world.view->snapshot()->tasks.by_arn.size(), 2U);
  EXPECT_EQ(world.view->recent(ObjectKind::kTask).size(), 0U);
  world.put("a/3");
  EXPECT_TRUE(world.shows(3, 20s));
  EXPECT_EQ(world.view->recent(ObjectKind::kTask).size(), 1U);
}

// Readers of either kind learn of a read of ECS at once, not with the next change of theirs.
TEST(ChangeReader, OfEitherKindIsToldOfSyncTimes) {
  for (const auto kind : {ObjectKind::kTask, ObjectKind::kInstance}) {
    ViewWorld world{2};
    world.settle();
    auto reader = ChangeReader::open_now(*world.view, kind);
    std::optional<Result<std::vector<Line>>> lines;
    const auto keep = [](Async<Result<std::vector<Line>>> work,
                         std::optional<Result<std::vector<Line>>>& into) -> Async<void> {
      into.emplace(co_await std::move(work));
    };
    Scope scope{world.loop};
    scope.spawn(keep(reader.next(world.loop.now() + 1h), lines));
    world.loop.run_for(1s);
    EXPECT_FALSE(lines);
    world.commit({ViewWorld::sync_mark("a", WallTime{5s})});
    ASSERT_TRUE(lines) << "of kind " << static_cast<int>(kind);
    EXPECT_TRUE(*lines && (*lines)->empty());
    EXPECT_EQ(reader.position(), world.view->snapshot()->version());
  }
}

}  // namespace
}  // namespace blox::cluster_state
