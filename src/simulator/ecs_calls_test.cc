// ECS by its calls: lists, pages, lags, throttles, and what hostile input gets.
#include "simulator/ecs_calls.h"

#include <algorithm>
#include <set>
#include <string>

#include "model/arn.h"
#include "simulator/account_for_tests.h"

namespace blox::simulator {
namespace {

using namespace std::chrono_literals;

std::size_t count_in(const Reply& reply, const char* list) {
  const auto* found = reply.body.if_contains(list);
  return found == nullptr ? 999 : found->as_array().size();
}

TEST(EcsCalls, NameWhatIsWrong) {
  Account account;
  account.set_up(1);
  struct Row {
    const char* operation;
    const char* body;
    const char* code;
    const char* message;  // A part of it.
  };
  const Row rows[] = {
      {"StartTask", "", "InvalidParameterException", "containerInstances: []"},
      {"StartTask", "[]", "SerializationException", "not a JSON object"},
      {"StartTask", "{", "SerializationException", "not JSON"},
      {"Dance", "{}", "UnknownOperationException", "Dance"},
      {"StartTask", "{'containerInstances':'all'}", "InvalidParameterException",
       "containerInstances: \"all\" is not a list"},
      {"StartTask", "{'containerInstances':[7]}", "InvalidParameterException",
       "containerInstances: 7 is not a string"},
      {"StartTask", "{'containerInstances':['1','2','3','4','5','6','7','8','9','10','11']}",
       "InvalidParameterException", "11 is not a number of entries up to 10"},
      {"StartTask", "{'containerInstances':['a'],'taskDefinition':{}}", "InvalidParameterException",
       "taskDefinition: {} is not a string"},
      {"StartTask", "{'cluster':'c','containerInstances':['a'],'taskDefinition':'no:1'}",
       "ClientException", "TaskDefinition not found."},
      {"StartTask", "{'cluster':'c','containerInstances':['a'],'taskDefinition':'d'}",
       "InvalidParameterException", "instanceId length should be one of [32,36]"},
      {"StartTask",
       "{'cluster':'c','containerInstances':"
       "['arn:aws:ecs:us-east-1:123456789012:container-instance/o/i'],'taskDefinition':'d'}",
       "InvalidParameterException", "Identifier is for cluster o. Your cluster is c"},
      {"StartTask",
       "{'cluster':'c','taskDefinition':'d','containerInstances':['a'],"
       "'overrides':{'containerOverrides':[{'name':'n'}]}}",
       "InvalidParameterException", "container named n is not a container"},
      {"DescribeTaskDefinition", "{'taskDefinition':'no:1'}", "ClientException",
       "Unable to describe task definition."},
      {"StartTask", "{'cluster':'no','containerInstances':['a'],'taskDefinition':'d'}",
       "ClusterNotFoundException", "'no'"},
      {"StartTask",
       "{'cluster':'c','containerInstances':['a'],'taskDefinition':'d',"
       "'startedBy':'1234567890123456789012345678901234567'}",
       "InvalidParameterException", "up to 36 letters"},
      {"StartTask",
       "{'cluster':'c','containerInstances':['a'],'taskDefinition':'d','startedBy':'a b'}",
       "InvalidParameterException", "startedBy: \"a b\""},
      {"StartTask",
       "{'cluster':'c','containerInstances':['a'],'taskDefinition':'d',"
       "'overrides':{'containerOverrides':7}}",
       "InvalidParameterException", "overrides.containerOverrides: 7 is not a list"},
      {"RunTask", "{'cluster':'c','taskDefinition':'d','count':11}", "InvalidParameterException",
       "count: 11 is not a whole number from 1 to 10"},
      {"RunTask", "{'cluster':'c','taskDefinition':'d','count':1.5}", "InvalidParameterException",
       "count: 1.5E0"},
      {"RunTask",
       "{'cluster':'c','taskDefinition':'d','placementConstraints':[{'type':'memberOf',"
       "'expression':'attribute:x == y'}]}",
       "InvalidParameterException", "attribute:x == y"},
      {"StopTask", "{'cluster':'c','task':'gone'}", "InvalidParameterException", "'gone'"},
      {"StopTask", "{'cluster':'c','task':'0123456789abcdef0123456789abcdef'}",
       "InvalidParameterException", "The referenced task was not found"},
      {"StopTask",
       "{'cluster':'c','task':'arn:aws:ecs:us-east-1:123456789012:container-instance/c/i'}",
       "InvalidParameterException", "Unsupported resource type: container-instance"},
      {"DescribeTasks", "{'cluster':'c','tasks':['arn:x']}", "InvalidParameterException",
       "Invalid identifier"},
      {"ListTasks", "{'cluster':'c','maxResults':101}", "InvalidParameterException",
       "maxResults: 101"},
      {"ListTasks", "{'cluster':'c','desiredStatus':'LOST'}", "InvalidParameterException",
       "one of RUNNING STOPPED PENDING"},
      {"ListTasks", "{'cluster':'c','startedBy':'a','family':'f'}", "InvalidParameterException",
       "cannot specify startedBy with other arguments"},
      {"ListTasks", "{'cluster':'c','startedBy':'a','launchType':'EC2'}",
       "InvalidParameterException", "startedBy"},
      {"ListTasks", "{'cluster':'c','startedBy':'a','daemonName':'b'}", "InvalidParameterException",
       "startedBy"},
      {"ListTasks", "{'cluster':'c','launchType':'OWN'}", "InvalidParameterException",
       "one of EC2 FARGATE"},
      {"ListTasks", "{'cluster':'c','serviceName':'s'}", "ServiceNotFoundException", "not found"},
      {"ListTasks", "{'cluster':'c','nextToken':'made-up'}", "InvalidParameterException",
       "nextToken: \"made-up\""},
      {"ListContainerInstances", "{'cluster':'c','status':'GONE'}", "InvalidParameterException",
       "status: \"GONE\" is not one of ACTIVE"},
      {"ListAttributes", "{'cluster':'c'}", "InvalidParameterException", "targetType"},
      {"DeregisterTaskDefinition", "{'taskDefinition':'d'}", "ClientException",
       "Revision is missing."},
      {"DescribeTasks", "{'cluster':'c'}", "InvalidParameterException", "tasks: []"},
      {"CreateCluster", "{'clusterName':'a b'}", "InvalidParameterException", "clusterName"},
      {"DeleteCluster", "{'cluster':'c'}", "ClusterContainsContainerInstancesException", "'c'"},
      {"RegisterTaskDefinition",
       "{'family':'f','containerDefinitions':[{'name':'m','image':'i','memory':4},{}]}",
       "ClientException", "containerDefinitions[1].name is missing"},
      {"RegisterTaskDefinition", "{'family':'f','containerDefinitions':[{'name':'m'}]}",
       "ClientException", "containerDefinitions[0].image is missing"},
      {"RegisterTaskDefinition", "{'family':'f','containerDefinitions':[{'name':'m','image':'i'}]}",
       "ClientException", "'memory' or 'memoryReservation' must be specified"},
      {"RegisterTaskDefinition",
       "{'family':'f','containerDefinitions':[{'name':'m','image':'i','memory':4,'cpu':-1}]}",
       "ClientException", "containerDefinitions[0].cpu: -1"},
      {"RegisterTaskDefinition",
       "{'family':'f/g','containerDefinitions':[{'name':'m','image':'i','memory':4}]}",
       "ClientException", "family: \"f/g\""},
      {"RegisterContainerInstance", "{'cluster':'c','instanceIdentityDocument':'{'}",
       "InvalidParameterException", "instanceIdentityDocument"},
      {"UpdateContainerInstancesState",
       "{'cluster':'c','containerInstances':['a'],'status':'INACTIVE'}",
       "InvalidParameterException", "ACTIVE or DRAINING"},
      {"UpdateContainerInstancesState", "{'cluster':'c','status':'ACTIVE'}",
       "InvalidParameterException", "containerInstances: []"},
      {"PutAttributes", "{'cluster':'c','attributes':[{'name':'a','targetId':'no'}]}",
       "TargetNotFoundException", "'no'"},
  };
  for (const Row& row : rows) {
    const Reply reply = account.ecs(row.operation, row.body);
    SCOPED_TRACE(std::string{row.operation} + " " + row.body);
    EXPECT_EQ(reply.status, 400);
    ASSERT_EQ(reply.error(), row.code);
    EXPECT_EQ(http::find_header(reply.headers, "x-amzn-errortype"), row.code);
    EXPECT_NE(reply.message().find(row.message), std::string::npos) << reply.message();
  }
}

TEST(EcsCalls, ListInPagesWithoutGapOrRepeat) {
  Account account;
  const auto instances = account.set_up(25);
  for (Instance* instance : instances) account.start(*instance);
  for (const char* list : {"ListTasks", "ListContainerInstances"}) {
    const std::string name =
        std::string{list} == "ListTasks" ? "taskArns" : "containerInstanceArns";
    std::set<std::string> seen;
    std::size_t pages = 0;
    std::string token;
    do {
      const Reply reply = account.ecs(
          list, "{'cluster':'c','maxResults':10" +
                    (token.empty() ? std::string{} : ",'nextToken':'" + token + "'") + "}");
      for (const auto& arn : reply.body.at(name).as_array()) {
        EXPECT_TRUE(seen.emplace(arn.as_string()).second);
      }
      const auto* next = reply.body.if_contains("nextToken");
      token = next == nullptr ? "" : std::string{next->as_string()};
      ++pages;
    } while (!token.empty() && pages < 10);
    EXPECT_EQ(seen.size(), 25u);
    EXPECT_EQ(pages, 3u);
  }
  EXPECT_FALSE(
      account.ecs("ListTasks", "{'cluster':'c','maxResults':25}").body.contains("nextToken"));
  const Reply page = account.ecs("ListTasks", "{'cluster':'c','maxResults':1}");
  const std::string token{page.body.at("nextToken").as_string()};
  EXPECT_EQ(
      account.ecs("ListContainerInstances", "{'cluster':'c','nextToken':'" + token + "'}").error(),
      "InvalidParameterException")
      << "a token is good for its own list alone";
}

TEST(EcsCalls, FilterTasks) {
  Account account;
  const auto instances = account.set_up(2);
  account.ecs("RegisterTaskDefinition",
              "{'family':'f','containerDefinitions':[{'name':'m','image':'i','memory':4}]}");
  Task* first = account.start(*instances[0]);
  account.start(*instances[1]);
  account.ecs("StartTask",
              "{'cluster':'c','taskDefinition':'f','startedBy':'y',"
              "'containerInstances':['" +
                  instances[1]->id + "']}");
  account.simulator.launches.stop(*first, "");
  const std::pair<std::string, std::size_t> rows[] = {
      {"", 2},
      {",'desiredStatus':'STOPPED'", 1},
      {",'desiredStatus':'PENDING'", 0},
      {",'startedBy':'x'", 1},
      {",'startedBy':'y'", 1},
      {",'startedBy':'z'", 0},
      {",'family':'f'", 1},
      {",'family':'d','desiredStatus':'STOPPED'", 1},
      {",'containerInstance':'" + instances[1]->arn + "'", 2},
      {",'containerInstance':'" + instances[1]->id + "','family':'d'", 1},
      {",'startedBy':'x','desiredStatus':'STOPPED'", 1},
      {",'launchType':'EC2'", 2},
      {",'launchType':'FARGATE'", 0},
      {",'daemonName':'s'", 0},
  };
  for (const auto& [filter, expected] : rows) {
    EXPECT_EQ(count_in(account.ecs("ListTasks", "{'cluster':'c'" + filter + "}"), "taskArns"),
              expected)
        << filter;
  }
}

TEST(EcsCalls, ShowThePastWhenTheyLag) {
  Account account;
  Faults& faults = account.simulator.faults;
  faults.list_lagging = 1;
  faults.list_lag_max = 5min;
  Instance& instance = *account.set_up(1)[0];
  account.loop.run_for(10min);
  Task& task = *account.start(instance);
  account.loop.run_for(2min);
  std::set<std::string> statuses;
  for (int i = 0; i < 200; ++i) {
    const Reply reply = account.ecs("DescribeTasks", "{'cluster':'c','tasks':['" + task.id + "']}");
    const auto& tasks = reply.body.at("tasks").as_array();
    statuses.emplace(tasks.empty() ? "MISSING" : tasks[0].at("lastStatus").as_string().c_str());
  }
  EXPECT_TRUE(statuses.contains("MISSING"));
  EXPECT_TRUE(statuses.contains("RUNNING"));
  account.loop.run_for(3min + 10s);
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(count_in(account.ecs("ListTasks", "{'cluster':'c'}"), "taskArns"), 1u)
        << "A2: by then every list shows it";
  }
  faults.list_lagging = 0;
  account.simulator.launches.stop(task, "");
  EXPECT_EQ(count_in(account.ecs("ListTasks", "{'cluster':'c'}"), "taskArns"), 0u);
}

TEST(EcsCalls, ThrottleByTheBucketsOfAws) {
  Account account;
  account.set_up(1);
  account.simulator.faults.throttled = true;
  account.loop.run_for(1h);
  const auto served = [&](const char* operation, const char* body) {
    int count = 0;
    while (account.ecs(operation, body).status == 200) ++count;
    return count;
  };
  EXPECT_EQ(served("ListTasks", "{'cluster':'c'}"), 100);
  const Reply refused = account.ecs("DescribeContainerInstances", "{'cluster':'c'}");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.error(), "ThrottlingException");
  EXPECT_EQ(served("ListClusters", "{}"), 50) << "a bucket of its own";
  account.loop.run_for(1s);
  EXPECT_EQ(served("ListTasks", "{'cluster':'c'}"), 20);
}

