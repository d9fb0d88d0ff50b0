// The mirror against a scripted service.
#include "client/cluster_mirror.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/scope.h"
#include "base/sim_loop.h"

namespace blox::client {
namespace {

using namespace std::chrono_literals;

// What streams will give, one script a stream opened; after its last batch a stream stays silent.
template <class Object>
struct Script {
  using Step = Result<std::vector<Change<Object>>>;
  std::deque<Result<std::deque<Step>>> streams;
  std::vector<std::string> starts;  // "store@version", or "all".

  static Change<Object> put(EntityVersion version, std::string arn) {
    Change<Object> change;
    change.entry.entity_version = version;
    change.entry.object.arn.value = std::move(arn);
    return change;
  }
  static Change<Object> deleted(EntityVersion version, std::string arn) {
    auto change = put(version, std::move(arn));
    change.kind = ChangeKind::kDeleted;
    return change;
  }
  static Change<Object> bookmark(EntityVersion version, std::string store = "s",
                                 SyncTimes synced_at = {}) {
    Change<Object> change;
    change.kind = ChangeKind::kBookmark;
    change.bookmark = {std::move(store), version, std::move(synced_at)};
    return change;
  }
};

template <class Object>
class ScriptedStream final : public ChangeStream<Object> {
 public:
  using Steps = std::deque<typename Script<Object>::Step>;
  ScriptedStream(Executor& executor, Steps steps)
      : executor_(executor), steps_(std::move(steps)), never_(executor) {}
  Async<Result<std::vector<Change<Object>>>> next() override {
    co_await sleep_for(executor_, 1s);
    while (steps_.empty()) co_await never_.wait();
    auto step = std::move(steps_.front());
    steps_.pop_front();
    co_return step;
  }

 private:
  Executor& executor_;
  Steps steps_;
  Signal never_;
};

class ScriptedState final : public ClusterState {
 public:
  explicit ScriptedState(Executor& used) : executor(used) {}
  Async<Result<TaskListing>> list_tasks(TaskFilter) override { co_return TaskListing{}; }
  Async<Result<InstanceListing>> list_instances(InstanceFilter) override {
    co_return InstanceListing{};
  }
  Async<Result<Versioned<Task>>> get_task(std::string, TaskArn) override {
    co_return Versioned<Task>{};
  }
  Async<Result<Versioned<ContainerInstance>>> get_instance(std::string,
                                                           ContainerInstanceArn) override {
    co_return Versioned<ContainerInstance>{};
  }
  Async<Result<std::unique_ptr<TaskStream>>> open_task_stream(StreamStart start) override {
    return open(tasks, std::move(start));
  }
  Async<Result<std::unique_ptr<InstanceStream>>> open_instance_stream(StreamStart start) override {
    return open(instances, std::move(start));
  }

  Executor& executor;
  Script<Task> tasks;
  Script<ContainerInstance> instances;

 private:
  template <class Object>
  Async<Result<std::unique_ptr<ChangeStream<Object>>>> open(Script<Object>& script,
                                                            StreamStart start) {
    script.starts.push_back(
        start.store_id.empty() ? "all" : start.store_id + "@" + std::to_string(start.after));
    if (script.streams.empty()) co_return fail(ErrorKind::kUnavailable, "nobody there");
    auto steps = std::move(script.streams.front());
    script.streams.pop_front();
    if (!steps) co_return std::unexpected<Error>(steps.error());
    co_return std::make_unique<ScriptedStream<Object>>(executor, *std::move(steps));
  }
};

using Tasks = Script<Task>;
using Instances = Script<ContainerInstance>;
using Steps = std::deque<Tasks::Step>;
using Arns = std::vector<std::string>;

class ClusterMirrorTest : public ::testing::Test {
 protected:
  void start() { scope.spawn(mirror.run()); }
  Arns arns() const {
    Arns found;
    for (const auto& [arn, task] : mirror.tasks()) {
      found.push_back(arn.value + "@" + std::to_string(task.entity_version));
    }
    return found;
  }
  void give_instances(std::string store = "s") {
    std::deque<Instances::Step> steps;
    steps.emplace_back(std::vector{Instances::bookmark(9, std::move(store), synced)});
    source.instances.streams.emplace_back(std::move(steps));
  }

