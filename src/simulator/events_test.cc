// Events: their form, and their faults on the way to the queue.
#include "simulator/events.h"

#include <map>

#include "simulator/account_for_tests.h"

namespace blox::simulator {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

std::vector<json::object> drain(Account& account) {
  std::vector<json::object> events;
  for (;;) {
    const Reply reply = account.sqs(
        "ReceiveMessage",
        "{'QueueUrl':'http://h/1/blox_queue','MaxNumberOfMessages':10,'VisibilityTimeout':9999}");
    const auto* messages = reply.body.if_contains("Messages");
    if (messages == nullptr) return events;
    for (const auto& message : messages->as_array()) {
      events.push_back(json::parse(message.at("Body").as_string()).as_object());
    }
  }
}

bool is_task_event(const json::object& event) {
  return event.at("detail-type").as_string() == "ECS Task State Change";
}

// The versions of the tasks' events in the order of arrival.
std::string versions(const std::vector<json::object>& events) {
  std::string text;
  for (const auto& event : events) {
    if (is_task_event(event)) text += json::serialize(event.at("detail").at("version"));
  }
  return text;
}

TEST(Events, HaveTheFormOfEventBridge) {
  Account account;
  Instance& instance = *account.set_up(1)[0];
  const Task& task = *account.start(instance);
  account.loop.run_for(1min);
  const auto events = drain(account);
  ASSERT_FALSE(events.empty());
  for (const auto& event : events) {
    SCOPED_TRACE(json::serialize(event));
    EXPECT_EQ(event.at("version").as_string(), "0");
    EXPECT_EQ(event.at("source").as_string(), "aws.ecs");
    EXPECT_EQ(event.at("account").as_string(), "123456789012");
    EXPECT_EQ(event.at("region").as_string(), "us-east-1");
    EXPECT_EQ(event.at("id").as_string().size(), 36u);
    const std::string time{event.at("time").as_string()};
    EXPECT_EQ(time.size(), std::string{"2026-08-20T10:00:03Z"}.size());
    EXPECT_TRUE(parse_time(time).has_value());
    const auto& detail = event.at("detail").as_object();
    EXPECT_EQ(detail.at("clusterArn").as_string(), "arn:aws:ecs:us-east-1:123456789012:cluster/c");
    EXPECT_TRUE(parse_time(std::string{detail.at("updatedAt").as_string()}).has_value());
    EXPECT_FALSE(detail.contains("healthStatus"));
    EXPECT_FALSE(detail.contains("tags"));
    EXPECT_EQ(event.at("resources").as_array()[0].as_string(),
              is_task_event(event) ? task.arn : instance.arn);
  }
  const auto& last = events.back().at("detail").as_object();
  EXPECT_EQ(last.at("runningTasksCount").as_int64(), 1);
  EXPECT_EQ(last.at("versionInfo").at("agentVersion").as_string(), "1.97.0");
  const auto& running = events[events.size() - 2].at("detail").as_object();
  EXPECT_EQ(running.at("lastStatus").as_string(), "RUNNING");
  EXPECT_EQ(running.at("group").as_string(), "blox:e");
  EXPECT_EQ(running.at("containers").as_array()[0].at("lastStatus").as_string(), "RUNNING");
  EXPECT_TRUE(running.at("createdAt").is_string());
  EXPECT_TRUE(running.at("overrides").at("containerOverrides").is_array());
}

TEST(Events, KeepTheirOrderUnlessReordered) {
  struct Row {
    const char* what;
    void (*set)(Faults&);
    const char* expected;  // Null: anything but the order 1234 with each once.
  };
  const Row rows[] = {
      {"nothing", [](Faults&) {}, "1234"},
      {"latency", [](Faults& f) { f.event_latency = Span{0s, 10s}; }, "1234"},
      {"delay", [](Faults& f) { f.event_delayed = 0.5; }, "1234"},
      {"loss", [](Faults& f) { f.event_lost = 1; }, ""},
      {"reordering", [](Faults& f) { f.event_reordered = 0.5; }, nullptr},
      {"duplication", [](Faults& f) { f.event_duplicated = 1; }, nullptr},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    Account account{3};
    Instance& instance = *account.set_up(1)[0];
    row.set(account.simulator.faults);
    account.start(instance);
    account.loop.run_for(5min);
    const std::string seen = versions(drain(account));
    if (row.expected != nullptr) {
      EXPECT_EQ(seen, row.expected);
    } else {
      EXPECT_NE(seen, "1234");
      EXPECT_EQ(seen.size(), std::string_view{row.what} == "duplication" ? 8u : 4u);
    }
  }
}

TEST(Events, GoNowhereWithoutTheirQueue) {
  Account account;
  account.sqs("DeleteQueue", "{'QueueUrl':'blox_queue'}");
  account.start(*account.set_up(1)[0]);
  account.loop.run_for(1min);
  EXPECT_EQ(account.simulator.events.counts().emitted, 0u);
}

}  // namespace
}  // namespace blox::simulator
