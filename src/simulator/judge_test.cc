// The judge sees what happened, whoever did it.
#include "simulator/judge.h"

#include "simulator/account_for_tests.h"
#include "simulator/foreign_tasks.h"

namespace blox::simulator {
namespace {

using namespace std::chrono_literals;

TEST(Judge, RemembersDoubledTasksAfterTheyAreGone) {
  Account account;
  const auto instances = account.set_up(2);
  const Judge& judge = account.simulator.judge;
  Task* first = account.start(*instances[0]);
  account.start(*instances[1]);
  account.start(*instances[0], "blox:other");
  account.start(*instances[0], "somebody");
  account.start(*instances[0], "somebody");
  account.loop.run_for(1min);
  EXPECT_TRUE(judge.doubled().empty());
  const WallTime before = account.loop.wall_now();
  Task* second = account.start(*instances[0]);
  EXPECT_EQ(judge.doubled_now(), 1u);
  account.simulator.launches.stop(*second, "");
  account.loop.run_for(1min);
  EXPECT_EQ(judge.doubled_now(), 0u);
  ASSERT_EQ(judge.doubled().size(), 1u);
  const Peak peak = judge.doubled()[0];
  EXPECT_EQ(peak.group, "blox:e");
  EXPECT_EQ(peak.instance_arn, instances[0]->arn);
  EXPECT_EQ(peak.live_max, 2u);
  EXPECT_EQ(peak.at, before);
  ASSERT_EQ(peak.tasks.size(), 2u);
  EXPECT_EQ(peak.tasks[0].task_arn, std::min(first->arn, second->arn));
  EXPECT_EQ(peak.tasks[0].started_by, "x");
}

TEST(Judge, CountsATaskUntilItIsStopped) {
  Account account;
  Instance& instance = *account.set_up(1)[0];
  Task* first = account.start(instance);
  account.loop.run_for(1min);
  account.simulator.launches.stop(*first, "");
  EXPECT_NE(account.start(instance), nullptr);
  EXPECT_EQ(account.simulator.judge.doubled().size(), 1u) << "STOPPING is live";
}

TEST(Judge, NotesStartsOnUnfitInstances) {
  Account account;
  const auto instances = account.set_up(3);
  ASSERT_TRUE(account.simulator.agents.set_status(*instances[0], InstanceStatusKind::kDraining)
                  .has_value());
  account.simulator.agents.disconnect(*instances[1]);
  account.loop.run_for(7s);
  for (Instance* instance : instances) account.start(*instance);
  account.start(*instances[0], "somebody");
  const auto& bad = account.simulator.judge.bad_starts();
  ASSERT_EQ(bad.size(), 2u);
  EXPECT_EQ(bad[0].instance_status, "DRAINING");
  EXPECT_EQ(bad[0].since, Duration{7s});
  EXPECT_FALSE(bad[1].agent_connected);
  account.simulator.agents.connect(*instances[1]);
  account.start(*instances[1]);
  EXPECT_EQ(account.simulator.judge.bad_start_count(), 2u);
}

TEST(Judge, NotesStopsOfWhatIsNotOurs) {
  Account account;
  Instance& instance = *account.set_up(1)[0];
  account.simulator.launches.stop(*account.start(instance), "mine");
  account.simulator.launches.stop(*account.start(instance, "service:web"), "not mine");
  const auto& stops = account.simulator.judge.foreign_stops();
  ASSERT_EQ(stops.size(), 1u);
  EXPECT_EQ(stops[0].group, "service:web");
  EXPECT_EQ(stops[0].reason, "not mine");
}

TEST(Judge, CountsInstancesTakenOutOfServiceByStops) {
  Account account;
  const auto instances = account.set_up(4);
  Judge& judge = account.simulator.judge;
  std::vector<Task*> tasks;
  for (Instance* instance : instances) tasks.push_back(account.start(*instance));
  Task* extra = account.start(*instances[0]);
  account.loop.run_for(1min);
  account.simulator.launches.stop(*extra, "");
  EXPECT_EQ(judge.out_of_service_max("blox:e"), 0u) << "another one serves there";
  account.simulator.lifecycle.die(*tasks[1], 1, "");
  account.loop.run_for(1min);
  EXPECT_EQ(judge.out_of_service_max("blox:e"), 0u) << "nobody stopped it";
  ASSERT_TRUE(account.simulator.agents.set_status(*instances[2], InstanceStatusKind::kDraining)
                  .has_value());
  account.simulator.launches.stop(*tasks[2], "");
  EXPECT_EQ(judge.out_of_service_max("blox:e"), 0u) << "a drain";
  account.simulator.launches.stop(*tasks[3], "");
  account.simulator.launches.stop(*tasks[0], "");
  EXPECT_EQ(judge.out_of_service_max("blox:e"), 2u);
  EXPECT_EQ(judge.out_of_service("blox:e").size(), 2u);
  account.loop.run_for(1min);
  account.start(*instances[3]);
  account.loop.run_for(1min);
  ASSERT_EQ(judge.out_of_service("blox:e").size(), 1u) << "one serves again";
  EXPECT_EQ(judge.out_of_service("blox:e")[0].instance_arn, instances[0]->arn);
  judge.reset_out_of_service_max("blox:e");
  EXPECT_EQ(judge.out_of_service_max("blox:e"), 1u);
}

TEST(Judge, LeavesOutTasksOfOthersThatBearOurGroup) {
  Account account;
  Instance& instance = *account.set_up(1)[0];
  Judge& judge = account.simulator.judge;
  judge.disown("x");
  Task* first = account.start(instance);
  account.start(instance);
  account.loop.run_for(1min);
  EXPECT_TRUE(judge.doubled().empty());
  account.simulator.launches.stop(*first, "blox: one too many");
  EXPECT_EQ(judge.foreign_stop_count(), 1u);
  EXPECT_EQ(judge.out_of_service_max("blox:e"), 0u);
}

// Whoever stops another task by then may have heard of it, and then nothing may be started there.
TEST(Judge, GivesThePlaceBackWhereATaskOfOthersIs) {
  Account account;
  const auto instances = account.set_up(2);
  Judge& judge = account.simulator.judge;
  std::vector<Task*> tasks;
  for (Instance* instance : instances) tasks.push_back(account.start(*instance));
  account.loop.run_for(1min);
  judge.disown("y");
  account.ecs("StartTask",
              "{'cluster':'c','taskDefinition':'d:1','startedBy':'y','group':'blox:e',"
              "'containerInstances':['" +
                  instances[0]->arn + "']}");
  account.loop.run_for(1min);
  EXPECT_TRUE(has_foreign_task(judge, *instances[0], "blox:e"));
  EXPECT_FALSE(has_foreign_task(judge, *instances[0], "blox:other"));
  EXPECT_FALSE(has_foreign_task(judge, *instances[1], "blox:e"));
  account.simulator.launches.stop(*tasks[0], "");
  EXPECT_EQ(judge.out_of_service("blox:e").size(), 1u);
  account.simulator.launches.stop(*tasks[1], "");
  EXPECT_EQ(judge.out_of_service_max("blox:e"), 1u);
}

TEST(Judge, CountsAnInstanceAgainWhenItsAgentIsBack) {
  Account account;
  const auto instances = account.set_up(2);
  const Judge& judge = account.simulator.judge;
  std::vector<Task*> tasks;
  for (Instance* instance : instances) tasks.push_back(account.start(*instance));
  account.loop.run_for(1min);
  account.simulator.launches.stop(*tasks[0], "");
  account.simulator.agents.disconnect(*instances[0]);
  account.simulator.launches.stop(*tasks[1], "");
  EXPECT_EQ(judge.out_of_service_max("blox:e"), 1u);
  account.loop.run_for(kUnreachableRelease - 1s);
  account.simulator.agents.connect(*instances[0]);
  EXPECT_EQ(judge.out_of_service_max("blox:e"), 2u);
}

TEST(Judge, ForgivesAnInstanceThatWasAwayForLong) {
  Account account;
  const auto instances = account.set_up(2);
  Judge& judge = account.simulator.judge;
  std::vector<Task*> tasks;
  for (Instance* instance : instances) tasks.push_back(account.start(*instance));
  account.loop.run_for(1min);
  account.simulator.launches.stop(*tasks[0], "");
  account.simulator.agents.disconnect(*instances[0]);
  judge.reset_out_of_service_max("blox:e");
  EXPECT_EQ(judge.out_of_service_max("blox:e"), 0u) << "it is not connected";
  account.loop.run_for(kUnreachableRelease);
  account.simulator.launches.stop(*tasks[1], "");
  account.simulator.agents.connect(*instances[0]);
  EXPECT_EQ(judge.out_of_service_max("blox:e"), 1u);
  EXPECT_EQ(judge.released_count(), 1u);
}

TEST(Judge, AReturnThatWasNotHeardOfInTimeIsForgiven) {
  // When the agent came back and the stop was asked for, seconds after kUnreachableRelease.
  const std::tuple<Duration, Duration, std::size_t, const char*> rows[] = {
      {-30s, 1s, 1, "nobody may have heard of it"},
      {-30s, -1s, 2, "it was not given up yet"},
      {-30s, 31s, 2, "it was heard of"},
  };
  for (const auto& [back, asked, most, rule] : rows) {
    Account account;
    const auto instances = account.set_up(2);
    Judge& judge = account.simulator.judge;
    judge.set_return_grace(1min);
    std::vector<Task*> tasks;
    for (Instance* instance : instances) tasks.push_back(account.start(*instance));
    account.loop.run_for(1min);
    account.simulator.launches.stop(*tasks[0], "");
    account.simulator.agents.disconnect(*instances[0]);
    account.loop.run_for(kUnreachableRelease + back);
    account.simulator.agents.connect(*instances[0]);
    account.loop.run_for(asked - back);
    account.simulator.launches.stop(*tasks[1], "");
    EXPECT_EQ(judge.out_of_service_max("blox:e"), most) << rule;
  }
}

TEST(Judge, BlamesADrainForStopsAskedForSoonAfterIt) {
  Account account;
  const auto instances = account.set_up(2);
  Judge& judge = account.simulator.judge;
  judge.set_drain_grace(10s);
  std::vector<Task*> tasks;
  for (Instance* instance : instances) tasks.push_back(account.start(*instance));
  account.loop.run_for(1min);
  const auto set_all = [&](InstanceStatusKind status) {
    for (Instance* instance : instances) {
      ASSERT_TRUE(account.simulator.agents.set_status(*instance, status).has_value());
    }
  };
  set_all(InstanceStatusKind::kDraining);
  account.loop.run_for(1min);
  set_all(InstanceStatusKind::kActive);
  account.loop.run_for(10s);
  account.simulator.launches.stop(*tasks[0], "");
  EXPECT_EQ(judge.out_of_service_max("blox:e"), 0u);
  account.loop.run_for(1s);
  account.simulator.launches.stop(*tasks[1], "");
  EXPECT_EQ(judge.out_of_service_max("blox:e"), 1u);
}

}  // namespace
}  // namespace blox::simulator