  SimLoop loop{1};
  Random random{1};
  ScriptedState source{loop};
  SyncTimes synced{{ClusterArn{"a"}, WallTime{5s}}, {ClusterArn{"b"}, WallTime{5s}}};
  ClusterMirror mirror{loop, random, source};
  Scope scope{loop};
};

// The clock of the service's machine may be anything; it tells ages.
TEST_F(ClusterMirrorTest, GoesByTheAgesThatTheServiceTells) {
  auto mark = Tasks::bookmark(3, "s", {{ClusterArn{"a"}, loop.wall_now() + 1h}});
  mark.bookmark.sync_ages = {{ClusterArn{"a"}, 90s}};
  mark.bookmark.unconfirmed = {ClusterArn{"a"}};
  Steps steps;
  steps.emplace_back(std::vector{mark});
  mark.bookmark.unconfirmed.clear();
  mark.bookmark.sync_ages = {{ClusterArn{"a"}, 1s}};
  steps.emplace_back(std::vector{mark});
  source.tasks.streams.emplace_back(std::move(steps));
  synced = {{ClusterArn{"a"}, loop.wall_now()}};
  give_instances();
  start();
  loop.run_for(1500ms);
  ASSERT_TRUE(mirror.is_loaded());
  EXPECT_GE(loop.now() - mirror.synced_at().at(ClusterArn{"a"}), Duration{90s});
  EXPECT_LT(loop.now() - mirror.synced_at().at(ClusterArn{"a"}), Duration{91s});
  EXPECT_TRUE(mirror.is_unconfirmed(ClusterArn{"a"}));
  EXPECT_FALSE(mirror.is_unconfirmed(ClusterArn{"b"}));
  loop.run_for(1s);
  EXPECT_FALSE(mirror.is_unconfirmed(ClusterArn{"a"}));
  EXPECT_LT(loop.now() - mirror.synced_at().at(ClusterArn{"a"}), Duration{3s});
}

// A service of before tells no ages, and its clock may have stood at any date.
TEST_F(ClusterMirrorTest, AMarkOfAnyDateHasAnAge) {
  synced = {{ClusterArn{"first"}, *parse_time("0000-01-01T00:00:00Z")},
            {ClusterArn{"last"}, *parse_time("9999-12-31T23:59:59Z")}};
  Steps steps;
  steps.emplace_back(std::vector{Tasks::bookmark(3, "s", synced)});
  source.tasks.streams.emplace_back(std::move(steps));
  give_instances();
  start();
  loop.run_for(1s);
  ASSERT_TRUE(mirror.is_loaded());
  EXPECT_EQ(loop.now() - mirror.synced_at().at(ClusterArn{"first"}), Duration{codec::kAgeMax});
  EXPECT_EQ(loop.now() - mirror.synced_at().at(ClusterArn{"last"}), Duration{});
}

TEST_F(ClusterMirrorTest, HoldsWhenEcsSaidWhatItHolds) {
  const auto aged = [](EntityVersion version, std::string arn, std::optional<Duration> age) {
    auto change = Instances::put(version, std::move(arn));
    change.entry.age = age;
    return change;
  };
  std::deque<Instances::Step> steps;
  steps.emplace_back(std::vector{aged(1, "x", 5min), aged(2, "y", 1min), aged(3, "z", {}),
                                 Instances::bookmark(3, "s", synced)});
  steps.emplace_back(std::vector{aged(4, "x", 1s), aged(5, "y", {}), Instances::deleted(6, "z")});
  steps.emplace_back(std::vector{Instances::deleted(7, "x")});
  source.instances.streams.emplace_back(std::move(steps));
  start();
  loop.run_for(500ms);
  EXPECT_TRUE(mirror.told_at().empty());
  const auto age_of = [&](const char* arn) {
    const auto found = mirror.told_at().find(ContainerInstanceArn{arn});
    return found == mirror.told_at().end() ? Duration{-1s} : loop.now() - found->second;
  };
  loop.run_for(1s);
  EXPECT_GE(age_of("x"), Duration{5min});
  EXPECT_LT(age_of("x"), Duration{5min + 1s});
  EXPECT_GE(age_of("y"), Duration{1min});
  EXPECT_EQ(age_of("z"), Duration{-1s}) << "nobody knows";
  loop.run_for(1s);
  EXPECT_LT(age_of("x"), Duration{2s});
  EXPECT_EQ(age_of("y"), Duration{-1s}) << "what is said of it now may be older than before";
  loop.run_for(1s);
  EXPECT_TRUE(mirror.told_at().empty());
}

TEST_F(ClusterMirrorTest, TellsWhichClustersLackTasks) {
  auto mark = Tasks::bookmark(3, "s", synced);
  mark.bookmark.holes[ClusterArn{"a"}].add(TaskArn{"hole"});
  mark.bookmark.holes[ClusterArn{"b"}].add(ContainerInstanceArn{"instance"});
  Steps steps;
  steps.emplace_back(std::vector{mark});
  steps.emplace_back(std::vector{Tasks::put(4, "hole")});
  mark.bookmark.holes[ClusterArn{"a"}].task_count = 2;
  mark.bookmark.entity_version = 5;
  steps.emplace_back(std::vector{mark});
  mark.bookmark.holes.clear();
  mark.bookmark.entity_version = 6;
  steps.emplace_back(std::vector{mark});
  source.tasks.streams.emplace_back(std::move(steps));
  give_instances();
  start();
  loop.run_for(1500ms);
  ASSERT_TRUE(mirror.is_loaded());
  EXPECT_TRUE(mirror.lacks_tasks(ClusterArn{"a"}));
  EXPECT_FALSE(mirror.lacks_tasks(ClusterArn{"b"})) << "an instance starts nothing by itself";
  EXPECT_FALSE(mirror.lacks_tasks(ClusterArn{"c"}));
  loop.run_for(1s);
  EXPECT_FALSE(mirror.lacks_tasks(ClusterArn{"a"})) << "it is here by now";
  loop.run_for(1s);
  EXPECT_TRUE(mirror.lacks_tasks(ClusterArn{"a"})) << "but not the one without a name";
  loop.run_for(1s);
  EXPECT_FALSE(mirror.lacks_tasks(ClusterArn{"a"}));
}

// Its versions may go on where ours stand, and what was written between is not the same.
TEST_F(ClusterMirrorTest, ReadsAnewWhatAServiceOpenedAnew) {
  auto mark = Tasks::bookmark(3, "s", synced);
  mark.bookmark.epoch = "one";
  Steps first;
  first.emplace_back(std::vector{Tasks::put(1, "x"), mark});
  first.emplace_back(fail(ErrorKind::kUnavailable, "broken off"));
  source.tasks.streams.emplace_back(std::move(first));
  mark.bookmark.epoch = "two";
  Steps resumed;
  resumed.emplace_back(std::vector{Tasks::put(4, "y"), mark});
  source.tasks.streams.emplace_back(std::move(resumed));
  Steps anew;
  anew.emplace_back(std::vector{Tasks::put(4, "y"), mark});
  source.tasks.streams.emplace_back(std::move(anew));
  give_instances();
  start();
  loop.run_for(10s);
  EXPECT_EQ(source.tasks.starts, (Arns{"all", "s@3", "all"}));
  EXPECT_EQ(arns(), Arns{"y@4"});
}

// A drain that the one half shows, and the other half's tasks of before: nobody waits for those
// that came since.
TEST_F(ClusterMirrorTest, IsNotLoadedWhileOneHalfIsOfAnotherOpening) {
  auto tasks = Tasks::bookmark(3, "s", synced);
  tasks.bookmark.epoch = "one";
  Steps of_tasks;
  of_tasks.emplace_back(std::vector{Tasks::put(1, "x"), tasks});
  source.tasks.streams.emplace_back(std::move(of_tasks));
  auto instances = Instances::bookmark(9, "s", synced);
  for (const char* epoch : {"one", "two"}) {
    instances.bookmark.epoch = epoch;
    std::deque<Instances::Step> steps;
    steps.emplace_back(std::vector{instances});
    if (instances.bookmark.epoch == "one") {
      steps.emplace_back(fail(ErrorKind::kCompacted, "opened anew"));
    }
    source.instances.streams.emplace_back(std::move(steps));
  }
  start();
  loop.run_while_not([&] { return mirror.is_loaded(); }, 10s);
  EXPECT_TRUE(mirror.is_loaded());
  loop.run_for(10s);
  EXPECT_EQ(source.instances.starts.size(), 2U);
  EXPECT_FALSE(mirror.is_loaded());
}

TEST_F(ClusterMirrorTest, IsLoadedOnlyWhenAllHasCome) {
  const WallTime read = loop.wall_now() - 1h;
  synced = {{ClusterArn{"a"}, read + 1s}, {ClusterArn{"b"}, read + 1s}};
  Steps steps;
  steps.emplace_back(std::vector{Tasks::put(1, "x"), Tasks::put(2, "y")});
  steps.emplace_back(
      std::vector{Tasks::bookmark(3, "s", {{ClusterArn{"a"}, read}, {ClusterArn{"c"}, read}})});
  steps.emplace_back(std::vector{Tasks::deleted(4, "x"), Tasks::put(5, "y")});
  source.tasks.streams.emplace_back(std::move(steps));
  give_instances();
  start();
  loop.run_for(1500ms);
  EXPECT_EQ(arns(), Arns{}) << "a part of a picture is none";
  EXPECT_FALSE(mirror.is_loaded());
  EXPECT_TRUE(mirror.is_stale());
  EXPECT_EQ(mirror.store_id(), "");
  loop.run_for(1s);
  EXPECT_EQ(arns(), (Arns{"x@1", "y@2"}));
  EXPECT_TRUE(mirror.is_loaded());
  EXPECT_FALSE(mirror.is_stale());
  EXPECT_EQ(mirror.store_id(), "s");
  EXPECT_EQ(mirror.task_version(), 3);
  EXPECT_EQ(mirror.instance_version(), 9);
  ASSERT_EQ(mirror.synced_at().size(), 1U) << "only what both have";
  EXPECT_EQ(loop.now() - mirror.synced_at().at(ClusterArn{"a"}), loop.wall_now() - read);
  loop.run_for(1s);
  EXPECT_EQ(arns(), Arns{"y@5"});
  EXPECT_EQ(mirror.task_version(), 5);
  loop.run_for(40s);
  EXPECT_TRUE(mirror.is_stale()) << "nothing came for more than 30 s";
  EXPECT_TRUE(mirror.is_loaded());
}

TEST_F(ClusterMirrorTest, ResumesWhatBrokeOffAndReadsAnewWhatIsGone) {
  Steps first;
  first.emplace_back(std::vector{Tasks::put(1, "x"), Tasks::bookmark(3)});
  first.emplace_back(std::vector{Tasks::put(4, "y")});
  first.emplace_back(fail(ErrorKind::kUnavailable, "broken"));
  Steps second;
  second.emplace_back(std::vector{Tasks::put(6, "z")});
  second.emplace_back(fail(ErrorKind::kCompacted, "gone"));
  Steps third;
  third.emplace_back(std::vector{Tasks::put(7, "w")});
  third.emplace_back(fail(ErrorKind::kUnavailable, "broken in the middle"));
  Steps fourth;
  fourth.emplace_back(std::vector{Tasks::put(8, "v")});
  fourth.emplace_back(std::vector{Tasks::bookmark(9)});
  source.tasks.streams.emplace_back(std::move(first));
  source.tasks.streams.emplace_back(std::move(second));
  source.tasks.streams.emplace_back(std::move(third));
  source.tasks.streams.emplace_back(std::move(fourth));
  give_instances();
  start();
  ASSERT_TRUE(loop.run_while_not([&] { return source.tasks.starts.size() == 4; }, 1min));
  EXPECT_EQ(arns(), (Arns{"x@1", "y@4", "z@6"})) << "the old picture stays until the new is whole";
  loop.run_for(5s);
  EXPECT_EQ(arns(), Arns{"v@8"});
  EXPECT_EQ(source.tasks.starts, (Arns{"all", "s@4", "all", "all"}));
  EXPECT_EQ(mirror.list_count(), 3U);
}

// Lines prove little: those of a list that is still coming are no picture, and those of a stream
// that is being caught up are of the past.
TEST_F(ClusterMirrorTest, OnlyBookmarksTellThatItIsUpToDate) {
  Steps first;
  first.emplace_back(std::vector{Tasks::put(1, "x"), Tasks::bookmark(3)});
  first.emplace_back(fail(ErrorKind::kCompacted, "gone"));
  Steps second;
  for (int line = 0; line < 50; ++line) second.emplace_back(std::vector{Tasks::put(4, "y")});
  second.emplace_back(std::vector{Tasks::bookmark(5)});
  source.tasks.streams.emplace_back(std::move(first));
  source.tasks.streams.emplace_back(std::move(second));
  std::deque<Instances::Step> instances;
  for (int mark = 0; mark < 100; ++mark) {
    instances.emplace_back(std::vector{Instances::bookmark(9, "s", synced)});
  }
  source.instances.streams.emplace_back(std::move(instances));
  start();
  loop.run_for(1500ms);
  const auto contact = mirror.last_contact();
  ASSERT_TRUE(contact);
  loop.run_for(40s);
  EXPECT_EQ(mirror.last_contact(), contact) << "a list is coming";
  EXPECT_TRUE(mirror.is_stale());
  EXPECT_TRUE(mirror.is_loaded());
  loop.run_for(20s);
  EXPECT_FALSE(mirror.is_stale());
  EXPECT_GT(mirror.last_contact(), contact);
}

// Each stream breaks off in the middle of its list, which costs the service a list each time.
TEST_F(ClusterMirrorTest, ListsThatNeverEndAreAskedForLessAndLessOften) {
  for (int attempt = 0; attempt < 500; ++attempt) {
    Steps steps;
    steps.emplace_back(std::vector{Tasks::put(1, "x")});
    steps.emplace_back(fail(ErrorKind::kInternal, "a line that cannot be read"));
    source.tasks.streams.emplace_back(std::move(steps));
  }
  give_instances();
  start();
  loop.run_for(1000s);
  EXPECT_LT(source.tasks.starts.size(), 200U);
}

TEST_F(ClusterMirrorTest, TwoStoresAreNoPicture) {
  Steps first;
  first.emplace_back(std::vector{Tasks::put(1, "x"), Tasks::bookmark(3, "old")});
  first.emplace_back(std::vector{Tasks::bookmark(4, "new")});
  Steps second;
  second.emplace_back(std::vector{Tasks::bookmark(5, "new")});
  source.tasks.streams.emplace_back(std::move(first));
  source.tasks.streams.emplace_back(std::move(second));
  give_instances("new");
  start();
  loop.run_for(1500ms);
  EXPECT_FALSE(mirror.is_loaded());
  loop.run_for(5s);
  EXPECT_TRUE(mirror.is_loaded());
  EXPECT_EQ(mirror.store_id(), "new");
  EXPECT_EQ(arns(), Arns{});
  EXPECT_EQ(source.tasks.starts, (Arns{"all", "all"}));
}

TEST_F(ClusterMirrorTest, BacksOffWithABound) {
  start();
  loop.run_for(10s);
  const auto first = source.tasks.starts.size();
  EXPECT_GE(first, 6U);   // 100 ms doubled: 0.1, 0.2, … 6.4 s.
  EXPECT_LE(first, 10U);  // Half of it at least.
  loop.run_for(1000s);
  EXPECT_GE(source.tasks.starts.size() - first, 90U);  // 10 s at most.
  EXPECT_LE(source.tasks.starts.size() - first, 201U);
}

}  // namespace
}  // namespace blox::client
