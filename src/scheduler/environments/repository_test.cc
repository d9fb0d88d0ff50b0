// The Repository on a store in memory: what is written, what conflicts, what a crash leaves.
#include "scheduler/environments/repository.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/run_to_end_for_tests.h"
#include "base/sim_loop.h"
#include "scheduler/environments/record_codec.h"
#include "store/memory_store.h"

namespace blox::scheduler {
namespace {

// A store whose next commits fail as told. `done_anyway`: the commit is carried out all the same.
class FaultyStore final : public store::Store {
 public:
  struct Fault {
    ErrorKind kind;
    bool done_anyway = false;
  };
  FaultyStore(Executor& executor, store::Store& inner) : executor_(executor), inner_(inner) {}
  std::deque<Duration> commit_delays;       // Before the commit takes effect.
  std::deque<Duration> answer_delays;       // After it did.
  Duration range_delay = Duration::zero();  // After the snapshot was read.
  std::deque<Fault> commit_faults;
  std::deque<ErrorKind> range_faults;
  int range_count = 0;

  Async<Result<store::Page>> range(store::RangeRequest request) override {
    ++range_count;
    if (!range_faults.empty()) {
      const ErrorKind kind = range_faults.front();
      range_faults.pop_front();
      co_return fail(kind, "told to fail");
    }
    request.limit = 2;  // So that every read has pages.
    auto page = co_await inner_.range(std::move(request));
    co_await sleep_for(executor_, range_delay);
    co_return page;
  }
  Async<Result<store::Revision>> commit(store::Commit commit) override {
    if (!commit_delays.empty()) {
      const Duration delay = commit_delays.front();
      commit_delays.pop_front();
      co_await sleep_for(executor_, delay);
    }
    if (commit_faults.empty()) {
      const Duration delay = answer_delays.empty() ? Duration::zero() : answer_delays.front();
      if (!answer_delays.empty()) answer_delays.pop_front();
      auto revision = co_await inner_.commit(std::move(commit));
      co_await sleep_for(executor_, delay);
      co_return revision;
    }
    const Fault fault = commit_faults.front();
    commit_faults.pop_front();
    if (fault.done_anyway) {
      const auto revision = co_await inner_.commit(std::move(commit));
      EXPECT_TRUE(revision);
    }
    co_return fail(fault.kind, "told to fail");
  }
  std::unique_ptr<store::Watch> watch(std::string prefix, store::Revision from) override {
    return inner_.watch(std::move(prefix), from);
  }
  Async<Status> compact(store::Revision revision) override {
    co_return co_await inner_.compact(revision);
  }
  store::StoreInfo info() const override { return inner_.info(); }

 private:
  Executor& executor_;
  store::Store& inner_;
};

class RepositoryTest : public testing::Test {
 protected:
  RepositoryTest() { restart(); }

  // What a crash and a new start leave: the disk alone.
  void restart() {
    repository.reset();
    faulty.reset();
    memory.reset();
    memory = std::make_unique<store::MemoryStore>(loop, disk);
    faulty = std::make_unique<FaultyStore>(loop, *memory);
    repository = std::make_unique<Repository>(loop, *faulty);
    ASSERT_TRUE(run(repository->load()));
  }

  template <class T>
  T run(Async<T> work) {
    return run_to_end(loop, std::move(work));
  }

  static Environment environment(const std::string& name, const std::string& uid) {
    Environment made;
    made.uid = EnvironmentUid{uid};
    made.name = EnvironmentName{name};
    made.deployment = DeploymentId{"in force"};
    return made;
  }
  static Deployment deployment(const std::string& id, const std::string& uid) {
    Deployment made;
    made.id = DeploymentId{id};
    made.environment = EnvironmentUid{uid};
    return made;
  }
  static Intent intent(const std::string& uid, const std::string& instance) {
    Intent made;
    made.environment = EnvironmentUid{uid};
    made.instance = ContainerInstanceArn{instance};
    made.deployment = DeploymentId{"in force"};
    made.launch_id = "launch of " + instance;
    return made;
  }
  static Outcome outcome(const std::string& uid, const std::string& task) {
    Outcome made;
    made.environment = EnvironmentUid{uid};
    made.task = TaskArn{task};
    return made;
  }
  Status put(Environment made) { return run(repository->put({std::move(made)}, {})); }
  const Environment& stored(const std::string& uid) {
    return repository->records().environments.at(EnvironmentUid{uid});
  }