TEST(EcsCalls, DefinitionsHaveRevisions) {
  Account account;
  account.set_up(0);
  const char body[] =
      "{'family':'d','cpu':'256','memory':'64','containerDefinitions':[{'name':'m','image':'i'}]}";
  const Reply second = account.ecs("RegisterTaskDefinition", body);
  EXPECT_EQ(second.body.at("taskDefinition").at("taskDefinitionArn").as_string(),
            "arn:aws:ecs:us-east-1:123456789012:task-definition/d:2");
  account.ecs("DeregisterTaskDefinition", "{'taskDefinition':'d:2'}");
  const auto newest = account.ecs("DescribeTaskDefinition", "{'taskDefinition':'d'}");
  EXPECT_EQ(newest.body.at("taskDefinition").at("revision").as_int64(), 1);
  const auto inactive = account.ecs("DescribeTaskDefinition", "{'taskDefinition':'d:2'}");
  EXPECT_EQ(inactive.body.at("taskDefinition").at("status").as_string(), "INACTIVE");
  EXPECT_EQ(account
                .ecs("StartTask",
                     "{'cluster':'c','containerInstances':['x'],"
                     "'taskDefinition':'d:2'}")
                .message(),
            "TaskDefinition is inactive");
  EXPECT_EQ(
      count_in(account.ecs("ListTaskDefinitions", "{'familyPrefix':'d'}"), "taskDefinitionArns"),
      1u);
  account.ecs("DeregisterTaskDefinition", "{'taskDefinition':'d:1'}");
  const std::pair<const char*, std::size_t> families[] = {
      {"{}", 1u},
      {"{'status':'ALL'}", 1u},
      {"{'status':'ACTIVE'}", 0u},
      {"{'status':'INACTIVE'}", 1u},
      {"{'familyPrefix':'e'}", 0u},
  };
  for (const auto& [filter, expected] : families) {
    EXPECT_EQ(count_in(account.ecs("ListTaskDefinitionFamilies", filter), "families"), expected)
        << filter;
  }
}

