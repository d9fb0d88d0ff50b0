// What StartTask and RunTask start, refuse and bring late.
#include "simulator/launches.h"

#include <functional>
#include <set>
#include <string>

#include "simulator/account_for_tests.h"

namespace blox::simulator {
namespace {

using namespace std::chrono_literals;

// One row, one reason: what was done to the instance before, and what StartTask then says.
TEST(Launches, RefuseByReason) {
  struct Row {
    const char* reason;
    std::function<void(Account&, Instance&)> before;
    const char* needs;  // Of the container.
  };
  const auto nothing = [](Account&, Instance&) {};
  const Row rows[] = {
      {"", nothing, "'cpu':2048,'memory':4096"},
      {"RESOURCE:CPU", nothing, "'cpu':2049"},
      {"RESOURCE:MEMORY", nothing, "'memory':4097"},
      {"RESOURCE:MEMORY", nothing, "'memory':9000,'memoryReservation':4097"},
      {"", nothing, "'memory':9000,'memoryReservation':4096"},
      {"RESOURCE:PORTS", nothing, "'portMappings':[{'containerPort':80,'hostPort':22}]"},
      {"", nothing, "'portMappings':[{'containerPort':80,'hostPort':22,'protocol':'udp'}]"},
      {"", nothing, "'portMappings':[{'containerPort':22}]"},
      {"AGENT", [](Account& a, Instance& i) { a.simulator.agents.disconnect(i); }, "'cpu':1"},
      {"INACTIVE",
       [](Account& a, Instance& i) {
         ASSERT_TRUE(a.simulator.agents.deregister(i, true).has_value());
       },
       "'cpu':1"},
      {"RESOURCE:CPU", [](Account& a, Instance& i) { a.start(i); }, "'cpu':1949"},
      {"", [](Account& a, Instance& i) { a.start(i); }, "'cpu':1948"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(std::string{row.reason} + " " + row.needs);
    Account account;
    Instance& instance = *account.set_up(1)[0];
    account.ecs("RegisterTaskDefinition",
                std::string{"{'family':'n','containerDefinitions':[{'name':'m','image':'i',"
                            "'memory':4,"} +
                    row.needs + "}]}");
    row.before(account, instance);
    const Reply reply =
        account.ecs("StartTask", "{'cluster':'c','taskDefinition':'n','containerInstances':['" +
                                     instance.id + "','0123456789abcdef0123456789abcdef']}");
    ASSERT_EQ(reply.status, 200);
    const auto& failures = reply.body.at("failures").as_array();
    EXPECT_EQ(failures.back().at("reason").as_string(), "MISSING");
    EXPECT_EQ(failures.back().at("arn").as_string(),
              "arn:aws:ecs:us-east-1:123456789012:container-instance/c/"
              "0123456789abcdef0123456789abcdef");
    const bool started = *row.reason == '\0';
    EXPECT_EQ(reply.body.at("tasks").as_array().size(), started ? 1u : 0u);
    if (!started) {
      EXPECT_EQ(failures.front().at("reason").as_string(), row.reason);
    }
  }
}

TEST(Launches, PortsAreFreeAgainAfterTheTask) {
  Account account;
  Instance& instance = *account.set_up(1)[0];
  account.ecs("RegisterTaskDefinition",
              "{'family':'p','containerDefinitions':[{'name':'m','image':'i','memory':4,"
              "'portMappings':"
              "[{'containerPort':80,'hostPort':8080}]}]}");
  const std::string body =
      "{'cluster':'c','taskDefinition':'p:1','containerInstances':['" + instance.id + "']}";
  EXPECT_EQ(account.ecs("StartTask", body).body.at("tasks").as_array().size(), 1u);
  EXPECT_EQ(account.ecs("StartTask", body).body.at("tasks").as_array().size(), 0u);
  account.simulator.launches.stop(*instance.tasks.begin()->second, "");
  account.loop.run_for(1min);
  EXPECT_EQ(account.ecs("StartTask", body).body.at("tasks").as_array().size(), 1u);
}

TEST(Launches, LateOnesTakeEffectWithinTheirBound) {
  Account account;
  account.simulator.faults.launch_late = 1;
  account.simulator.faults.launch_late_max = 30s;
  Instance& instance = *account.set_up(1)[0];
  EXPECT_EQ(account.start(instance), nullptr) << "answered, but not in the world";
  EXPECT_EQ(instance.present().pending_count, 0);
  account.loop.run_for(30s);
  EXPECT_EQ(instance.tasks.size(), 1u);
  account.start(instance);
  ASSERT_TRUE(account.simulator.agents.deregister(instance, true).has_value());
  account.loop.run_for(1min);
  EXPECT_EQ(instance.tasks.size(), 1u) << "never, as its instance is gone";
}

TEST(Launches, RunTaskSpreadsAndKeepsItsToken) {
  Account account;
  const auto instances = account.set_up(3);
  const std::string body =
      "{'cluster':'c','taskDefinition':'d','count':2,'clientToken':'t','placementConstraints':"
      "[{'type':'distinctInstance'},{'type':'memberOf','expression':'ec2InstanceId in [" +
      instances[0]->ec2_instance_id + ", " + instances[2]->ec2_instance_id + "]'}]}";
  const Reply first = account.ecs("RunTask", body);
  ASSERT_EQ(first.status, 200) << first.message();
  std::set<std::string> used;
  for (const auto& task : first.body.at("tasks").as_array()) {
    used.emplace(task.at("containerInstanceArn").as_string());
  }
  EXPECT_EQ(used, (std::set{instances[0]->arn, instances[2]->arn}));
  const Reply second = account.ecs("RunTask", body);
  EXPECT_EQ(second.body.at("tasks").as_array()[0].at("taskArn"),
            first.body.at("tasks").as_array()[0].at("taskArn"));
  EXPECT_EQ(instances[0]->tasks.size() + instances[2]->tasks.size(), 2u);
  const Reply other =
      account.ecs("RunTask", "{'cluster':'c','taskDefinition':'d','clientToken':'t'}");
  EXPECT_EQ(other.error(), "ConflictException");
}

TEST(Launches, RunTaskWithoutRoomSaysWhy) {
  Account account;
  const auto instances = account.set_up(1);
  account.simulator.agents.disconnect(*instances[0]);
  const Reply reply = account.ecs("RunTask", "{'cluster':'c','taskDefinition':'d'}");
  EXPECT_EQ(reply.body.at("tasks").as_array().size(), 0u);
  EXPECT_EQ(reply.body.at("failures").as_array().size(), 1u);
}

}  // namespace
}  // namespace blox::simulator
