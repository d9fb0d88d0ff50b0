// The end of an environment, whatever else is under way.
#include "scheduler/act/remover.h"

#include "scheduler/act/act_for_tests.h"

namespace blox::scheduler {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(ActorTest, ADeleteThatOvertakesAStartPreventsIt) {
  refuse_nothing();
  Environment environment = records().environments.at(kUid);
  environment.deleting = true;
  std::optional<Status> deleted;
  Scope scope{loop_};
  auto remove = [&]() -> Async<void> {
    std::vector<Environment> environments{environment};
    deleted.emplace(co_await process_->repository.put(std::move(environments), {}));
  };
  scope.spawn(remove());
  loop_.run_for(std::chrono::milliseconds{1});  // It is under way.
  ASSERT_FALSE(deleted);
  carry_out(starts_on({kA}));  // Planned before the delete is known.
  run_for(minutes{1});
  ASSERT_TRUE(deleted && *deleted);
  EXPECT_TRUE(records().environments.empty());
  EXPECT_TRUE(records().intents.empty());
  EXPECT_TRUE(records().outcomes.empty()) << "or it was started, and waited for";
}

// ECS refuses every question about a cluster that was deleted: nothing may wait for an answer.
TEST_F(ActorTest, ADeletedClusterLeavesNothingOpen) {
  const Error gone{ErrorKind::kNotFound, "ecs: 400 ClusterNotFoundException: Cluster not found."};
  carry_out(starts_on({kA}));
  run_for(seconds{1});
  control_.fake.faults.emplace_back(error(ErrorKind::kUnknown));
  carry_out(starts_on({kB}));
  run_for(seconds{1});
  control_.fake.faults.emplace_back(error(ErrorKind::kUnknown));
  carry_out(stop_of(TaskArn{"task-a"}));
  run_for(std::chrono::milliseconds{500});
  EXPECT_EQ(records().outcomes.size(), 1U);
  EXPECT_TRUE(is_open(kA) && is_open(kB));
  query_.broken["ListTasks"] = gone;
  query_.broken["DescribeTasks"] = gone;
  Environment environment = records().environments.at(kUid);
  environment.deleting = true;
  environment.terminate_tasks = true;
  put({environment}, {});
  Plan undecided;  // A cluster that is gone has no picture to trust.
  undecided.decided = false;
  run_for(minutes{6}, undecided);
  EXPECT_EQ(records().outcomes.size(), 1U) << "not before the settle time";
  EXPECT_TRUE(is_open(kB)) << "not before the settle time";
  run_for(minutes{7}, undecided);
  EXPECT_TRUE(records().outcomes.empty());
  EXPECT_FALSE(is_open(kA) || is_open(kB));
  EXPECT_TRUE(records().environments.empty());
}

// Removed with its outcomes, the next environment of its name would start beside its tasks.
TEST_F(ActorTest, ADeletedEnvironmentWaitsForTheTasksThatNobodyHasSeenYet) {
  carry_out(starts_on({kA}));
  run_for(seconds{1});
  ASSERT_EQ(records().outcomes.size(), 1U);
  const TaskArn task = records().outcomes.begin()->first;
  Environment environment = records().environments.at(kUid);
  environment.deleting = true;
  put({environment}, {});
  run_for(minutes{2});
  EXPECT_TRUE(records().environments.contains(kUid));
  EXPECT_TRUE(records().outcomes.contains(task));
  put_in_ecs(task.value, kA, "RUNNING");
  show(task.value, kA, "RUNNING");
  run_for(minutes{6});
  EXPECT_TRUE(records().environments.empty()) << "the picture shows it, and that for long";
}

TEST_F(ActorTest, ADeletedEnvironmentGoesWhenNothingOfItIsOpen) {
  carry_out(starts_on({kA}));
  run_for(seconds{1});
  Environment environment = records().environments.at(kUid);
  environment.deleting = true;
  environment.terminate_tasks = true;
  put_in_ecs("left", kA, "RUNNING");
  put({environment}, {});
  run_for(minutes{10});
  EXPECT_TRUE(records().environments.contains(kUid)) << "ECS lists a task of it";
  query_.tasks.clear();
  run_for(minutes{5});
  EXPECT_TRUE(records().environments.contains(kUid)) << "the list may lag";
  run_for(minutes{1});
  EXPECT_TRUE(records().environments.empty());
  EXPECT_TRUE(records().outcomes.empty());
}

}  // namespace
}  // namespace blox::scheduler
