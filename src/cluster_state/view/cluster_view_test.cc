// The view against what the store holds: load, changes, tombstones, relists, sync marks.
#include "cluster_state/view/cluster_view.h"

#include <gtest/gtest.h>

#include "cluster_state/view/change_reader.h"
#include "cluster_state/view/selection.h"
#include "cluster_state/view/view_world.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> list(const ClusterView& view, ObjectKind kind, const ListFilter& filter) {
  std::vector<std::string> arns;
  Selection selection{view.snapshot(), kind, filter};
  std::size_t bytes = 0;
  while (const Shown* entry = selection.next()) {
    arns.push_back(entry->arn.substr(entry->arn.find('/') + 1) + " " + entry->status);
    bytes += entry->bytes.size();
  }
  EXPECT_EQ(selection.extent(), (Extent{.count = arns.size(), .bytes = bytes}));
  return arns;
}

using Texts = std::vector<std::string>;

TEST(ClusterView, ShowsWhatTheStoreHoldsLoadedOrWatched) {
  ViewWorld world{1};
  world.settle();
  EXPECT_TRUE(list(*world.view, ObjectKind::kTask, {}).empty());
  world.commit({ViewWorld::task("b/2", "RUNNING"), ViewWorld::task("a/1", "PENDING"),
                ViewWorld::instance("a/i", "ACTIVE"), ViewWorld::task("b/1", "RUNNING")});
  world.commit({ViewWorld::task("b/2", "STOPPED"), ViewWorld::task_tombstone("b/1")});
  for (const bool restarted : {false, true}) {
    SCOPED_TRACE(restarted);
    if (restarted) world.open_view();
    world.settle();
    EXPECT_EQ(list(*world.view, ObjectKind::kTask, {}), (Texts{"a/1 PENDING", "b/2 STOPPED"}));
    EXPECT_EQ(list(*world.view, ObjectKind::kInstance, {}), (Texts{"a/i ACTIVE"}));
    EXPECT_EQ(world.view->snapshot()->revision, 2);
    EXPECT_EQ(world.view->recent(ObjectKind::kTask).floor(), restarted ? 2 * 128 + 1 : -1);
  }
}

TEST(ClusterView, FiltersByWhatEachNarrows) {
  ViewWorld world{2};
  world.commit({ViewWorld::task("a/1", "RUNNING", "x"), ViewWorld::task("a/2", "STOPPED", "x"),
                ViewWorld::task("b/1", "RUNNING", "y"), ViewWorld::task("b/2", "RUNNING", "x")});
  const auto rows = {
      std::pair{ListFilter{}, Texts{"a/1 RUNNING", "a/2 STOPPED", "b/1 RUNNING", "b/2 RUNNING"}},
      std::pair{ListFilter{.cluster_name = "b", .cluster_arn = {}, .status = {}, .started_by = {}},
                Texts{"b/1 RUNNING", "b/2 RUNNING"}},
      std::pair{ListFilter{.cluster_name = {}, .cluster_arn = {}, .status = {}, .started_by = "x"},
                Texts{"a/1 RUNNING", "a/2 STOPPED", "b/2 RUNNING"}},
      std::pair{ListFilter{
                    .cluster_name = "a", .cluster_arn = {}, .status = "RUNNING", .started_by = "x"},
                Texts{"a/1 RUNNING"}},
      std::pair{ListFilter{.cluster_name = "a",
                           .cluster_arn = test_cluster_arn("z").value,
                           .status = {},
                           .started_by = {}},
                Texts{}},
      std::pair{ListFilter{.cluster_name = {}, .cluster_arn = {}, .status = {}, .started_by = ""},
                Texts{}},
  };
  for (const auto& [filter, expected] : rows) {
    EXPECT_EQ(list(*world.view, ObjectKind::kTask, filter), expected);
  }
}