TEST(EcsCalls, DefinitionsAreListedUpOrDown) {
  Account account;
  for (const char* family : {"a", "a-b", "a"}) {
    account.ecs("RegisterTaskDefinition", "{'family':'" + std::string{family} +
                                              "','containerDefinitions':[{'name':'m',"
                                              "'image':'i','memory':4}]}");
  }
  const auto listed = [&](const std::string& sort) {
    std::string text;
    std::string token;
    do {
      const Reply reply = account.ecs("ListTaskDefinitions", "{'maxResults':1,'sort':'" + sort +
                                                                 "','nextToken':'" + token + "'}");
      text += short_id(reply.body.at("taskDefinitionArns").as_array()[0].as_string());
      text += " ";
      const auto* next = reply.body.if_contains("nextToken");
      token = next == nullptr ? "" : std::string{next->as_string()};
    } while (!token.empty());
    return text;
  };
  EXPECT_EQ(listed("ASC"), "a:1 a:2 a-b:1 ");
  EXPECT_EQ(listed("DESC"), "a-b:1 a:2 a:1 ");
}

TEST(EcsCalls, AnAgentRegistersAgain) {
  Account account;
  Instance& instance = *account.set_up(1)[0];
  account.start(instance);
  account.simulator.agents.disconnect(instance);
  const auto version = instance.present().version;
  const std::string body =
      "{'cluster':'c','containerInstanceArn':'" + instance.arn +
      "','versionInfo':{'agentVersion':'1.98.0'},'attributes':[{'name':'stack','value':'blue'}],"
      "'totalResources':[{'name':'CPU','type':'INTEGER','integerValue':512}]}";
  const Reply again = account.ecs("RegisterContainerInstance", body);
  ASSERT_EQ(again.status, 200) << again.message();
  const auto& shown = again.body.at("containerInstance").as_object();
  EXPECT_TRUE(shown.at("agentConnected").as_bool());
  EXPECT_EQ(shown.at("version").as_int64(), version + 1);
  EXPECT_EQ(shown.at("ec2InstanceId").as_string(), instance.ec2_instance_id);
  EXPECT_EQ(shown.at("versionInfo").at("agentVersion").as_string(), "1.98.0");
  EXPECT_EQ(shown.at("remainingResources").as_array()[0].at("integerValue").as_int64(), 412);
  EXPECT_EQ(shown.at("registeredResources").as_array()[1].at("integerValue").as_int64(), 4096)
      << "what it does not tell stays";
  EXPECT_EQ(instance.present().attributes.at("stack"), "blue");
  EXPECT_TRUE(instance.present().attributes.contains("ecs.os-type"));
  ASSERT_TRUE(account.simulator.agents.deregister(instance, true).has_value());
  const Reply ended = account.ecs("RegisterContainerInstance", body);
  EXPECT_EQ(ended.error(), "ClientException");
  EXPECT_EQ(ended.message(), "Container instance " + instance.id + " is inactive.");
}

