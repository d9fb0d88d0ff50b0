// What is asked of ECS before a start, and for how long the answer serves.
#include "scheduler/act/confirmer.h"

#include "scheduler/act/act_for_tests.h"

namespace blox::scheduler {
namespace {

using std::chrono::seconds;

TEST_F(ActorTest, AnOldObservationIsConfirmedByDescribeFirst) {
  InstanceReport report;
  report.arn = kA;
  report.cluster = kCluster;
  report.status = make_instance_status("ACTIVE");
  report.detail = R"({"agentConnected":true})";
  query_.instances[kA] = report;
  report.arn = kB;
  report.detail = R"({"agentConnected":false})";
  query_.instances[kB] = report;
  Plan plan = starts_on({kA, kB});
  plan.starts[0].confirmed_at = std::nullopt;
  plan.starts[1].confirmed_at = std::nullopt;
  carry_out(plan);
  run_for(seconds{1});
  EXPECT_TRUE(control_.fake.starts.empty());
  carry_out(plan);
  run_for(seconds{1});
  ASSERT_EQ(control_.fake.starts.size(), 1U);
  EXPECT_EQ(control_.fake.starts.front().instances, std::vector{kA});
}

TEST_F(ActorTest, AnInstanceThatCannotBeDescribedHoldsUpNoOther) {
  InstanceReport report;
  report.arn = kB;
  report.cluster = kCluster;
  report.status = make_instance_status("ACTIVE");
  report.detail = R"({"agentConnected":true})";
  query_.instances[kB] = report;
  query_.undescribed[kA.value] = "ODD";
  Plan plan = starts_on({kA, kB});
  for (auto& start : plan.starts) start.confirmed_at = std::nullopt;
  carry_out(plan);
  run_for(seconds{1});
  carry_out(plan);
  run_for(seconds{1});
  ASSERT_EQ(control_.fake.starts.size(), 1U);
  EXPECT_EQ(control_.fake.starts.front().instances, std::vector{kB});
}

TEST_F(ActorTest, ManyStartsAreConfirmedByListTasksFirst) {
  put_in_ecs("unseen", kA, "RUNNING");
  Plan plan = starts_on({kA, kB});
  plan.needs_confirmation = true;
  carry_out(plan);
  run_for(seconds{1});
  EXPECT_TRUE(control_.fake.starts.empty());
  carry_out(plan);
  run_for(seconds{1});
  ASSERT_EQ(control_.fake.starts.size(), 1U);
  EXPECT_EQ(control_.fake.starts.front().instances, std::vector{kB});
  EXPECT_TRUE(process_->actor.next_due().has_value());
}

TEST_F(ActorTest, AConfirmationThatTakesLongServesAllTheSame) {
  slow_query_.list_time = seconds{30};
  put_in_ecs("going", kB, "STOPPING");
  query_.tasks.at(TaskArn{"going"}).stopped = true;
  put_in_ecs("foreign", kA, "RUNNING", DeploymentId{"somebody"});
  for (int i = 0; i < 90 && control_.fake.starts.empty(); ++i) {
    Plan plan = starts_on({kA, kB});
    plan.needs_confirmation = true;
    carry_out(plan);
    run_for(seconds{1});
  }
  ASSERT_EQ(control_.fake.starts.size(), 1U);
  EXPECT_EQ(control_.fake.starts.front().instances, std::vector{kA});
  EXPECT_EQ(std::ranges::count(query_.calls, "ListTasks prod"), 2) << "one family, two statuses";
}

TEST_F(ActorTest, AConfirmationThatFailsIsNotRepeatedAtOnce) {
  query_.broken["ListTasks"] = error(ErrorKind::kThrottled);
  for (int i = 0; i < 60; ++i) {
    Plan plan = starts_on({kA});
    plan.needs_confirmation = true;
    carry_out(plan);
    run_for(seconds{1});
  }
  EXPECT_LE(query_.calls.size(), 7U);
  EXPECT_TRUE(control_.fake.starts.empty());
}

}  // namespace
}  // namespace blox::scheduler