TEST(ClusterView, PublishesAtMostOnceAMillisecond) {
  ViewWorld world{3};
  world.settle();
  world.store.options() = {Duration::zero(), 0};
  std::vector<SnapshotPtr> seen{world.view->snapshot()};
  Scope scope{world.loop};
  auto write = [&]() -> Async<void> {
    for (int i = 0; i < 1'000; ++i) {
      store::Commit commit{
          .compares = {}, .puts = {ViewWorld::task("a/1", "RUNNING")}, .deletes = {}};
      (void)co_await world.store.commit(std::move(commit));
      co_await sleep_for(world.loop, 10us);
      if (world.view->snapshot() != seen.back()) seen.push_back(world.view->snapshot());
    }
  };
  scope.spawn(write());
  world.loop.run_for(1s);
  EXPECT_EQ(world.view->snapshot()->revision, 1'000);
  EXPECT_GE(seen.size(), 9U);
  EXPECT_LE(seen.size(), 13U);
}

Texts unmarked(const ViewWorld& world) {
  Texts names;
  for (const auto& cluster : *world.view->snapshot()->unmarked) {
    names.emplace_back(cluster_name(cluster));
  }
  return names;
}

TEST(ClusterView, KnowsWhichClustersItMayShowInPart) {
  ViewWorld world{4};
  world.settle();
  EXPECT_EQ(unmarked(world), Texts{});
  world.commit({ViewWorld::task("a/1", "RUNNING"), ViewWorld::instance("b/1", "ACTIVE"),
                ViewWorld::task("c/1", "RUNNING"), ViewWorld::sync_mark("a", WallTime{5s})});
  EXPECT_EQ(unmarked(world), (Texts{"b", "c"}));
  const auto before = world.view->snapshot();
  world.commit({ViewWorld::task("c/1", "STOPPED")});
  EXPECT_EQ(world.view->snapshot()->unmarked, before->unmarked) << "shared while nothing changes";
  world.open_view();
  world.settle();
  EXPECT_EQ(unmarked(world), (Texts{"b", "c"})) << "whether it was loaded or watched";
  world.commit({ViewWorld::sync_mark("b", WallTime{6s}), ViewWorld::sync_mark("c", WallTime{6s})});
  EXPECT_EQ(unmarked(world), Texts{});
  EXPECT_EQ(world.view->snapshot()->bookmark().synced_at,
            (codec::SyncTimes{{test_cluster_arn("a"), WallTime{5s}},
                              {test_cluster_arn("b"), WallTime{6s}},
                              {test_cluster_arn("c"), WallTime{6s}}}));
}

TEST(ClusterView, KnowsWhatTheReadsLeftOut) {
  ViewWorld world{4};
  Holes holes;
  holes.add(test_task_arn("a/hole"));
  world.commit({ViewWorld::sync_mark("a", WallTime{5s}, holes)});
  const auto before = world.view->snapshot();
  EXPECT_EQ(*before->holes, (ClusterHoles{{test_cluster_arn("a"), holes}}));
  world.commit({ViewWorld::sync_mark("a", WallTime{5s})});
  EXPECT_TRUE(world.view->snapshot()->holes->empty());
  EXPECT_NE(world.view->snapshot()->synced_at, before->synced_at) << "streams look at that alone";
  world.commit({ViewWorld::sync_mark("a", WallTime{6s}, holes)});
  EXPECT_EQ(world.view->snapshot()->bookmark().holes.size(), 1U);
}

TEST(ClusterView, SkipsWhatCannotBeDecoded) {
  ViewWorld world{5};
  world.commit({ViewWorld::task("a/1", "RUNNING")});
  world.commit({{codec::task_key(test_task_arn("a/1")), "nonsense"},
                {codec::task_key(test_task_arn("a/2")), ViewWorld::task("a/3", "RUNNING").value},
                {"cluster-state/events/x/y", "{}"},
                ViewWorld::task("a/4", "RUNNING")});
  EXPECT_EQ(list(*world.view, ObjectKind::kTask, {}), (Texts{"a/1 RUNNING", "a/4 RUNNING"}));
}

TEST(ClusterView, NamesWhatItShowsOfThePastUntilItIsWrittenAnew) {
  const std::string known = codec::task_key(test_task_arn("a/1"));
  const std::string unknown = codec::instance_key(test_instance_arn("a/i"));
  ViewWorld world{12};
  world.commit({ViewWorld::task("a/1", "RUNNING"), ViewWorld::task("a/2", "RUNNING")});
  EXPECT_TRUE(world.view->unreadable().empty());
  world.commit({{known, "nonsense"}, {unknown, "nonsense"}});
  EXPECT_EQ(world.view->unreadable(),
            (ClusterView::Unreadable{{known, test_cluster_arn("a")}, {unknown, std::nullopt}}));
  EXPECT_EQ(world.metrics.gauge("blox_view_unreadable", "").Value(), 2);
  EXPECT_EQ(list(*world.view, ObjectKind::kTask, {}), (Texts{"a/1 RUNNING", "a/2 RUNNING"}));
  world.open_view();
  world.settle();
  EXPECT_EQ(world.view->unreadable(),
            (ClusterView::Unreadable{{known, std::nullopt}, {unknown, std::nullopt}}))
      << "after a restart nothing is shown of them";
  world.commit({ViewWorld::task("a/1", "STOPPED")});
  EXPECT_EQ(world.view->unreadable(), (ClusterView::Unreadable{{unknown, std::nullopt}}));
  EXPECT_EQ(list(*world.view, ObjectKind::kTask, {}), (Texts{"a/1 STOPPED", "a/2 RUNNING"}));
  world.remove(unknown);
  EXPECT_TRUE(world.view->unreadable().empty());
  EXPECT_EQ(world.metrics.gauge("blox_view_unreadable", "").Value(), 0);
}

// A reader that pulls at random moments, over bounds so small that it must often read history,
// sees each change once and in order, or is told that changes are gone.
TEST(ChangeReader, ShowsEveryChangeOnceInOrder) {
  std::size_t from_history = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    ViewWorld world{seed, {.recent = {.count_max = 8, .bytes_max = 1 << 20}}};
    Random random{seed};
    world.settle();
    auto reader = ChangeReader::open(*world.view, ObjectKind::kTask, -1);
    ASSERT_TRUE(reader) << reader.error().message;
    std::vector<codec::EntityVersion> committed;
    std::vector<codec::EntityVersion> seen;
    for (int round = 0; round < 40; ++round) {
      const auto count = 1 + random.below(6);
      std::vector<store::Put> puts{ViewWorld::instance("a/i", "ACTIVE")};
      for (std::uint64_t i = 0; i < count; ++i) {
        const std::string name = "a/" + std::to_string(i);
        puts.push_back(random.percent(20) ? ViewWorld::task_tombstone(name)
                                          : ViewWorld::task(name, "RUNNING"));
      }
      const auto first = world.commit(std::move(puts));
      for (std::uint64_t i = 0; i < count; ++i) {
        committed.push_back(first + 1 + static_cast<codec::EntityVersion>(i));
      }
      if (!random.percent(30) && round < 39) continue;
      while (seen.size() < committed.size()) {
        if (reader->position() < world.view->recent(ObjectKind::kTask).floor()) ++from_history;
        const auto lines = world.await(reader->next(std::nullopt));
        ASSERT_TRUE(lines) << lines.error().message;
        for (const auto& line : *lines) seen.push_back(line.version);
      }
      ASSERT_EQ(seen, committed);
    }
  }
  EXPECT_GT(from_history, 0U);
}