TEST(EcsCalls, TasksShowAnOverrideForEachContainer) {
  Account account;
  const Instance& instance = *account.set_up(1)[0];
  account.ecs("RegisterTaskDefinition",
              "{'family':'two','containerDefinitions':[{'name':'m','image':'i','memory':4},"
              "{'name':'n','image':'i','memory':4}]}");
  const Reply reply =
      account.ecs("StartTask",
                  "{'cluster':'c','taskDefinition':'two','tags':[{'key':'a','value':'b'}],"
                  "'overrides':{'containerOverrides':[{'name':'n','cpu':1}]},"
                  "'containerInstances':['" +
                      instance.arn + "']}");
  ASSERT_EQ(reply.status, 200) << reply.message();
  const auto& task = reply.body.at("tasks").as_array()[0].as_object();
  EXPECT_EQ(boost::json::serialize(task.at("overrides").at("containerOverrides")),
            Account::with_quotes("[{'name':'n','cpu':1},{'name':'m'}]"));
  const std::string named = "{'cluster':'c','task':'" + std::string{task.at("taskArn").as_string()};
  EXPECT_EQ(account.ecs("StopTask", named + "'}").body.at("task").at("tags").as_array().size(), 0u)
      << "StopTask takes the tags";
}

TEST(EcsCalls, SomeObjectsAreListedAndNeverDescribed) {
  Account account;
  account.set_up(40);
  account.simulator.faults.undescribed = 0.5;
  const Reply listed = account.ecs("ListContainerInstances", "{'cluster':'c'}");
  const auto& arns = listed.body.at("containerInstanceArns").as_array();
  ASSERT_EQ(arns.size(), 40u);
  const std::string asked =
      boost::json::serialize(boost::json::object{{"cluster", "c"}, {"containerInstances", arns}});
  const Reply once = account.ecs("DescribeContainerInstances", asked);
  ASSERT_EQ(once.status, 200) << once.message();
  EXPECT_GT(count_in(once, "failures"), 0u);
  EXPECT_EQ(once.body.at("failures").as_array()[0].at("reason").as_string(), "INTERNAL");
  const auto& shown = once.body.at("containerInstances").as_array();
  const auto unreadable = std::ranges::count_if(
      shown, [](const auto& instance) { return !instance.at("status").is_string(); });
  EXPECT_GT(unreadable, 0);
  EXPECT_LT(unreadable, 40);
  EXPECT_EQ(account.ecs("DescribeContainerInstances", asked).body, once.body) << "the same ones";
}

