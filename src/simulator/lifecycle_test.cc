// The way of a task through its states, by itself, when stopped, when it dies, without its agent.
#include "simulator/lifecycle.h"

#include <string>
#include <vector>

#include "simulator/account_for_tests.h"
#include "simulator/describe.h"

namespace blox::simulator {
namespace {

using namespace std::chrono_literals;

// Writes down "RUNNING>STOPPED" and so on: lastStatus, and desiredStatus once it differs.
class Diary final : public WorldObserver {
 public:
  void on_task(const Task& task, const TaskState* before) override {
    const TaskState& now = task.present();
    if (before != nullptr) {
      EXPECT_EQ(now.version, before->version + 1);
    }
    if (before != nullptr && before->last_status == now.last_status) {
      words.append(" stop");
    } else {
      words.append(" ").append(format(TaskStatus{now.last_status, {}}));
    }
  }
  void on_instance(const Instance& instance, const InstanceState*) override {
    const InstanceState& now = instance.present();
    counts = std::to_string(now.pending_count) + "/" + std::to_string(now.running_count) + "/" +
             std::to_string(now.used.cpu);
  }
  void on_start_asked(const Instance&, std::string_view) override {}
  void on_stop_asked(const Task&, std::string_view) override {}
  std::string words;
  std::string counts;  // Pending, running, CPU in use.
};

const char kWayUp[] = " PROVISIONING PENDING ACTIVATING RUNNING";
const char kWayDown[] = " DEACTIVATING STOPPING DEPROVISIONING STOPPED";

TEST(Lifecycle, ARevisionMayDieOrHang) {
  Account account;
  const auto instances = account.set_up(2);
  account.simulator.faults.revisions["d:1"].life = 5s;
  Task* task = account.start(*instances[0]);
  account.loop.run_for(1min);
  EXPECT_EQ(task->present().stop_code, "EssentialContainerExited");
  EXPECT_EQ(*task->present().stopping_at - *task->present().started_at, 5s);

  account.simulator.faults.revisions["d:1"] = {.life = {}, .hangs = true};
  Diary diary;
  account.simulator.world.add_observer(diary);
  Task* hanging = account.start(*instances[0]);
  account.loop.run_for(10min);
  EXPECT_EQ(diary.words, " PROVISIONING PENDING");
  account.simulator.launches.stop(*hanging, "enough");
  account.loop.run_for(1min);
  EXPECT_EQ(diary.words, std::string{" PROVISIONING PENDING stop"} + kWayDown);
  diary.words.clear();
  account.start(*instances[1]);
  account.loop.run_for(1min);
  account.simulator.faults.revisions.clear();
  account.loop.run_for(1min);
  EXPECT_EQ(diary.words, kWayUp) << "it goes on when the fault is taken back";
}

TEST(Lifecycle, ARevisionMayBeDeniedAndAnInstanceRefused) {
  Account account;
  const auto instances = account.set_up(2);
  account.simulator.faults.revisions["d:1"].denied = true;
  const std::string start = "{'cluster':'c','taskDefinition':'d:1','containerInstances':['" +
                            instances[0]->arn + "','" + instances[1]->arn + "']}";
  const auto denied = account.ecs("StartTask", start);
  EXPECT_EQ(denied.error(), "AccessDeniedException");
  EXPECT_NE(denied.message().find("iam:PassRole"), std::string::npos);
  account.simulator.faults.revisions.clear();
  account.simulator.faults.refused_instances.push_back(instances[1]->id);
  const auto refused = account.ecs("StartTask", start);
  EXPECT_EQ(refused.error(), "InvalidParameterException") << "for one, the whole call";
  EXPECT_TRUE(instances[0]->tasks.empty());
  EXPECT_NE(account.start(*instances[0]), nullptr);
}

// By Describe alone: no event tells of it, and no version counts it.
TEST(Lifecycle, HealthChecksSpeakAfterAWhile) {
  Account account;
  const auto instances = account.set_up(2);
  account.ecs("RegisterTaskDefinition",
              "{'family':'h','containerDefinitions':["
              "{'name':'main','image':'i','memory':10,'healthCheck':{'command':['CMD','true'],"
              "'interval':20}},{'name':'side','image':'i','memory':10,'essential':false}]}");
  Task* task = account.start(*instances[0], "blox:e", "h:1");
  account.loop.run_for(20s);
  const auto health = [&](const Task& of) {
    const auto shown = describe(of, of.present(), Form::kApi);
    std::string text{shown.at("healthStatus").as_string()};
    for (const auto& container : shown.at("containers").as_array()) {
      text += " " + std::string{container.at("healthStatus").as_string()};
    }
    return text;
  };
  ASSERT_TRUE(task->present().is_running());
  EXPECT_EQ(health(*task), "UNKNOWN UNKNOWN UNKNOWN");
  const auto version = task->present().version;
  account.loop.run_for(20s);
  EXPECT_EQ(health(*task), "HEALTHY HEALTHY UNKNOWN") << "the essential ones count";
  EXPECT_EQ(task->present().version, version);
  account.simulator.faults.revisions["h:1"].ill = true;
  account.loop.run_for(20s);
  EXPECT_EQ(health(*task), "UNHEALTHY UNHEALTHY UNKNOWN");
  account.simulator.faults.revisions["h:1"] = {.life = {}, .silent = true};
  Task* silent = account.start(*instances[1], "blox:e", "h:1");
  account.loop.run_for(10min);
  EXPECT_EQ(health(*silent), "UNKNOWN UNKNOWN UNKNOWN");
  account.simulator.faults.revisions.clear();
  account.loop.run_for(20s);
  EXPECT_EQ(health(*silent), "HEALTHY HEALTHY UNKNOWN");
  EXPECT_EQ(account
                .ecs("RegisterTaskDefinition",
                     "{'family':'h','containerDefinitions':[{'name':'m','image':'i','memory':10,"
                     "'healthCheck':{'interval':20}}]}")
                .error(),
            "ClientException");
}

TEST(Lifecycle, GoesUpAndDown) {
  Account account;
  Diary diary;
  account.simulator.world.add_observer(diary);
  Task* task = account.start(*account.set_up(1)[0]);
  ASSERT_NE(task, nullptr);
  EXPECT_EQ(diary.counts, "1/0/100");
  account.loop.run_for(1min);
  EXPECT_EQ(diary.words, kWayUp);
  EXPECT_EQ(diary.counts, "0/1/100");
  EXPECT_EQ(task->present().version, 4);
  diary.words.clear();
  account.simulator.launches.stop(*task, "because");
  account.simulator.launches.stop(*task, "again");
  account.loop.run_for(1min);
  EXPECT_EQ(diary.words, std::string{" stop"} + kWayDown);
  EXPECT_EQ(diary.counts, "0/0/0");
  EXPECT_EQ(task->present().stop_code, "UserInitiated");
  EXPECT_EQ(task->present().stopped_reason, "because");
  const std::string id = task->id;
  account.loop.run_for(58min);
  EXPECT_NE(account.simulator.world.find_task(id), nullptr);
  account.loop.run_for(2min);
  EXPECT_EQ(account.simulator.world.find_task(id), nullptr);
}

TEST(Lifecycle, LeavesOutStatesWithoutDelay) {
  Options options;
  options.delays.provisioning = options.delays.activating = options.delays.deactivating =
      options.delays.deprovisioning = Span{};
  Account account{1, options};
  Diary diary;
  account.simulator.world.add_observer(diary);
  Task* task = account.start(*account.set_up(1)[0]);
  account.loop.run_for(1min);
  account.simulator.launches.stop(*task, "");
  account.loop.run_for(1min);
  EXPECT_EQ(diary.words, " PENDING RUNNING stop STOPPING STOPPED");
}

TEST(Lifecycle, StopsFromEveryState) {
  for (const auto stage : {TaskStatusKind::kProvisioning, TaskStatusKind::kPending,
                           TaskStatusKind::kActivating, TaskStatusKind::kRunning}) {
    Account account;
    Task* task = account.start(*account.set_up(1)[0]);
    account.loop.run_while_not([&] { return task->present().last_status == stage; }, 1min);
    Diary diary;
    account.simulator.world.add_observer(diary);
    account.simulator.launches.stop(*task, "");
    account.loop.run_for(1min);
    EXPECT_EQ(diary.words, std::string{" stop"} + kWayDown);
    EXPECT_EQ(task->present().exit_code.has_value(), stage == TaskStatusKind::kRunning);
  }
}

TEST(Lifecycle, DiesOfItself) {
  Account account;
  Task* task = account.start(*account.set_up(1)[0]);
  account.loop.run_for(1min);
  Diary diary;
  account.simulator.world.add_observer(diary);
  account.simulator.lifecycle.die(*task, 3, "it broke");
  account.simulator.lifecycle.die(*task, 4, "once more");
  account.loop.run_for(1min);
  EXPECT_EQ(diary.words, kWayDown);
  EXPECT_EQ(task->present().stop_code, "EssentialContainerExited");
  EXPECT_EQ(task->present().stopped_reason, "it broke");
  EXPECT_EQ(task->present().exit_code, 3);
}

TEST(Lifecycle, StandsStillWithoutItsAgent) {
  Account account;
  Instance& instance = *account.set_up(1)[0];
  Task* task = account.start(instance);
  account.simulator.agents.disconnect(instance);
  account.loop.run_for(10min);
  EXPECT_EQ(task->present().last_status, TaskStatusKind::kProvisioning);
  account.simulator.agents.connect(instance);
  account.loop.run_for(1min);
  EXPECT_TRUE(task->present().is_running());
  account.simulator.agents.disconnect(instance);
  account.simulator.lifecycle.die(*task, 1, "unseen");
  account.loop.run_for(10min);
  EXPECT_TRUE(task->present().is_running()) << "ECS does not know";
  account.simulator.agents.connect(instance);
  account.loop.run_for(1min);
  EXPECT_FALSE(task->present().is_live());
}

TEST(Lifecycle, BreaksStartsAndLivesByTheFaults) {
  Account account;
  account.simulator.faults.start_broken = 1;
  const auto instances = account.set_up(2);
  Task* broken = account.start(*instances[0]);
  account.loop.run_for(1min);
  EXPECT_EQ(broken->present().stop_code, "TaskFailedToStart");
  EXPECT_FALSE(broken->present().started_at.has_value());
  account.simulator.faults.start_broken = 0;
  account.simulator.faults.task_dies = 1;
  Task* mortal = account.start(*instances[1]);
  account.loop.run_for(10min);
  EXPECT_EQ(mortal->present().stop_code, "EssentialContainerExited");
}

TEST(Lifecycle, WaitsWhilePaused) {
  Account account;
  Task* task = account.start(*account.set_up(1)[0]);
  account.simulator.timers.pause();
  account.loop.run_for(1h);
  EXPECT_EQ(task->present().last_status, TaskStatusKind::kProvisioning);
  account.simulator.timers.resume();
  account.loop.run_for(1min);
  EXPECT_TRUE(task->present().is_running());
}

}  // namespace
}  // namespace blox::simulator