  SimLoop loop{1};
  std::shared_ptr<store::MemoryDisk> disk = store::make_memory_disk(1);
  std::unique_ptr<store::MemoryStore> memory;
  std::unique_ptr<FaultyStore> faulty;
  std::unique_ptr<Repository> repository;
};

TEST_F(RepositoryTest, KeepsRecordsOverARestart) {
  ASSERT_TRUE(run(repository->put({environment("logs", "u1"), environment("proxy", "u2")},
                                  {deployment("d1", "u1"), deployment("d2", "u2")})));
  ASSERT_TRUE(run(repository->open_intents({intent("u1", "i1"), intent("u1", "i2")})));
  const auto first =
      repository->records().intents.at({EnvironmentUid{"u1"}, ContainerInstanceArn{"i1"}});
  EXPECT_GT(first.mod_revision, 0);
  ASSERT_TRUE(run(repository->close_intents({IntentClosing{
      {first.environment, first.instance}, first.mod_revision, {outcome("u1", "t1")}}})));
  restart();
  const auto& records = repository->records();
  EXPECT_EQ(records.environments.size(), 2U);
  EXPECT_EQ(records.deployments.size(), 2U);
  ASSERT_EQ(records.intents.size(), 1U);
  EXPECT_EQ(records.intents.begin()->second.launch_id, "launch of i2");
  EXPECT_EQ(records.outcomes.size(), 1U);
  ASSERT_NE(repository->find_environment(EnvironmentName{"proxy"}), nullptr);
  EXPECT_EQ(repository->find_environment(EnvironmentName{"proxy"})->uid.value, "u2");
}

TEST_F(RepositoryTest, GivesANameOnceAndFreesItByDeleting) {
  ASSERT_TRUE(put(environment("logs", "u1")));
  const auto taken = put(environment("logs", "u2"));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().kind, ErrorKind::kConflict);
  Environment deleting = stored("u1");
  deleting.deleting = true;
  ASSERT_TRUE(put(deleting));
  EXPECT_EQ(repository->find_environment(EnvironmentName{"logs"}), nullptr);
  ASSERT_TRUE(put(environment("logs", "u2")));
  // The old one's second write must not take the name away from the new one.
  ASSERT_TRUE(put(stored("u1")));
  EXPECT_FALSE(put(environment("logs", "u3")));
  restart();
  EXPECT_EQ(repository->find_environment(EnvironmentName{"logs"})->uid.value, "u2");
}

TEST_F(RepositoryTest, RefusesAWriteFromAnOutdatedRecord) {
  ASSERT_TRUE(put(environment("logs", "u1")));
  Environment mine = stored("u1");
  Environment yours = stored("u1");
  mine.deployment_token = "mine";
  yours.deployment_token = "yours";
  ASSERT_TRUE(put(mine));
  const auto late = run(repository->put({yours}, {deployment("d1", "u1")}));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(stored("u1").deployment_token, "mine");
  EXPECT_TRUE(repository->records().deployments.empty());
}

TEST_F(RepositoryTest, OpensOneIntentAnInstanceAllOrNothing) {
  ASSERT_TRUE(put(environment("logs", "u1")));
  ASSERT_TRUE(put(environment("proxy", "u2")));
  ASSERT_TRUE(run(repository->open_intents({intent("u1", "i1")})));
  const auto again = run(repository->open_intents({intent("u1", "i2"), intent("u1", "i1")}));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(repository->records().intents.size(), 1U);
  EXPECT_TRUE(run(repository->open_intents({intent("u2", "i1")}))) << "of another environment";
}

TEST_F(RepositoryTest, OpensNoIntentOfADeploymentThatIsNotInForce) {
  const auto kind_of = [&](Intent asked) {
    const auto opened = run(repository->open_intents({std::move(asked)}));
    return opened ? std::nullopt : std::optional{opened.error().kind};
  };
  EXPECT_EQ(kind_of(intent("u1", "i1")), ErrorKind::kConflict) << "no such environment";
  ASSERT_TRUE(put(environment("logs", "u1")));
  Intent older = intent("u1", "i1");
  older.deployment = DeploymentId{"older"};
  EXPECT_EQ(kind_of(older), ErrorKind::kConflict);
  Environment deleting = stored("u1");
  deleting.deleting = true;
  ASSERT_TRUE(put(deleting));
  EXPECT_EQ(kind_of(intent("u1", "i1")), ErrorKind::kConflict);
  older.kind = IntentKind::kStop;
  EXPECT_EQ(kind_of(older), std::nullopt) << "its tasks are stopped all the same";
}

// Whichever of the two reaches the store first, no intent is left without its environment.
TEST_F(RepositoryTest, ADeleteAndAnIntentAtTheSameTimeExcludeEachOther) {
  for (const bool delete_first : {true, false}) {
    const std::string uid = delete_first ? "u1" : "u2";
    ASSERT_TRUE(put(environment(uid, uid)));
    Environment deleting = stored(uid);
    deleting.deleting = true;
    std::optional<Status> deleted;
    std::optional<Result<std::vector<Intent>>> opened;
    Scope scope{loop};
    // The second one leaves while the first is under way, from the same picture.
    faulty->commit_delays = {std::chrono::seconds{1}, std::chrono::seconds{2}};
    if (delete_first) scope.spawn(keep(repository->put({deleting}, {}), deleted));
    loop.run_for(std::chrono::milliseconds{1});
    scope.spawn(keep(repository->open_intents({intent(uid, "i1")}), opened));
    loop.run_for(std::chrono::milliseconds{1});
    if (!delete_first) scope.spawn(keep(repository->put({deleting}, {}), deleted));
    EXPECT_TRUE(repository->has_intents(EnvironmentUid{uid})) << "one is being opened";
    const auto removed = run(repository->remove(EnvironmentUid{uid}));
    ASSERT_FALSE(removed);
    EXPECT_EQ(removed.error().kind, ErrorKind::kConflict);
    loop.run_for(std::chrono::seconds{10});
    ASSERT_TRUE(deleted && *deleted && opened);
    EXPECT_EQ(opened->has_value(), !delete_first);
    EXPECT_EQ(repository->has_intents(EnvironmentUid{uid}), !delete_first);
  }
}

TEST_F(RepositoryTest, ClosesAnIntentOnlyAsItWasRead) {
  ASSERT_TRUE(put(environment("logs", "u1")));
  ASSERT_TRUE(run(repository->open_intents({intent("u1", "i1")})));
  const IntentKey key{EnvironmentUid{"u1"}, ContainerInstanceArn{"i1"}};
  const auto revision = repository->records().intents.at(key).mod_revision;
  const auto wrong =
      run(repository->close_intents({IntentClosing{key, revision + 1, {outcome("u1", "t1")}}}));
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(repository->records().outcomes.empty());
  EXPECT_EQ(repository->records().intents.size(), 1U);
}

TEST_F(RepositoryTest, SplitsWhatIsTooMuchForOneCommit) {
  ASSERT_TRUE(put(environment("logs", "u1")));
  std::vector<IntentClosing> closings;
  for (int part = 0; part < 3; ++part) {
    std::vector<Intent> intents;
    for (int i = 0; i < 120; ++i) {
      intents.push_back(intent("u1", "i" + std::to_string(part * 120 + i)));
    }
    const auto opened = run(repository->open_intents(intents));
    ASSERT_TRUE(opened);
    for (const auto& each : *opened) {
      closings.push_back({{each.environment, each.instance},
                          each.mod_revision,
                          {outcome("u1", "t of " + each.instance.value)},
                          Emptied{each.environment, each.instance, {}, {}}});
    }
  }
  ASSERT_TRUE(run(repository->close_intents(closings)));
  EXPECT_TRUE(repository->records().intents.empty());
  ASSERT_EQ(repository->records().outcomes.size(), 360U);
  EXPECT_EQ(repository->records().emptied.size(), 360U);
  std::vector<TaskArn> tasks{TaskArn{"never seen"}};
  for (const auto& [task, kept] : repository->records().outcomes) tasks.push_back(task);
  tasks.push_back(tasks.back());
  ASSERT_TRUE(run(repository->remove_outcomes(tasks)));
  restart();
  EXPECT_TRUE(repository->records().outcomes.empty());
  EXPECT_TRUE(repository->records().intents.empty());
}

TEST_F(RepositoryTest, NotesEmptiedInstancesWhileTheirEnvironmentIsThere) {
  ASSERT_TRUE(put(environment("logs", "u1")));
  std::vector<Emptied> emptied{{EnvironmentUid{"gone"}, ContainerInstanceArn{"i0"}, {}, {}}};
  for (int i = 1; i <= 250; ++i) {
    emptied.push_back(
        {EnvironmentUid{"u1"}, ContainerInstanceArn{"i" + std::to_string(i)}, {}, {}});
  }
  ASSERT_TRUE(run(repository->put_emptied(emptied)));
  restart();
  ASSERT_EQ(repository->records().emptied.size(), 250U);
  std::vector<IntentKey> refilled;
  for (const auto& [key, each] : repository->records().emptied) refilled.push_back(key);
  const IntentKey kept = refilled.back();
  refilled.pop_back();
  ASSERT_TRUE(run(repository->remove_emptied(refilled)));
  restart();
  ASSERT_EQ(repository->records().emptied.size(), 1U);
  EXPECT_EQ(repository->records().emptied.begin()->first, kept);
}

TEST_F(RepositoryTest, RemovesAnEnvironmentWithAllThatIsIts) {
  ASSERT_TRUE(run(repository->put({environment("logs", "u1"), environment("proxy", "u2")}, {})));
  for (int i = 0; i < 130; ++i) {
    ASSERT_TRUE(run(repository->put({}, {deployment("d" + std::to_string(i), "u1")})));
  }
  ASSERT_TRUE(run(repository->put({}, {deployment("other", "u2")})));
  ASSERT_TRUE(run(repository->open_intents({intent("u1", "i1")})));
  const auto& opened = repository->records().intents.begin()->second;
  ASSERT_TRUE(run(repository->close_intents({IntentClosing{
      {opened.environment, opened.instance}, opened.mod_revision, {outcome("u1", "t1")}}})));
  ASSERT_TRUE(
      run(repository->put_emptied({{EnvironmentUid{"u1"}, ContainerInstanceArn{"i1"}, {}, {}},
                                   {EnvironmentUid{"u2"}, ContainerInstanceArn{"i1"}, {}, {}}})));
  const auto refused = run(repository->remove(EnvironmentUid{"u1"}));
  ASSERT_FALSE(refused) << "its outcome is not resolved";
  EXPECT_EQ(refused.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(repository->records().deployments.size(), 131U);
  ASSERT_TRUE(run(repository->remove_outcomes({TaskArn{"t1"}})));
  ASSERT_TRUE(run(repository->remove(EnvironmentUid{"u1"})));
  ASSERT_TRUE(run(repository->remove(EnvironmentUid{"u1"}))) << "already gone";
  for (const bool restarted : {false, true}) {
    if (restarted) restart();
    EXPECT_EQ(repository->records().environments.size(), 1U);
    EXPECT_EQ(repository->records().deployments.size(), 1U);
    EXPECT_TRUE(repository->records().outcomes.empty());
    EXPECT_EQ(repository->records().emptied.size(), 1U);
  }
  EXPECT_TRUE(put(environment("logs", "u3"))) << "the name is free again";
}

// kUnknown: whether the commit happened or not, records() shows it when the call returns.
TEST_F(RepositoryTest, LooksAfterAnUnknownOutcome) {
  ASSERT_TRUE(put(environment("logs", "u1")));
  for (const bool done_anyway : {true, false}) {
    const std::string instance = done_anyway ? "i1" : "i2";
    faulty->commit_faults.push_back({ErrorKind::kUnknown, done_anyway});
    const auto opened = run(repository->open_intents({intent("u1", instance)}));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::kUnknown);
    EXPECT_EQ(repository->records().intents.size(), 1U) << instance;
  }
}

TEST_F(RepositoryTest, WritesNothingWhileItCannotLook) {
  ASSERT_TRUE(put(environment("logs", "u1")));
  faulty->commit_faults.push_back({ErrorKind::kUnknown, true});
  faulty->range_faults = {ErrorKind::kInternal, ErrorKind::kInternal};
  EXPECT_FALSE(run(repository->open_intents({intent("u1", "i1")})));
  const auto blind = run(repository->open_intents({intent("u1", "i2")}));
  ASSERT_FALSE(blind);
  EXPECT_EQ(blind.error().kind, ErrorKind::kUnavailable);
  // The store can be read again: what was decided before has to be decided anew.
  const auto late = run(repository->open_intents({intent("u1", "i2")}));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(repository->records().intents.size(), 1U);
  EXPECT_TRUE(run(repository->open_intents({intent("u1", "i2")})));
}

TEST_F(RepositoryTest, WhatFailedCleanlyChangesNothingAndReadsNothing) {
  const int before = faulty->range_count;
  faulty->commit_faults.push_back({ErrorKind::kUnavailable});
  const auto failed = put(environment("logs", "u1"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(faulty->range_count, before);
  EXPECT_TRUE(put(environment("logs", "u1")));
}

TEST_F(RepositoryTest, StartsAReadOverThatACompactionOvertook) {
  ASSERT_TRUE(run(repository->put({environment("a", "u1"), environment("b", "u2")}, {})));
  faulty->range_faults = {ErrorKind::kCompacted, ErrorKind::kCompacted};
  faulty->commit_faults.push_back({ErrorKind::kUnknown, false});
  EXPECT_FALSE(put(environment("c", "u3")));
  EXPECT_EQ(repository->records().environments.size(), 2U);
  EXPECT_TRUE(put(environment("c", "u3")));
}

// A snapshot from before a commit must not replace the mirror after it.
TEST_F(RepositoryTest, ReadsAnewOnlyWhenNoCommitIsUnderWay) {
  ASSERT_TRUE(put(environment("logs", "u1")));
  faulty->commit_delays = {std::chrono::seconds{5}};
  faulty->range_delay = std::chrono::seconds{10};
  std::optional<Status> slow;
  Scope scope{loop};
  scope.spawn(keep(repository->put({environment("slow", "u2")}, {}), slow));
  loop.run_for(std::chrono::seconds{1});
  const auto taken = put(environment("logs", "u3"));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().kind, ErrorKind::kConflict);
  loop.run_for(std::chrono::minutes{1});
  ASSERT_TRUE(slow && *slow);
  EXPECT_NE(repository->find_environment(EnvironmentName{"slow"}), nullptr);
}

// However they are answered: two of the same record come when a stop's end is seen and its intent
// closed in one round.
TEST_F(RepositoryTest, CommitsReachTheMirrorInTheirOrder) {
  ASSERT_TRUE(put(environment("logs", "u1")));
  ASSERT_TRUE(run(repository->open_intents({intent("u1", "i1")})));
  const Intent& open = repository->records().intents.begin()->second;
  const IntentKey key{open.environment, open.instance};
  IntentClosing closing{key, open.mod_revision, {}};
  closing.emptied = Emptied{key.first, key.second, {}, TaskArn{"t"}};
  faulty->answer_delays = {std::chrono::seconds{5}};
  std::optional<Status> slow;
  std::optional<Status> fast;
  Scope scope{loop};
  scope.spawn(keep(repository->put_emptied({{key.first, key.second, {}, TaskArn{}}}), slow));
  loop.run_for(std::chrono::seconds{1});
  scope.spawn(keep(repository->close_intents({closing}), fast));
  loop.run_for(std::chrono::seconds{1});
  EXPECT_FALSE(fast) << "nobody knows yet which one came first";
  loop.run_for(std::chrono::minutes{1});
  ASSERT_TRUE(slow && *slow && fast && *fast);
  EXPECT_TRUE(repository->records().intents.empty());
  ASSERT_EQ(repository->records().emptied.size(), 1U);
  EXPECT_EQ(repository->records().emptied.begin()->second.task, TaskArn{"t"});
  ASSERT_TRUE(run(repository->remove_emptied({key}))) << "its revision is the one in the store";
  EXPECT_TRUE(repository->records().emptied.empty());
}

// A handler is destroyed when its peer leaves; the store goes on, and so must the mirror.
TEST_F(RepositoryTest, FinishesAWriteWhoseCallerIsGone) {
  {
    Scope scope{loop};
    std::optional<Status> result;
    scope.spawn(keep(repository->put({environment("logs", "u1")}, {}), result));
    while (faulty->info().revision == 0 && !result && loop.step()) {
    }
    ASSERT_FALSE(result) << "the caller goes before it hears of the outcome";
  }
  loop.run_for(std::chrono::seconds{1});
  ASSERT_NE(repository->find_environment(EnvironmentName{"logs"}), nullptr);
  Environment changed = stored("u1");
  changed.deployment_token = "next";
  EXPECT_TRUE(put(changed));
}

// A crash at any step of any seed: what was acknowledged is there, all of a commit or nothing.
TEST_F(RepositoryTest, CrashesBetweenAnyTwoSteps) {
  for (int steps = 0; steps < 40; ++steps) {
    const std::string uid = "u" + std::to_string(steps);
    std::optional<Status> result;
    {
      Scope scope{loop};
      scope.spawn(
          keep(repository->put({environment(uid, uid)}, {deployment("d" + uid, uid)}), result));
      for (int step = 0; step < steps && loop.step(); ++step) {
      }
      repository.reset();
      memory.reset();
    }
    const bool acknowledged = result && *result;
    restart();
    const bool there = repository->records().environments.contains(EnvironmentUid{uid});
    EXPECT_EQ(repository->records().deployments.contains(DeploymentId{"d" + uid}), there);
    EXPECT_TRUE(there || !acknowledged) << steps;
    EXPECT_TRUE(acknowledged || steps < 39);
  }
}

TEST_F(RepositoryTest, TellsOfEveryChange) {
  int told = 0;
  const auto count = [&]() -> Async<void> {
    while (true) {
      co_await repository->changed().wait();
      ++told;
    }
  };
  Scope scope{loop};
  scope.spawn(count());
  loop.run_for(std::chrono::seconds{1});
  ASSERT_TRUE(put(environment("logs", "u1")));
  loop.run_for(std::chrono::seconds{1});
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace blox::scheduler