TEST(ChangeReader, TellsWhatIsGoneAndWhatIsToCome) {
  ViewWorld world{7, {.recent = {.count_max = 2, .bytes_max = 1 << 20}}};
  world.settle();
  auto slow = ChangeReader::open(*world.view, ObjectKind::kTask, 0);
  for (int i = 0; i < 5; ++i) world.commit({ViewWorld::task("a/1", "RUNNING")});
  ASSERT_TRUE(world.await(world.store.compact(2)));
  EXPECT_EQ(world.await(slow->next(std::nullopt)).error().kind, ErrorKind::kCompacted);
  EXPECT_EQ(ChangeReader::open(*world.view, ObjectKind::kTask, codec::EntityVersion{2} * 128)
                .error()
                .kind,
            ErrorKind::kCompacted);
  EXPECT_TRUE(
      ChangeReader::open(*world.view, ObjectKind::kTask, codec::EntityVersion{2} * 128 + 127));
  EXPECT_TRUE(
      ChangeReader::open(*world.view, ObjectKind::kTask, codec::EntityVersion{5} * 128 + 127));
  EXPECT_EQ(ChangeReader::open(*world.view, ObjectKind::kTask, codec::EntityVersion{6} * 128)
                .error()
                .kind,
            ErrorKind::kInvalid);
}

