// The Repository on a store that fails: what is looked up, what a crash leaves, in which order
// writes reach the mirror.
#include "scheduler/environments/repository.h"

#include "scheduler/environments/repository_world_for_tests.h"

namespace blox::scheduler {
namespace {

// kUnknown: whether the commit happened or not, records() shows it when the call returns.
TEST_F(RepositoryTest, LooksAfterAnUnknownOutcome) {
  refuse_nothing();
  ASSERT_TRUE(put(environment("logs", "u1")));
  for (const bool done_anyway : {true, false}) {
    const std::string instance = done_anyway ? "i1" : "i2";
    faulty->commit_faults.push_back({ErrorKind::kUnknown, done_anyway});
    const auto opened = open_intents({intent("u1", instance)});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::kUnknown);
    EXPECT_EQ(repository->records().intents.size(), 1U) << instance;
  }
}

TEST_F(RepositoryTest, WritesNothingWhileItCannotLook) {
  refuse_nothing();
  ASSERT_TRUE(put(environment("logs", "u1")));
  faulty->commit_faults.push_back({ErrorKind::kUnknown, true});
  faulty->range_faults = {ErrorKind::kInternal, ErrorKind::kInternal};
  EXPECT_FALSE(open_intents({intent("u1", "i1")}));
  const auto blind = open_intents({intent("u1", "i2")});
  ASSERT_FALSE(blind);
  EXPECT_EQ(blind.error().kind, ErrorKind::kUnavailable);
  // The store can be read again: what was decided before has to be decided anew.
  const auto late = open_intents({intent("u1", "i2")});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(repository->records().intents.size(), 1U);
  EXPECT_TRUE(open_intents({intent("u1", "i2")}));
}

// Else many records would never be read from a store that is busy.
TEST_F(RepositoryTest, APageThatIsRefusedDoesNotCostThoseBeforeIt) {
  refuse_nothing();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(put(environment("e" + std::to_string(i), "u" + std::to_string(i))));
  }
  const auto unavailable = [](int count) {
    return std::deque<ErrorKind>(static_cast<std::size_t>(count), ErrorKind::kUnavailable);
  };
  faulty->range_faults = unavailable(4);
  const auto read_again = [&] {
    faulty->range_count = 0;
    faulty->commit_faults.push_back({ErrorKind::kUnknown, false});
    EXPECT_FALSE(put(environment("other", "other")));
    return faulty->range_count;
  };
  EXPECT_EQ(read_again(), 11 + 4) << "environments, their names and the mark, two keys in a page";
  EXPECT_TRUE(put(environment("more", "more")));
  faulty->range_faults = unavailable(6);
  EXPECT_EQ(read_again(), 5) << "it is given up";
  EXPECT_FALSE(put(environment("after", "after"))) << "this one reads them, and is decided anew";
  EXPECT_TRUE(put(environment("after", "after")));
}

TEST_F(RepositoryTest, WhatFailedCleanlyChangesNothingAndReadsNothing) {
  refuse_nothing();
  const int before = faulty->range_count;
  faulty->commit_faults.push_back({ErrorKind::kUnavailable});
  const auto failed = put(environment("logs", "u1"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(faulty->range_count, before);
  EXPECT_TRUE(put(environment("logs", "u1")));
}

TEST_F(RepositoryTest, StartsAReadOverThatACompactionOvertook) {
  refuse_nothing();
  ASSERT_TRUE(put({environment("a", "u1"), environment("b", "u2")}, {}));
  faulty->range_faults = {ErrorKind::kCompacted, ErrorKind::kCompacted};
  faulty->commit_faults.push_back({ErrorKind::kUnknown, false});
  EXPECT_FALSE(put(environment("c", "u3")));
  EXPECT_EQ(repository->records().environments.size(), 2U);
  EXPECT_TRUE(put(environment("c", "u3")));
}

// A snapshot from before a commit must not replace the mirror after it.
TEST_F(RepositoryTest, ReadsAnewOnlyWhenNoCommitIsUnderWay) {
  refuse_nothing();
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
  refuse_nothing();
  ASSERT_TRUE(put(environment("logs", "u1")));
  ASSERT_TRUE(open_intents({intent("u1", "i1")}));
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
  ASSERT_TRUE(remove_emptied({key})) << "its revision is the one in the store";
  EXPECT_TRUE(repository->records().emptied.empty());
}

// A handler is destroyed when its peer leaves; the store goes on, and so must the mirror.
TEST_F(RepositoryTest, FinishesAWriteWhoseCallerIsGone) {
  refuse_nothing();
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
      kept.reset();
    }
    const bool acknowledged = result && *result;
    const bool refused = result && !*result;
    restart();
    const bool there = repository->records().environments.contains(EnvironmentUid{uid});
    EXPECT_EQ(repository->records().deployments.contains(DeploymentId{"d" + uid}), there);
    EXPECT_TRUE(there || !acknowledged) << steps;
    EXPECT_FALSE(there && refused) << steps;
    EXPECT_TRUE(result || steps < 39);
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
