// How environments adopt tasks that nobody here has started.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scheduler/api/scheduler_api_for_tests.h"

namespace blox::scheduler {
namespace {

using testing::HasSubstr;
using testing::Not;

UnclaimedLine line(const std::string& task, const std::string& started_by) {
  return {TaskArn{task},
          ContainerInstanceArn{"i-" + task},
          TaskDefinitionArn{"logs:1"},
          started_by,
          /*will_end=*/false,
          WallTime{}};
}

// One task each.
std::vector<UnclaimedLine> unclaimed_of(int deployment_count) {
  std::vector<UnclaimedLine> tasks;
  for (int i = 0; i < deployment_count; ++i) {
    tasks.push_back(line("t" + std::to_string(i), "lost-" + std::to_string(i)));
  }
  return tasks;
}

TEST_F(SchedulerApiTest, AdoptsWhatNobodyHereHasStarted) {
  create("logs");
  EXPECT_EQ(ask("POST", "/v1/environments/no/adopt").status, 404);
  EXPECT_EQ(ask("POST", "/v1/environments/logs/adopt?dryRun=perhaps").status, 400);
  EXPECT_EQ(ask("POST", "/v1/environments/logs/adopt").status, 503) << "no round has looked yet";
  board.environments[stored("logs").uid].is_decided = false;
  EXPECT_EQ(ask("POST", "/v1/environments/logs/adopt").status, 503) << "nothing is read yet";
  board.environments[stored("logs").uid].is_decided = true;
  auto& unclaimed = board.environments[stored("logs").uid].unclaimed;
  EXPECT_EQ(ask("POST", "/v1/environments/logs/adopt").body, R"({"items":[],"dryRun":false})");
  unclaimed = {line("a", "lost"),  line("b", "lost"),  line("c", ""),
               line("d", "mixed"), line("e", "mixed"), line("f", "ending")};
  unclaimed[4].task_definition = TaskDefinitionArn{"logs:2"};
  unclaimed[5].will_end = true;
  const auto shown = ask("POST", "/v1/environments/logs/adopt?dryRun=true");
  EXPECT_TRUE(shown.body.starts_with(
      R"({"items":[{"taskARN":"a","containerInstanceARN":"i-a","taskDefinition":"logs:1",)"
      R"("startedBy":"lost","adopted":true},)"))
      << shown.body;
  EXPECT_TRUE(shown.body.ends_with(R"(],"dryRun":true})"));
  EXPECT_TRUE(repository.records().deployments.empty());
  const auto adopted = ask("POST", "/v1/environments/logs/adopt");
  EXPECT_EQ(adopted.status, 200);
  for (const char* why :
       {"it has no startedBy, by which", "is of another definition: d\"",
        "is of another definition: e\"", "the delete of its environment stops it"}) {
    EXPECT_NE(adopted.body.find(why), std::string::npos) << adopted.body;
  }
  ASSERT_EQ(repository.records().deployments.size(), 1U);
  const Deployment& deployment = repository.records().deployments.at(DeploymentId{"lost"});
  EXPECT_EQ(deployment.status, DeploymentStatus::kSuperseded);
  EXPECT_EQ(deployment.task_definition, TaskDefinitionArn{"logs:1"});
  EXPECT_EQ(deployment.environment, stored("logs").uid);
  EXPECT_NE(ask("POST", "/v1/environments/logs/adopt").body.find("own already"), std::string::npos);
  EXPECT_EQ(deploy("logs").status, 200) << "an adopted deployment is none in progress";
}

// A store that was restored from a copy of weeks ago: as many deployments as were made since.
TEST_F(SchedulerApiTest, AdoptsTheTasksOfHowManyDeploymentsSoever) {
  create("logs");
  kept.store.refuse_nothing();
  auto& unclaimed = board.environments[stored("logs").uid].unclaimed;
  unclaimed = unclaimed_of(/*deployment_count=*/120);
  std::string planned = ask("POST", "/v1/environments/logs/adopt?dryRun=true").body;
  EXPECT_TRUE(repository.records().deployments.empty());
  const auto adopted = ask("POST", "/v1/environments/logs/adopt");
  EXPECT_EQ(adopted.status, 200);
  EXPECT_EQ(repository.records().deployments.size(), 120U);
  EXPECT_EQ(adopted.body, planned.replace(planned.rfind("true"), 4, "false"));
  EXPECT_THAT(adopted.body, Not(HasSubstr(R"("adopted":false)")));
}

// Its caller goes away, or the store fails.
TEST_F(SchedulerApiTest, AnAdoptionThatEndedHalfWayIsRepeated) {
  create("logs");
  kept.store.refuse_nothing();
  const auto tasks = unclaimed_of(/*deployment_count=*/120);
  const auto& deployments = repository.records().deployments;
  {
    std::optional<Result<std::vector<Adoption>>> result;
    Scope scope{loop};
    scope.spawn(keep(operations.adopt("logs", tasks, /*dry_run=*/false), result));
    ASSERT_TRUE(loop.run_while_not([&] { return !deployments.empty(); }, std::chrono::minutes{1}));
    ASSERT_FALSE(result);
  }
  loop.run_for(std::chrono::minutes{1});
  const auto half = deployments;
  ASSERT_LT(half.size(), 120U);
  const auto rest = run_to_end(loop, operations.adopt("logs", tasks, /*dry_run=*/false));
  ASSERT_TRUE(rest.has_value());
  EXPECT_EQ(deployments.size(), 120U);
  for (const auto& adoption : *rest) {
    const DeploymentId id{adoption.task.started_by};
    const bool was_adopted = half.contains(id);
    EXPECT_EQ(adoption.why_not, was_adopted ? "it is the environment's own already" : "");
    if (was_adopted) {
      EXPECT_EQ(deployments.at(id).mod_revision, half.at(id).mod_revision) << "not twice";
    }
  }
}

TEST_F(SchedulerApiTest, AnAdoptionGoesOnWhenItsEnvironmentIsChanged) {
  create("logs");
  kept.store.refuse_nothing();
  std::optional<Result<std::vector<Adoption>>> result;
  Scope scope{loop};
  scope.spawn(keep(operations.adopt("logs", unclaimed_of(/*deployment_count=*/120),
                                    /*dry_run=*/false),
                   result));
  for (int count = 0; count < 3; ++count) {
    EXPECT_EQ(ask("PATCH", "/v1/environments/logs", R"({"maxUnavailable":2})").status, 200);
  }
  ASSERT_TRUE(loop.run_while_not([&] { return result.has_value(); }, std::chrono::minutes{1}));
  ASSERT_TRUE(result->has_value());
  for (const auto& adoption : **result) EXPECT_EQ(adoption.why_not, "");
  EXPECT_EQ(repository.records().deployments.size(), 120U);
  EXPECT_EQ(stored("logs").rollout.max_unavailable.amount, 2) << "nothing of it is undone";
}

// Its tasks were listed for the environment that had the name before.
TEST_F(SchedulerApiTest, AnAdoptionIsNotThatOfTheNextEnvironmentOfItsName) {
  create("logs");
  Repository other{loop, kept.store.slow};
  ASSERT_TRUE(run_to_end(loop, other.load()));
  Environment ending = stored("logs");
  Environment next = ending;
  ending.deleting = true;
  ASSERT_TRUE(insist(loop, [&] { return other.put({ending}, {}); }));
  next.uid = EnvironmentUid{"next"};
  next.mod_revision = 0;
  ASSERT_TRUE(insist(loop, [&] { return other.put({next}, {}); }));
  const auto adopted = insist(loop, [&] {
    return operations.adopt("logs", unclaimed_of(/*deployment_count=*/1), /*dry_run=*/false);
  });
  ASSERT_EQ(stored("logs").uid, next.uid);
  ASSERT_FALSE(adopted.has_value());
  EXPECT_EQ(adopted.error().kind, ErrorKind::kNotFound);
  EXPECT_TRUE(repository.records().deployments.empty());
}

}  // namespace
}  // namespace blox::scheduler