// A cluster that was deleted leaves neither objects nor a mark: nothing waits for it any more.
TEST(ClusterView, ShowsNoPartOfAClusterThatIsGone) {
  ViewWorld world{10};
  world.commit({ViewWorld::task("a/1", "RUNNING"), ViewWorld::task("b/1", "RUNNING"),
                ViewWorld::instance("b/i", "ACTIVE"), ViewWorld::sync_mark("a", WallTime{1s}),
                ViewWorld::sync_mark("b", WallTime{1s})});
  EXPECT_EQ(unmarked(world), Texts{});
  world.commit({ViewWorld::task_tombstone("b/1")});
  world.remove(codec::cluster_key(test_cluster_arn("b")));
  EXPECT_EQ(unmarked(world), Texts{"b"}) << "one of its instances is left";
  world.commit({ViewWorld::instance_tombstone("b/i")});
  EXPECT_EQ(unmarked(world), Texts{});
  world.commit({ViewWorld::task("b/2", "RUNNING")});
  EXPECT_EQ(unmarked(world), Texts{"b"}) << "it is there again, and was not read";
}

// An object that moves to another cluster, as none does, leaves nothing in the first.
TEST(ClusterView, CountsAnObjectInOneCluster) {
  ViewWorld world{11};
  world.commit({ViewWorld::sync_mark("a", WallTime{1s}), ViewWorld::task("b/1", "RUNNING")});
  EXPECT_EQ(unmarked(world), Texts{"b"});
  auto moved = ViewWorld::task("b/1", "RUNNING");
  const std::string from = test_cluster_arn("b").value;
  moved.value.replace(moved.value.find(from), from.size(), test_cluster_arn("a").value);
  world.commit({moved});
  EXPECT_EQ(unmarked(world), Texts{});
}

TEST(ClusterView, FindsAnObjectThatChangedItsGroupsUnderTheNewOnesAlone) {
  const auto with_status = [](std::string status) {
    ListFilter filter;
    filter.status = std::move(status);
    return filter;
  };
  ListFilter started_by_x;
  started_by_x.started_by = "x";
  ViewWorld world{9};
  world.commit({ViewWorld::task("a/1", "PENDING", "x"), ViewWorld::task("a/2", "PENDING", "x")});
  world.commit({ViewWorld::task("a/1", "RUNNING", "x")});
  EXPECT_EQ(list(*world.view, ObjectKind::kTask, with_status("PENDING")), (Texts{"a/2 PENDING"}));
  EXPECT_EQ(list(*world.view, ObjectKind::kTask, with_status("RUNNING")), (Texts{"a/1 RUNNING"}));
  EXPECT_EQ(list(*world.view, ObjectKind::kTask, started_by_x),
            (Texts{"a/1 RUNNING", "a/2 PENDING"}));
  world.commit({ViewWorld::task_tombstone("a/1")});
  EXPECT_EQ(list(*world.view, ObjectKind::kTask, with_status("RUNNING")), Texts{});
  EXPECT_EQ(list(*world.view, ObjectKind::kTask, {}), (Texts{"a/2 PENDING"}));
}

}  // namespace
}  // namespace blox::cluster_state
