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
  EXPECT_EQ(process_->actor.why_held(kUid, kA), "");
  EXPECT_EQ(process_->actor.why_held(kUid, kB), "ECS shows it ACTIVE with its agent disconnected");
  run_for(seconds{1});
  ASSERT_EQ(control_.fake.starts.size(), 1U);
  EXPECT_EQ(control_.fake.starts.front().instances, std::vector{kA});
}

// Whatever keeps a start back, people are told.
TEST_F(ActorTest, SaysWhyAStartIsHeldBack) {
  const auto why_held = [&](bool many) {
    Plan plan = starts_on({kA});
    if (many) plan.needs_confirmation = true;
    if (!many) plan.starts[0].confirmed_at = std::nullopt;
    carry_out(plan);
    const std::string asked = process_->actor.why_held(kUid, kA);
    EXPECT_TRUE(asked.starts_with("ECS is asked ")) << asked;
    run_for(seconds{1});
    carry_out(plan);
    const std::string why = process_->actor.why_held(kUid, kA);
    run_for(seconds{60});
    return why;
  };
  EXPECT_EQ(why_held(false), "ECS does not know the instance");
  query_.undescribed[kA.value] = "ODD";
  EXPECT_EQ(why_held(false), "ECS could not describe the instance: ODD");
  query_.broken["DescribeContainerInstances"] = Error{ErrorKind::kDenied, "no right"};
  EXPECT_EQ(why_held(false), "ECS could not be asked about the instance: no right");
  put_in_ecs("unseen", kA, "RUNNING");
  EXPECT_EQ(why_held(true), "ECS shows a live task of it there that the cluster state lacks");
  query_.broken["ListTasks"] = Error{ErrorKind::kDenied, "no right"};
  EXPECT_EQ(why_held(true), "ECS could not be asked which tasks of it live: no right");
  EXPECT_TRUE(control_.fake.starts.empty());
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

// A Describe that is refused as a whole is made again by halves.
TEST_F(ActorTest, InstancesThatAreRefusedHoldUpNoOther) {
  Plan plan;
  for (int i = 0; i < 20; ++i) {
    InstanceReport report;
    report.arn = ContainerInstanceArn{"i" + std::to_string(100 + i)};
    report.cluster = kCluster;
    report.status = make_instance_status("ACTIVE");
    report.detail = R"({"agentConnected":true})";
    query_.instances[report.arn] = report;
    plan.starts.push_back({report.arn, 1, "no task there", {}, std::nullopt, std::nullopt});
    if (i < 15) query_.refused.insert(report.arn.value);
  }
  carry_out(plan);
  run_for(seconds{1});
  carry_out(plan);
  EXPECT_TRUE(process_->actor.why_held(kUid, ContainerInstanceArn{"i107"})
                  .starts_with("ECS could not describe the instance: "));
  run_for(seconds{1});
  EXPECT_EQ(records().outcomes.size(), 5U);
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

// The answer that forbade a start is not thrown away when the next plan asks for less.
TEST_F(ActorTest, WhatEcsShowedForbidsAStartAlsoWhenThePlanNeedsNoConfirmation) {
  put_in_ecs("unseen", kA, "RUNNING");
  put_in_ecs("foreign", kB, "RUNNING", DeploymentId{"somebody"});
  query_.tasks.at(TaskArn{"foreign"}).report.detail =
      R"({"group":"blox:logs","desiredStatus":"RUNNING","startedBy":"somebody"})";
  Plan plan = starts_on({kA, kB});
  plan.needs_confirmation = true;
  carry_out(plan);
  run_for(seconds{1});
  EXPECT_TRUE(records().outcomes.contains(TaskArn{"unseen"})) << "by a later process as well";
  for (int i = 0; i < 60; ++i) {
    carry_out(starts_on({kA, kB}));
    run_for(seconds{1});
  }
  EXPECT_TRUE(control_.fake.starts.empty());
  carry_out(starts_on({kA, kB}));
  EXPECT_EQ(process_->actor.why_held(kUid, kB),
            "ECS shows a live task of it there that the cluster state lacks");
  query_.tasks.at(TaskArn{"foreign"}).report.last_status = make_task_status("STOPPED");
  for (int i = 0; i < 30 && control_.fake.starts.empty(); ++i) {
    carry_out(starts_on({kA, kB}));
    run_for(seconds{1});
  }
  ASSERT_EQ(control_.fake.starts.size(), 1U);
  EXPECT_EQ(control_.fake.starts.front().instances, std::vector{kB});
}

// A store that was copied back: the picture lacks what was started since.
TEST_F(ActorTest, AnInstanceIsListedFirstWhenThePictureMayHaveGoneBackwards) {
  put_in_ecs("unseen", kA, "RUNNING");
  Plan plan = starts_on({kA, kB});
  plan.needs_listing = true;
  run_round(plan);
  run_for(seconds{1});
  EXPECT_TRUE(control_.fake.starts.empty()) << "ECS is asked first";
  run_round(plan);
  run_for(seconds{1});
  ASSERT_EQ(control_.fake.starts.size(), 1U);
  EXPECT_EQ(control_.fake.starts.front().instances, std::vector{kB});
  EXPECT_TRUE(records().outcomes.contains(TaskArn{"unseen"})) << "it is ours, and followed";
  query_.broken["ListTasks"] = Error{ErrorKind::kDenied, "no right"};
  run_for(seconds{20});
  run_round(plan);
  run_for(seconds{1});
  run_round(plan);
  EXPECT_EQ(control_.fake.starts.size(), 1U);
  EXPECT_EQ(process_->actor.why_held(kUid, kB), "ECS could not be asked what runs there: no right");
}

// A task that the picture showed when ECS was asked is told by the picture alone, and that may go
// backwards.
class AnswerTest : public ActorTest {
 protected:
  void expect_to_be_asked_anew(const Plan& plan) {
    put_in_ecs("known", kA, "RUNNING");
    show("known", kA, "RUNNING");
    run_round(plan);
    run_for(seconds{1});
    tasks_.clear();
    ++process_->context.picture_number;
    run_round(plan);
    const std::string why = process_->actor.why_held(kUid, kA);
    EXPECT_TRUE(why.contains("ECS is asked first")) << why;
    run_for(seconds{1});
    run_round(plan);
    EXPECT_EQ(process_->actor.why_held(kUid, kA),
              "ECS shows a live task of it there that the cluster state lacks");
    EXPECT_TRUE(control_.fake.starts.empty());
  }
};

TEST_F(AnswerTest, AboutAnEnvironmentServesBesideThePictureThatItWasHeldAgainst) {
  Plan plan = starts_on({kA});
  plan.needs_confirmation = true;
  expect_to_be_asked_anew(plan);
}

TEST_F(AnswerTest, AboutAnInstanceServesBesideThePictureThatItWasHeldAgainst) {
  Plan plan = starts_on({kA});
  plan.needs_listing = true;
  expect_to_be_asked_anew(plan);
}

TEST_F(ActorTest, WhatWasStartedAndIsNotSeenYetIsNotAskedAbout) {
  carry_out(starts_on({kA}));
  run_for(seconds{1});
  ASSERT_EQ(records().outcomes.size(), 1U);
  put_in_ecs(records().outcomes.begin()->first.value, kA, "RUNNING");
  query_.calls.clear();
  Plan plan = starts_on({kB});
  plan.needs_confirmation = true;
  carry_out(plan);
  EXPECT_GT(std::ranges::count(query_.calls, "ListTasks prod"), 0);
  EXPECT_TRUE(std::ranges::none_of(
      query_.calls, [](const std::string& call) { return call.starts_with("DescribeTasks"); }));
}

class HoleTest : public ActorTest {
 protected:
  // Whether something was started there in a minute; the plan asks to "confirm" or to "list".
  bool starts_on_a_or_b(const ContainerInstanceArn& instance, const char* what) {
    control_.fake.starts.clear();
    for (int i = 0; i < 20; ++i) {
      Plan plan = starts_on({kA, kB});
      (std::string_view{what} == "confirm" ? plan.needs_confirmation : plan.needs_listing) = true;
      run_round(plan);
      const std::string why = process_->actor.why_held(kUid, kA);
      if (!why.contains("ECS is asked ")) why_a_ = why;  // Each answer grows old.
      loop_.run_for(seconds{3});
    }
    return std::ranges::any_of(control_.fake.starts, [&](const auto& start) {
      return std::ranges::find(start.instances, instance) != start.instances.end();
    });
  }
  std::string why_a_;  // By the last of these rounds that knew.
};

// ECS lists it and does not describe it: nobody knows where it is, until the instances are asked.
TEST_F(HoleTest, ATaskThatNobodyCanDescribeHoldsUpItsInstanceAlone) {
  put_in_ecs("hole", kA, "RUNNING");
  query_.undescribed["hole"] = "UNDECODABLE";
  EXPECT_TRUE(starts_on_a_or_b(kB, "confirm"));
  EXPECT_FALSE(starts_on_a_or_b(kA, "confirm"));
  EXPECT_EQ(why_a_,
            "ECS shows hole there and does not describe it, so it may be of this environment");
  query_.undescribed.clear();
  query_.refused = {"hole"};
  EXPECT_FALSE(starts_on_a_or_b(kA, "confirm")) << "the same with one that a call is refused for";
  query_.refused.clear();
  query_.tasks.at(TaskArn{"hole"}).report.last_status = make_task_status("STOPPED");
  EXPECT_TRUE(starts_on_a_or_b(kA, "confirm")) << "it has ended, as ECS tells again";
}

TEST_F(HoleTest, WhatNobodyCanDescribeHoldsUpNothingWhereItIsOfAnotherFamily) {
  put_in_ecs("ours", kA, "RUNNING");
  put_in_ecs("hole", kB, "RUNNING", DeploymentId{"somebody"});
  query_.tasks.at(TaskArn{"hole"}).family = "web";
  query_.undescribed["hole"] = "UNDECODABLE";
  query_.undescribed["ours"] = "UNDECODABLE";
  EXPECT_TRUE(starts_on_a_or_b(kB, "confirm"));
  EXPECT_FALSE(starts_on_a_or_b(kA, "confirm"));
}

// Of a copied store everything may be missing, also what the environment's families do not tell.
TEST_F(HoleTest, OneOnAnInstanceHoldsItUpWhereThePictureWentBackwards) {
  put_in_ecs("hole", kA, "RUNNING", DeploymentId{"somebody"});
  query_.undescribed["hole"] = "UNDECODABLE";
  EXPECT_TRUE(starts_on_a_or_b(kB, "list"));
  EXPECT_FALSE(starts_on_a_or_b(kA, "list"));
}

TEST_F(HoleTest, OneThatIsToldToStopIsListedThereAsWell) {
  put_in_ecs("going", kA, "STOPPING");
  query_.tasks.at(TaskArn{"going"}).stopped = true;
  EXPECT_TRUE(starts_on_a_or_b(kB, "list"));
  EXPECT_FALSE(starts_on_a_or_b(kA, "list"));
}

TEST_F(HoleTest, ATaskThatEcsForgetsMeanwhileIsNone) {
  slow_query_.list_time = seconds{10};
  put_in_ecs("ending", kA, "RUNNING");
  const auto run = [&](Duration duration) {
    Plan plan = starts_on({kA});
    plan.needs_confirmation = true;
    run_round(plan);
    loop_.run_for(duration);
  };
  run(seconds{15});
  query_.tasks.clear();  // It is listed, and not described yet.
  for (int i = 0; i < 9 && control_.fake.starts.empty(); ++i) run(seconds{1});
  EXPECT_EQ(control_.fake.starts.size(), 1U);
  EXPECT_EQ(std::ranges::count(query_.calls, "ListTasks prod"), 2) << "no instance is asked";
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
