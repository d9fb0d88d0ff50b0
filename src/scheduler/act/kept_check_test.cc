// What is asked of ECS before one of two tasks is stopped.
#include "scheduler/act/kept_check.h"

#include "scheduler/act/act_for_tests.h"

namespace blox::scheduler {
namespace {

using std::chrono::seconds;

class KeptCheckTest : public ActorTest {
 protected:
  // A round that stops "extra" as "kept" is to stay.
  void round() {
    Plan plan = stop_of(TaskArn{"extra"});
    plan.stops.front().kept = TaskArn{"kept"};
    carry_out(plan);
  }
  std::string why_held() const { return process_->actor.why_held(kUid, kA); }
};

TEST_F(KeptCheckTest, StopsTheOneWhenTheOtherLives) {
  put_in_ecs("kept", kA, "RUNNING");
  round();
  EXPECT_FALSE(is_open(kA));
  EXPECT_EQ(why_held(), "ECS is asked first whether the task that stays lives");
  run_for(seconds{1});
  EXPECT_TRUE(control_.fake.stops.empty());
  round();
  EXPECT_EQ(why_held(), "");
  run_for(seconds{1});
  ASSERT_EQ(control_.fake.stops.size(), 1U);
  EXPECT_EQ(control_.fake.stops.front().task, TaskArn{"extra"});
}

// The event of its end is lost, and a crash has taken what a Describe had told.
TEST_F(KeptCheckTest, LearnsThatTheOtherHasEnded) {
  show("kept", kA, "PENDING");
  put_in_ecs("kept", kA, "STOPPED");
  round();
  run_for(seconds{1});
  EXPECT_TRUE(process_->memory.ended.contains(TaskArn{"kept"}));
  round();
  EXPECT_EQ(why_held(), "the task that stays has ended");
  run_for(seconds{5});
  EXPECT_TRUE(control_.fake.stops.empty());
}

TEST_F(KeptCheckTest, WhatIsOnItsWayDownDoesNotStay) {
  put_in_ecs("kept", kA, "RUNNING");
  query_.tasks.at(TaskArn{"kept"}).report.detail = R"({"desiredStatus":"STOPPED"})";
  round();
  run_for(seconds{1});
  round();
  EXPECT_EQ(why_held(), "the task that stays is on its way down");
  run_for(seconds{5});
  EXPECT_TRUE(control_.fake.stops.empty());
}

TEST_F(KeptCheckTest, StopsNothingWhileNobodyCanTell) {
  const auto why = [&] {
    round();
    run_for(seconds{1});
    round();
    const std::string held = why_held();
    EXPECT_TRUE(process_->actor.next_due().has_value());
    run_for(seconds{30});  // Past the age of the answer.
    return held;
  };
  EXPECT_EQ(why(), "ECS does not know the task that stays");
  query_.undescribed["kept"] = "ODD";
  EXPECT_EQ(why(), "ECS could not describe the task that stays: ODD");
  query_.broken["DescribeTasks"] = Error{ErrorKind::kDenied, "no right"};
  EXPECT_EQ(why(), "ECS could not be asked whether the task that stays lives: no right");
  for (int i = 0; i < 60; ++i) {
    round();
    run_for(seconds{1});
  }
  EXPECT_LE(query_.calls.size(), 10U) << "it is not asked again at once";
  EXPECT_TRUE(control_.fake.stops.empty());
}

TEST_F(KeptCheckTest, AsksAgainWhenEcsCanBeAskedAgain) {
  query_.broken["DescribeTasks"] = error(ErrorKind::kUnavailable);
  round();
  run_for(seconds{1});
  query_.broken.clear();
  put_in_ecs("kept", kA, "RUNNING");
  run_for(seconds{30});
  round();
  run_for(seconds{1});
  round();
  run_for(seconds{1});
  EXPECT_EQ(control_.fake.stops.size(), 1U);
}

}  // namespace
}  // namespace blox::scheduler
