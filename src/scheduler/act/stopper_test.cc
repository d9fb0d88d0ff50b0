// Stops: repeated until they are seen, taken back while they can be, and over in the end.
#include "scheduler/act/stopper.h"

#include "scheduler/act/act_for_tests.h"

namespace blox::scheduler {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class StopperTest : public ActorTest {
 protected:
  StopperTest() { withdrawal_.withdrawals = {kA}; }
  // Opens a stop of task-a, of which the first call fails so. The second is not due yet.
  void call_once(ErrorKind fault) {
    control_.fake.faults = {error(fault)};
    carry_out(stop_of(TaskArn{"task-a"}));
    run_for(std::chrono::milliseconds{900});
  }
  Plan withdrawal_;  // Of that stop.
};

TEST_F(StopperTest, AStopIsRepeatedUntilThePictureShowsItsEnd) {
  show("task-a", kA, "RUNNING");
  put_in_ecs("task-a", kA, "RUNNING");
  carry_out(stop_of(TaskArn{"task-a"}));
  run_for(seconds{1});
  ASSERT_EQ(control_.fake.stops.size(), 1U);
  EXPECT_EQ(control_.fake.stops.front().reason, "blox: outdated");
  run_for(seconds{11});
  EXPECT_EQ(control_.fake.stops.size(), 2U);
  crash_and_boot();
  run_for(seconds{1});
  EXPECT_EQ(control_.fake.stops.size(), 3U) << "an open stop outlives the process";
  Plan seen;
  seen.closings = {{kA, {}}};
  carry_out(seen);
  run_for(minutes{5});
  EXPECT_FALSE(is_open(kA));
  EXPECT_EQ(control_.fake.stops.size(), 3U);
}

TEST_F(StopperTest, AStopWhoseEventWasLostIsSeenByDescribe) {
  show("task-a", kA, "RUNNING");
  put_in_ecs("task-a", kA, "STOPPED");
  carry_out(stop_of(TaskArn{"task-a"}));
  auto& report = query_.tasks.at(TaskArn{"task-a"}).report;
  report.detail = R"({"desiredStatus":"STOPPED","startedAt":"2027-01-15T08:00:00Z",)"
                  R"("stoppedReason":"blox: outdated"})";
  run_for(seconds{5});
  EXPECT_FALSE(process_->memory.ended.contains(TaskArn{"task-a"}));
  run_for(seconds{10});
  EXPECT_TRUE(process_->memory.ended.contains(TaskArn{"task-a"}));
  EXPECT_FALSE(is_open(kA)) << "the event is lost, and the next full read is far";
  ASSERT_TRUE(records().emptied.contains({kUid, kA}));
  EXPECT_EQ(records().emptied.at({kUid, kA}).task.value, "task-a")
      << "a later process knows that it is over, whatever the picture shows";
}

// Of neither end an event comes. The note of the second stop takes the place of the first one's, or
// follows it: the instance served meanwhile.
TEST_F(StopperTest, ANoteNamesAllThatIsOverAndShownAlive) {
  for (const bool served : {false, true}) {
    const auto stop = [&](const std::string& task) {
      show(task, kA, "RUNNING");
      put_in_ecs(task, kA, "STOPPED");
      query_.tasks.at(TaskArn{task}).report.detail =
          R"({"desiredStatus":"STOPPED","startedAt":"2027-01-15T08:00:00Z",)"
          R"("stoppedReason":"blox: outdated"})";
      carry_out(stop_of(TaskArn{task}));
      run_for(seconds{15});
      return records().emptied.at({kUid, kA});
    };
    show("seen", kA, "STOPPED");
    show("elsewhere", kB, "RUNNING");
    for (const char* task : {"seen", "elsewhere"}) {
      process_->memory.ended[TaskArn{task}].stopped_at = format_time(loop_.wall_now());
    }
    EXPECT_TRUE(stop("task-1").also_over.empty());
    if (served) {
      forget_emptied();
    } else {
      crash_and_boot();
    }
    EXPECT_EQ(stop("task-2").also_over, std::vector{TaskArn{"task-1"}});
    EXPECT_EQ(stop("task-3").also_over, (std::vector{TaskArn{"task-1"}, TaskArn{"task-2"}}));
    tasks_.at(TaskArn{"task-1"}).object.last_status = make_task_status("STOPPED");
    tasks_.erase(TaskArn{"task-2"});
    const Emptied last = stop("task-4");
    EXPECT_EQ(last.task, TaskArn{"task-4"});
    EXPECT_EQ(last.also_over, std::vector{TaskArn{"task-3"}});
    forget_emptied();
    tasks_.clear();
    query_.tasks.clear();
    crash_and_boot();
  }
}

// What is older than the last task there was over before; not where another was to stay.
TEST_F(StopperTest, ANoteSaysFromWhenTheTaskIsThatWasTheLastOne) {
  const auto note_of = [&](const std::string& task, std::optional<TaskArn> kept) {
    show(task, kA, "RUNNING");
    tasks_.at(TaskArn{task}).object.created_at = "2027-01-15T07:00:0" + task + "Z";
    put_in_ecs(task, kA, "STOPPED");
    query_.tasks.at(TaskArn{task}).report.detail =
        R"({"desiredStatus":"STOPPED","startedAt":"2027-01-15T08:00:00Z",)"
        R"("stoppedReason":"blox: outdated"})";
    Plan plan = stop_of(TaskArn{task});
    plan.stops.front().kept = std::move(kept);
    run_for(seconds{1}, plan);
    EXPECT_TRUE(is_open(kA));
    tasks_.erase(TaskArn{task});  // The store of the cluster state is put back.
    crash_and_boot();
    run_for(seconds{15});
    EXPECT_FALSE(is_open(kA));
    return records().emptied.at({kUid, kA}).task_created_at;
  };
  show("kept", kA, "RUNNING");
  put_in_ecs("kept", kA, "RUNNING");
  EXPECT_EQ(note_of("1", TaskArn{"kept"}), std::nullopt);
  EXPECT_EQ(note_of("2", std::nullopt), parse_time("2027-01-15T07:00:02Z").value());
  EXPECT_EQ(note_of("3", TaskArn{"kept"}), parse_time("2027-01-15T07:00:02Z").value());
}

TEST_F(StopperTest, ATaskThatEndedByItselfWasNotEmptiedByOurStop) {
  show("task-a", kA, "RUNNING");
  put_in_ecs("task-a", kA, "STOPPED");
  query_.tasks.at(TaskArn{"task-a"}).report.detail =
      R"({"desiredStatus":"STOPPED","startedAt":"2027-01-15T08:00:00Z",)"
      R"("stoppedReason":"Essential container exited"})";
  carry_out(stop_of(TaskArn{"task-a"}));
  run_for(seconds{15});
  EXPECT_FALSE(is_open(kA));
  EXPECT_TRUE(records().emptied.empty());
}

// N stops that are denied must not keep the slots from those that may be sent.
TEST_F(StopperTest, DeniedStopsPauseTheirClusterAndEnvironmentsTakeTurns) {
  refuse_nothing();
  Environment second = records().environments.at(kUid);
  second.uid = EnvironmentUid{"uid-2"};
  second.name = EnvironmentName{"second"};
  second.cluster = ClusterArn{"arn:aws:ecs:eu-west-1:123456789012:cluster/test"};
  second.mod_revision = 0;
  put({second}, {});
  control_.fake.denied_cluster = kCluster;
  Plan many;
  for (int i = 0; i < 100; ++i) {
    const std::string name = std::to_string(1000 + i);
    many.stops.push_back({ContainerInstanceArn{"i" + name}, TaskArn{"t" + name}, kDeployment.value,
                          "deleted", std::nullopt});
  }
  run_round(many);
  run_for(seconds{3});
  EXPECT_LE(control_.fake.stops.size(), 3 * ActOptions{}.stop_calls_max);
  const auto count = control_.fake.stops.size();
  process_->actor.carry_out(records().environments.at(second.uid), stop_of(TaskArn{"wanted"}));
  run_for(seconds{1});
  EXPECT_EQ(std::ranges::count(control_.fake.stops, TaskArn{"wanted"},
                               &aws::FakeEcsControl::StopCall::task),
            1);
  EXPECT_LE(control_.fake.stops.size(), count + 1 + ActOptions{}.stop_calls_max);
}

// For the planner, which counts the instance as failed.
TEST_F(StopperTest, RemembersWhatEcsRefusesUntilItDoesNot) {
  const TaskArn task{"task-a"};
  const auto& refusals = process_->memory.stop_refusals;
  control_.fake.faults = {Error{ErrorKind::kDenied, "AccessDeniedException: no"},
                          Error{ErrorKind::kThrottled, "later"},
                          Error{ErrorKind::kDenied, "ExpiredTokenException: no credentials"},
                          Error{ErrorKind::kInvalid, "InvalidParameterException: no"}};
  carry_out(stop_of(task));
  run_for(seconds{1} - std::chrono::milliseconds{100});
  ASSERT_TRUE(refusals.contains(task));
  EXPECT_EQ(refusals.at(task).count, 1);
  run_for(seconds{12});
  ASSERT_EQ(control_.fake.stops.size(), 4U);
  ASSERT_TRUE(refusals.contains(task));
  EXPECT_EQ(refusals.at(task).count, 2) << "neither a limit nor credentials are of this stop";
  EXPECT_EQ(refusals.at(task).reason, "InvalidParameterException: no");
  run_for(seconds{9});
  EXPECT_EQ(control_.fake.stops.size(), 5U);
  EXPECT_TRUE(refusals.empty()) << "it was accepted";
}

TEST_F(StopperTest, ForgetsTheRefusalsOfAStopThatIsTakenBack) {
  control_.fake.faults = {Error{ErrorKind::kDenied, "AccessDeniedException: no"}};
  carry_out(stop_of(TaskArn{"task-a"}));
  run_for(std::chrono::milliseconds{900});
  EXPECT_EQ(process_->memory.stop_refusals.size(), 1U);
  carry_out(withdrawal_);
  run_for(seconds{2});
  EXPECT_FALSE(is_open(kA));
  EXPECT_TRUE(process_->memory.stop_refusals.empty());
}

// DRAINING and ACTIVE again, or a deployment that rolls back, while no call could be made.
TEST_F(StopperTest, AStopThatWasNotSentIsTakenBack) {
  for (const auto kind : {ErrorKind::kThrottled, ErrorKind::kUnavailable, ErrorKind::kDenied}) {
    const auto count = control_.fake.stops.size();
    call_once(kind);
    EXPECT_TRUE(is_open(kA));
    carry_out(withdrawal_);
    run_for(minutes{1});
    EXPECT_FALSE(is_open(kA));
    EXPECT_EQ(control_.fake.stops.size(), count + 1) << "what was taken back is not sent";
  }
}

// A call again would end the task for sure; that ECS says it is to run proves something once the
// last call can have no effect any more that is not shown.
TEST_F(StopperTest, AStopThatMayHaveTakenEffectIsTakenBackWhenEcsSaysThatItDidNot) {
  put_in_ecs("task-a", kA, "RUNNING");
  control_.fake.faults = {error(ErrorKind::kUnknown), error(ErrorKind::kThrottled)};
  carry_out(stop_of(TaskArn{"task-a"}));
  run_for(seconds{2});
  ASSERT_EQ(control_.fake.stops.size(), 2U);
  run_for(minutes{6}, withdrawal_);
  EXPECT_TRUE(is_open(kA)) << "nobody knows what became of the first call";
  run_for(seconds{10}, withdrawal_);
  EXPECT_FALSE(is_open(kA)) << "A1, A2 and A3 add up to 363.6 s";
  EXPECT_EQ(control_.fake.stops.size(), 2U);
  EXPECT_TRUE(records().emptied.empty());
}

TEST_F(StopperTest, AStopOfAnEarlierProcessIsTakenBackLikewise) {
  put_in_ecs("task-a", kA, "RUNNING");
  call_once(ErrorKind::kThrottled);
  crash_and_boot();
  run_for(minutes{6}, withdrawal_);
  EXPECT_TRUE(is_open(kA)) << "an earlier process may have sent it";
  run_for(seconds{10}, withdrawal_);
  EXPECT_FALSE(is_open(kA));
  EXPECT_EQ(control_.fake.stops.size(), 1U);
}

// Each call may be the one that takes effect.
TEST_F(StopperTest, TheTimeToTakeAStopBackCountsFromItsLastCall) {
  put_in_ecs("task-a", kA, "RUNNING");
  call_once(ErrorKind::kUnknown);
  run_for(minutes{5}, withdrawal_);
  control_.fake.faults = {error(ErrorKind::kUnknown)};
  run_for(std::chrono::milliseconds{900});  // It is wanted again, for a moment.
  ASSERT_EQ(control_.fake.stops.size(), 2U);
  run_for(minutes{6}, withdrawal_);
  EXPECT_TRUE(is_open(kA));
  run_for(seconds{10}, withdrawal_);
  EXPECT_FALSE(is_open(kA));
  EXPECT_EQ(control_.fake.stops.size(), 2U);
}

// What ECS says is so when it is asked, not when the answer is there.
TEST_F(StopperTest, ASlowAnswerTakesNoStopBack) {
  put_in_ecs("task-a", kA, "RUNNING");
  slow_query_.describe_time = minutes{6};
  call_once(ErrorKind::kUnknown);
  run_for(minutes{12}, withdrawal_);
  EXPECT_TRUE(is_open(kA)) << "asked after 10 s, answered after the settle time";
  run_for(seconds{30}, withdrawal_);
  EXPECT_FALSE(is_open(kA));
}

TEST_F(StopperTest, AStopThatTookEffectIsNotTakenBack) {
  show("task-a", kA, "RUNNING");
  put_in_ecs("task-a", kA, "RUNNING");
  query_.tasks.at(TaskArn{"task-a"}).report.detail = R"({"desiredStatus":"STOPPED"})";
  call_once(ErrorKind::kUnknown);
  run_for(minutes{20}, withdrawal_);
  EXPECT_TRUE(is_open(kA));
  put_in_ecs("task-a", kA, "STOPPED");
  run_for(minutes{3}, withdrawal_);
  EXPECT_TRUE(process_->memory.ended.contains(TaskArn{"task-a"}));
  EXPECT_EQ(control_.fake.stops.size(), 1U);
}

TEST_F(StopperTest, AStopIsNotTakenBackWhileEcsDoesNotSay) {
  put_in_ecs("task-a", kA, "RUNNING");
  call_once(ErrorKind::kUnknown);
  query_.tasks.at(TaskArn{"task-a"}).report.detail = "{}";
  run_for(minutes{20}, withdrawal_);
  EXPECT_TRUE(is_open(kA)) << "no desired status";
  put_in_ecs("task-a", kA, "RUNNING");
  query_.undescribed["task-a"] = "ODD";
  run_for(minutes{20}, withdrawal_);
  EXPECT_TRUE(is_open(kA)) << "no answer for this one";
  query_.undescribed.clear();
  query_.broken["DescribeTasks"] = error(ErrorKind::kDenied);
  query_.calls.clear();
  run_for(minutes{20}, withdrawal_);
  EXPECT_TRUE(is_open(kA)) << "no answer";
  EXPECT_LT(query_.calls.size(), 20U);
  query_.broken.clear();
  run_for(minutes{3}, withdrawal_);
  EXPECT_FALSE(is_open(kA));
  EXPECT_EQ(control_.fake.stops.size(), 1U);
}

TEST_F(StopperTest, AStopThatIsBeingClosedIsNotSent) {
  Plan over;
  over.closings = {{kA, {}}};
  for (const Plan& meanwhile : {over, withdrawal_}) {
    const auto count = control_.fake.stops.size();
    call_once(ErrorKind::kThrottled);
    process_->log.is_full = true;
    loop_.run_for(seconds{1});  // The next call is due.
    run_round(over);
    run_for(minutes{1}, meanwhile);
    EXPECT_TRUE(is_open(kA));
    process_->log.is_full = false;
    run_for(seconds{10}, meanwhile);
    EXPECT_FALSE(is_open(kA));
    EXPECT_EQ(control_.fake.stops.size(), count + 1);
  }
}

TEST_F(StopperTest, AStopOfAnEarlierProcessWaitsForATrustedPicture) {
  put_in_ecs("task-a", kA, "RUNNING");
  carry_out(stop_of(TaskArn{"task-a"}));
  loop_.run_while_not([&] { return is_open(kA); }, seconds{1});
  crash_and_boot();
  Plan undecided;
  undecided.decided = false;
  run_for(minutes{10}, undecided);
  EXPECT_TRUE(control_.fake.stops.empty());
  EXPECT_TRUE(is_open(kA));
  run_for(seconds{1});
  EXPECT_FALSE(control_.fake.stops.empty()) << "at once, when it is decided on";
}

TEST_F(StopperTest, NoStopIsSentToWhereNobodyListens) {
  Plan silent;
  silent.silent_stops = {kA};
  carry_out(stop_of(TaskArn{"task-a"}));
  loop_.run_while_not([&] { return is_open(kA); }, seconds{1});
  run_for(minutes{1}, silent);
  EXPECT_TRUE(control_.fake.stops.empty());
  run_for(seconds{15});
  EXPECT_FALSE(control_.fake.stops.empty()) << "somebody does again";
}

TEST_F(StopperTest, AStopThatFailsIsTriedAgain) {
  control_.fake.faults.emplace_back(error(ErrorKind::kUnknown));
  control_.fake.faults.emplace_back(error(ErrorKind::kThrottled));
  carry_out(stop_of(TaskArn{"task-a"}));
  run_for(seconds{1});
  EXPECT_TRUE(is_open(kA));
  run_for(seconds{5});
  EXPECT_EQ(control_.fake.stops.size(), 3U);
  EXPECT_TRUE(is_open(kA));
}

// The picture shows a task that ECS knows no more: the stop of it must not become a fast loop.
TEST_F(StopperTest, AStopOfWhatIsNotThereWaitsAndIsOverInTheEnd) {
  show("task-a", kA, "RUNNING");
  for (int i = 0; i < 100; ++i) control_.fake.faults.emplace_back(error(ErrorKind::kNotFound));
  carry_out(stop_of(TaskArn{"task-a"}));
  run_for(minutes{5});
  EXPECT_TRUE(is_open(kA)) << "ECS may not show it yet";
  EXPECT_FALSE(process_->memory.ended.contains(TaskArn{"task-a"}));
  run_for(minutes{1});
  EXPECT_FALSE(is_open(kA));
  ASSERT_TRUE(process_->memory.ended.contains(TaskArn{"task-a"}));
  EXPECT_EQ(process_->memory.ended.at(TaskArn{"task-a"}).stopped_reason,
            "ECS does not know it any more");
  EXPECT_TRUE(records().emptied.empty());
  EXPECT_LT(control_.fake.stops.size(), 20U);
}

// Or the budget would be free for one more stop, while the instance is empty by our doing.
TEST_F(StopperTest, AStopThatAnEarlierProcessMayHaveSentCountsAsOurs) {
  show("task-a", kA, "RUNNING");
  carry_out(stop_of(TaskArn{"task-a"}));
  run_for(seconds{1});
  crash_and_boot();
  for (int i = 0; i < 100; ++i) control_.fake.faults.emplace_back(error(ErrorKind::kNotFound));
  run_for(minutes{6});
  EXPECT_FALSE(is_open(kA));
  ASSERT_TRUE(process_->memory.ended.contains(TaskArn{"task-a"}));
  const EndedTask& end = process_->memory.ended.at(TaskArn{"task-a"});
  EXPECT_EQ(end.stopped_reason, "blox: outdated");
  EXPECT_FALSE(end.started_at.empty()) << "it may have served, although nobody saw it";
  crash_and_boot();
  ASSERT_TRUE(records().emptied.contains({kUid, kA}));
  EXPECT_EQ(records().emptied.at({kUid, kA}).task, TaskArn{"task-a"});
}

// The cluster state has buried it, and nothing tells whether it served or how it ended.
TEST_F(StopperTest, AStopThatIsOverWithoutATraceCountsAsOurs) {
  const auto over_after = [&](bool sent, bool trace) {
    if (!sent) control_.fake.faults.emplace_back(error(ErrorKind::kThrottled));
    if (trace) show("task-a", kA, "STOPPED");
    carry_out(stop_of(TaskArn{"task-a"}));
    run_for(std::chrono::milliseconds{900});
    Plan over;
    over.closings = {{kA, {}}};
    carry_out(over);
    run_for(seconds{1});
    EXPECT_FALSE(is_open(kA));
    return records().emptied.contains({kUid, kA});
  };
  EXPECT_FALSE(over_after(false, false));
  EXPECT_FALSE(over_after(true, true)) << "it never served";
  tasks_.at(TaskArn{"task-a"}).object.started_at = format_time(WallTime{});
  EXPECT_FALSE(over_after(true, false)) << "it ended by itself";
  tasks_.clear();
  EXPECT_TRUE(over_after(true, false));
  EXPECT_EQ(records().emptied.begin()->second.task, TaskArn{});
  show("task-a", kA, "STOPPED");
  Task& shown = tasks_.at(TaskArn{"task-a"}).object;
  shown.started_at = format_time(WallTime{});
  shown.stopped_reason = "blox: outdated";
  EXPECT_TRUE(over_after(true, false));
  EXPECT_EQ(records().emptied.begin()->second.task, TaskArn{"task-a"});
}

TEST_F(StopperTest, AStopOfWhatCannotBeDescribedIsNotOver) {
  show("task-a", kA, "RUNNING");
  query_.undescribed["task-a"] = "ODD";
  for (int i = 0; i < 100; ++i) control_.fake.faults.emplace_back(error(ErrorKind::kNotFound));
  carry_out(stop_of(TaskArn{"task-a"}));
  run_for(minutes{20});
  EXPECT_TRUE(is_open(kA));
}

TEST_F(StopperTest, StopsNothingThatIsNotOurs) {
  Plan plan = stop_of(TaskArn{"task-a"});
  plan.stops.front().started_by = "somebody";
  carry_out(plan);
  run_for(seconds{5});
  EXPECT_TRUE(control_.fake.stops.empty());
  EXPECT_FALSE(is_open(kA));
}

}  // namespace
}  // namespace blox::scheduler
