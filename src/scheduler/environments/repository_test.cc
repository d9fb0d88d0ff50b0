// The Repository on a store in memory that is busy: what is written, and what conflicts.
#include "scheduler/environments/repository.h"

#include "scheduler/environments/repository_world_for_tests.h"

namespace blox::scheduler {
namespace {

TEST_F(RepositoryTest, KeepsRecordsOverARestart) {
  ASSERT_TRUE(put({environment("logs", "u1"), environment("proxy", "u2")},
                  {deployment("d1", "u1"), deployment("d2", "u2")}));
  ASSERT_TRUE(open_intents({intent("u1", "i1"), intent("u1", "i2")}));
  const auto first =
      repository->records().intents.at({EnvironmentUid{"u1"}, ContainerInstanceArn{"i1"}});
  EXPECT_GT(first.mod_revision, 0);
  ASSERT_TRUE(close_intents({IntentClosing{
      {first.environment, first.instance}, first.mod_revision, {outcome("u1", "t1")}}}));
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
  const auto late = put({yours}, {deployment("d1", "u1")});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(stored("u1").deployment_token, "mine");
  EXPECT_TRUE(repository->records().deployments.empty());
}

TEST_F(RepositoryTest, ReadsAnewWhatSomebodyElseHasChanged) {
  ASSERT_TRUE(put(environment("logs", "u1")));
  Repository other{loop, *faulty};
  ASSERT_TRUE(run_to_end(loop, other.load()));
  Environment mine = stored("u1");
  Environment theirs = mine;
  mine.deployment_token = "mine";
  theirs.deployment_token = "theirs";
  ASSERT_TRUE(insist([&] { return other.put({theirs}, {}); }));
  const auto late = put(mine);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(stored("u1").deployment_token, "theirs");
}

TEST_F(RepositoryTest, OpensOneIntentAnInstanceAllOrNothing) {
  ASSERT_TRUE(put(environment("logs", "u1")));
  ASSERT_TRUE(put(environment("proxy", "u2")));
  ASSERT_TRUE(open_intents({intent("u1", "i1")}));
  const auto again = open_intents({intent("u1", "i2"), intent("u1", "i1")});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(repository->records().intents.size(), 1U);
  EXPECT_TRUE(open_intents({intent("u2", "i1")})) << "of another environment";
}

TEST_F(RepositoryTest, OpensNoIntentOfADeploymentThatIsNotInForce) {
  const auto kind_of = [&](Intent asked) {
    const auto opened = open_intents({std::move(asked)});
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
  refuse_nothing();
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
    const auto removed = remove(uid);
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
  ASSERT_TRUE(open_intents({intent("u1", "i1")}));
  const IntentKey key{EnvironmentUid{"u1"}, ContainerInstanceArn{"i1"}};
  const auto revision = repository->records().intents.at(key).mod_revision;
  const auto wrong = close_intents({IntentClosing{key, revision + 1, {outcome("u1", "t1")}}});
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
    const auto opened = open_intents(intents);
    ASSERT_TRUE(opened);
    for (const auto& each : *opened) {
      closings.push_back({{each.environment, each.instance},
                          each.mod_revision,
                          {outcome("u1", "t of " + each.instance.value)},
                          Emptied{each.environment, each.instance, {}, {}}});
    }
  }
  ASSERT_TRUE(close_intents(closings));
  EXPECT_TRUE(repository->records().intents.empty());
  ASSERT_EQ(repository->records().outcomes.size(), 360U);
  EXPECT_EQ(repository->records().emptied.size(), 360U);
  std::vector<TaskArn> tasks{TaskArn{"never seen"}};
  for (const auto& [task, outcome] : repository->records().outcomes) tasks.push_back(task);
  tasks.push_back(tasks.back());
  ASSERT_TRUE(remove_outcomes(tasks));
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
  ASSERT_TRUE(put_emptied(emptied));
  restart();
  ASSERT_EQ(repository->records().emptied.size(), 250U);
  std::vector<IntentKey> refilled;
  for (const auto& [key, each] : repository->records().emptied) refilled.push_back(key);
  const IntentKey left = refilled.back();
  refilled.pop_back();
  ASSERT_TRUE(remove_emptied(refilled));
  restart();
  ASSERT_EQ(repository->records().emptied.size(), 1U);
  EXPECT_EQ(repository->records().emptied.begin()->first, left);
}

TEST_F(RepositoryTest, RemovesAnEnvironmentWithAllThatIsIts) {
  ASSERT_TRUE(put({environment("logs", "u1"), environment("proxy", "u2")}, {}));
  for (int i = 0; i < 130; ++i) {
    ASSERT_TRUE(put({}, {deployment("d" + std::to_string(i), "u1")}));
  }
  ASSERT_TRUE(put({}, {deployment("other", "u2")}));
  ASSERT_TRUE(open_intents({intent("u1", "i1")}));
  const auto& opened = repository->records().intents.begin()->second;
  ASSERT_TRUE(close_intents({IntentClosing{
      {opened.environment, opened.instance}, opened.mod_revision, {outcome("u1", "t1")}}}));
  ASSERT_TRUE(put_emptied({{EnvironmentUid{"u1"}, ContainerInstanceArn{"i1"}, {}, {}},
                           {EnvironmentUid{"u2"}, ContainerInstanceArn{"i1"}, {}, {}}}));
  const auto refused = remove("u1");
  ASSERT_FALSE(refused) << "its outcome is not resolved";
  EXPECT_EQ(refused.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(repository->records().deployments.size(), 131U);
  ASSERT_TRUE(remove_outcomes({TaskArn{"t1"}}));
  ASSERT_TRUE(remove("u1"));
  ASSERT_TRUE(remove("u1")) << "already gone";
  for (const bool restarted : {false, true}) {
    if (restarted) restart();
    EXPECT_EQ(repository->records().environments.size(), 1U);
    EXPECT_EQ(repository->records().deployments.size(), 1U);
    EXPECT_TRUE(repository->records().outcomes.empty());
    EXPECT_EQ(repository->records().emptied.size(), 1U);
  }
  EXPECT_TRUE(put(environment("logs", "u3"))) << "the name is free again";
}

}  // namespace
}  // namespace blox::scheduler
