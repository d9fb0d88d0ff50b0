// The control API: machines and tasks that come and go, faults, the judge, the truth.
#include "simulator/control_calls.h"

#include "simulator/account_for_tests.h"
#include "simulator/faults_json.h"

namespace blox::simulator {
namespace {

using namespace std::chrono_literals;

TEST(ControlCalls, MoveMachines) {
  Account account;
  const Reply joined = account.control("POST", "/simulator/instances",
                                       "{'cluster':'c','count':3,'cpu':10,'attributes':{'a':'b'}}");
  ASSERT_EQ(joined.status, 200);
  ASSERT_EQ(joined.body.at("containerInstanceArns").as_array().size(), 3u);
  const std::string arn{joined.body.at("containerInstanceArns").as_array()[0].as_string()};
  Instance& instance = *account.simulator.world.find_instance(arn);
  EXPECT_EQ(instance.registered.cpu, 10);
  EXPECT_EQ(instance.present().attributes.at("a"), "b");
  const std::string path = "/simulator/instances/" + instance.id + "/";
  const auto act = [&](const char* action) {
    return account.control("POST", path + action).status;
  };
  EXPECT_EQ(act("disconnect"), 200);
  EXPECT_FALSE(instance.present().agent_connected);
  EXPECT_EQ(act("connect"), 200);
  EXPECT_TRUE(instance.present().agent_connected);
  EXPECT_EQ(act("drain"), 200);
  EXPECT_EQ(instance.present().status, InstanceStatusKind::kDraining);
  EXPECT_EQ(act("activate"), 200);
  EXPECT_EQ(instance.present().status, InstanceStatusKind::kActive);
  const Reply again = account.control("POST", path + "rejoin");
  const Instance& heir = *account.simulator.world.find_instance(
      std::string{again.body.at("containerInstanceArn").as_string()});
  EXPECT_EQ(heir.ec2_instance_id, instance.ec2_instance_id);
  EXPECT_TRUE(heir.present().agent_connected);
  act("connect");
  EXPECT_FALSE(instance.present().agent_connected) << "its machine is another registration now";
  EXPECT_EQ(act("deregister"), 200);
  EXPECT_EQ(instance.present().status, InstanceStatusKind::kInactive);
  EXPECT_EQ(act("drain"), 400);
  EXPECT_EQ(act("dance"), 404);
}

TEST(ControlCalls, ShowTheTruth) {
  Account account;
  Instance& instance = *account.set_up(1)[0];
  Task* task = account.start(instance);
  account.start(instance);
  account.loop.run_for(1min);
  EXPECT_EQ(account
                .control("POST", "/simulator/tasks/" + task->id + "/kill",
                         "{'exitCode':9,'reason':'why not'}")
                .status,
            200);
  account.loop.run_for(1min);
  EXPECT_EQ(task->present().exit_code, 9);
  const Reply state = account.control("GET", "/simulator/state?cluster=c");
  const auto& shown = state.body.at("clusters").at(0).at("containerInstances").at(0);
  ASSERT_EQ(shown.at("tasks").as_array().size(), 1u);
  EXPECT_EQ(shown.at("tasks").at(0).at("lastStatus").as_string(), "RUNNING");
  EXPECT_EQ(
      account.control("GET", "/simulator/state?cluster=d").body.at("clusters").as_array().size(),
      0u);
  const Reply judge = account.control("GET", "/simulator/judge");
  EXPECT_EQ(judge.body.at("doubled").at(0).at("liveMax").as_int64(), 2);
  EXPECT_EQ(judge.body.at("doubledNow").as_int64(), 0);
}

TEST(ControlCalls, SetFaults) {
  Account account;
  const Reply set = account.control(
      "PUT", "/simulator/faults",
      "{'eventLost':0.25,'listLagMax':'2m','eventDelay':['1s','2s'],'throttled':true,"
      "'revisions':{'d:2':{'life':'5s'},'d:3':{'denied':true}},'refusedInstances':['i-1']}");
  ASSERT_EQ(set.status, 200);
  const Faults& faults = account.simulator.faults;
  EXPECT_EQ(faults.event_lost, 0.25);
  EXPECT_EQ(faults.list_lag_max, Duration{2min});
  EXPECT_EQ(faults.event_delay.high, Duration{2s});
  EXPECT_TRUE(faults.throttled);
  EXPECT_EQ(faults.revisions.at("d:2").life, Duration{5s});
  EXPECT_TRUE(faults.revisions.at("d:3").denied);
  EXPECT_EQ(faults.refused_instances, std::vector<std::string>{"i-1"});
  EXPECT_EQ(account.control("GET", "/simulator/faults").body, set.body);
  account.control("PUT", "/simulator/faults", "{'denied':['StopTask','ListTasks']}");
  EXPECT_EQ(faults.denied, (std::vector<std::string>{"StopTask", "ListTasks"}));
  EXPECT_EQ(account.control("GET", "/simulator/faults").body.at("denied").as_array().size(), 2u);
  for (const char* wrong :
       {"{'eventLost':1.5}", "{'eventLost':'often'}", "{'rain':1}", "{'listLagMax':5}",
        "{'listLagMax':'900000000d'}", "{'eventDelay':['2s','1s']}", "{'eventDelay':'1s'}",
        "{'throttled':1}", "{'revisions':['d:2']}", "{'revisions':{'d':{'life':'5s'}}}",
        "{'revisions':{'d:2':{'life':5}}}", "{'revisions':{'d:2':{'dies':true}}}",
        "{'refusedInstances':'i-1'}", "{'denied':'StopTask'}", "{'denied':[7]}",
        "{'eventLost':0.5,'eventDelay':[]}"}) {
    EXPECT_EQ(account.control("PUT", "/simulator/faults", wrong).status, 400) << wrong;
  }
  EXPECT_EQ(faults.event_lost, 0.25) << "nothing of a wrong request is kept";
}

TEST(ControlCalls, RefuseWhatIsNotThere) {
  Account account;
  const std::tuple<const char*, const char*, const char*, int> rows[] = {
      {"GET", "/healthz", "", 200},
      {"GET", "/simulator/rain", "", 404},
      {"POST", "/simulator/judge", "", 405},
      {"DELETE", "/simulator/faults", "", 405},
      {"GET", "/simulator/pause", "", 405},
      {"POST", "/simulator/instances/x/drain", "", 404},
      {"POST", "/simulator/tasks/x/kill", "", 404},
      {"POST", "/simulator/queues/x/show", "", 404},
      {"POST", "/simulator/queues/blox_queue/show", "", 200},
      {"POST", "/simulator/queues/blox_queue/hide", "", 404},
      {"GET", "/simulator/queues/blox_queue/show", "", 405},
      {"POST", "/simulator/instances", "{'count':0}", 400},
      {"POST", "/simulator/instances", "{'cluster':'a b'}", 400},
      {"POST", "/simulator/instances", "{'attributes':{'a':1}}", 400},
      {"POST", "/simulator/instances", "{]", 400},
      {"GET", "/", "", 400},
      {"POST", "/simulator/pause", "", 200},
      {"POST", "/simulator/resume", "", 200},
  };
  for (const auto& [method, target, body, status] : rows) {
    EXPECT_EQ(account.control(method, target, body).status, status) << method << " " << target;
  }
}

}  // namespace
}  // namespace blox::simulator