TEST(EcsCalls, AnInactiveClusterIsNotThere) {
  Account account;
  account.set_up(0);
  account.ecs("DeleteCluster", "{'cluster':'c'}");
  const Reply reply = account.ecs("ListTasks", "{'cluster':'c'}");
  EXPECT_EQ(reply.error(), "ClusterNotFoundException");
  EXPECT_NE(reply.message().find("inactive"), std::string::npos);
}

TEST(EcsCalls, InstancesRegisterDrainAndLeave) {
  Account account;
  account.set_up(0);
  const Reply joined = account.ecs(
      "RegisterContainerInstance",
      "{'cluster':'c','instanceIdentityDocument':'{\\'instanceId\\':\\'i-7\\'}','totalResources':"
      "[{'name':'CPU','type':'INTEGER','integerValue':7},{'name':'PORTS','type':'STRINGSET',"
      "'stringSetValue':['22','x']}],'attributes':[{'name':'stack','value':'blue'}]}");
  ASSERT_EQ(joined.status, 200) << joined.message();
  const auto& shown = joined.body.at("containerInstance").as_object();
  EXPECT_EQ(shown.at("ec2InstanceId").as_string(), "i-7");
  EXPECT_EQ(shown.at("registeredResources").as_array()[0].at("integerValue").as_int64(), 7);
  EXPECT_TRUE(shown.at("registeredAt").is_double());
  const std::string arn{shown.at("containerInstanceArn").as_string()};
  account.ecs("PutAttributes",
              "{'cluster':'c','attributes':[{'name':'stack','value':'green',"
              "'targetId':'" +
                  arn + "'}]}");
  EXPECT_EQ(count_in(account.ecs("ListAttributes",
                                 "{'cluster':'c','targetType':'container-instance',"
                                 "'attributeName':'stack',"
                                 "'attributeValue':'green'}"),
                     "attributes"),
            1u);
  account.ecs("UpdateContainerInstancesState",
              "{'cluster':'c','containerInstances':['" + arn + "'],'status':'DRAINING'}");
  EXPECT_EQ(count_in(account.ecs("ListContainerInstances", "{'cluster':'c','status':'DRAINING'}"),
                     "containerInstanceArns"),
            1u);
  account.ecs("DeregisterContainerInstance", "{'cluster':'c','containerInstance':'" + arn + "'}");
  EXPECT_EQ(
      count_in(account.ecs("ListContainerInstances", "{'cluster':'c'}"), "containerInstanceArns"),
      0u);
  const std::string describe = "{'cluster':'c','containerInstances':['" + arn + "']}";
  EXPECT_EQ(count_in(account.ecs("DescribeContainerInstances", describe), "failures"), 0u);
  account.loop.run_for(61min);
  EXPECT_EQ(count_in(account.ecs("DescribeContainerInstances", describe), "failures"), 1u);
}

}  // namespace
}  // namespace blox::simulator
