// The demo has to fail when a single promise is broken: a truth for each.
#include "blox/demo_promises.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <tuple>

namespace blox::apps {
namespace {

using testing::ElementsAre;

const std::string kCurrent = "arn:aws:ecs:us-east-1:123456789012:task-definition/agent:2";

// Two instances that run the current one each, and a drained one that runs nothing.
Truth whole() {
  Truth truth;
  truth.instances.push_back({"a", "ACTIVE", true, {kCurrent}, {"task/a"}, 1});
  truth.instances.push_back({"b", "ACTIVE", true, {kCurrent}, {"task/b"}, 1});
  truth.instances.push_back({"c", "DRAINING", true, {}, {}, 0});
  return truth;
}

std::vector<std::string> broken_in(const Truth& truth) {
  std::vector<std::string> broken;
  for (const auto& promise : count_promises(truth, kCurrent, 2)) {
    if (!promise.is_kept()) broken.push_back(promise.what);
  }
  return broken;
}

TEST(DemoPromises, AreKeptByTheTruthThatIsWanted) {
  EXPECT_THAT(broken_in(whole()), ElementsAre());
}

TEST(DemoPromises, AreBrokenOneByOne) {
  const char* run = "… that run exactly one task, of the current revision";
  const std::tuple<const char*, std::function<void(Truth&)>, const char*> rows[] = {
      {"one instance less", [](Truth& truth) { truth.instances.pop_back(); }, nullptr},
      {"one eligible instance less", [](Truth& truth) { truth.instances[0].status = "DRAINING"; },
       "eligible instances"},
      {"an agent that is away", [](Truth& truth) { truth.instances[0].agent_connected = false; },
       "eligible instances"},
      {"no task", [](Truth& truth) { truth.instances[0] = {"a", "ACTIVE", true, {}, {}, 0}; }, run},
      {"a task that does not run yet", [](Truth& truth) { truth.instances[0].running_daemons = 0; },
       run},
      {"a task of before", [](Truth& truth) { truth.instances[1].daemon_tasks = {"agent:1"}; },
       run},
      {"two tasks",
       [](Truth& truth) {
         truth.instances[1].daemon_tasks = {kCurrent, kCurrent};
         truth.instances[1].running_daemons = 2;
       },
       run},
      {"a task on the drained one",
       [](Truth& truth) { truth.instances[2].daemon_tasks = {kCurrent}; },
       "daemon tasks left on the drained instance"},
      {"a doubled task", [](Truth& truth) { truth.doubled = 1; },
       "instances that ever had two live tasks"},
      {"a start at the wrong place", [](Truth& truth) { truth.bad_starts = 1; },
       "starts on instances that were not ACTIVE and connected"},
      {"a stop of another's", [](Truth& truth) { truth.foreign_stops = 1; },
       "stops of tasks that are not ours"},
  };
  for (const auto& [what, breaks, promise] : rows) {
    Truth truth = whole();
    breaks(truth);
    const auto broken = broken_in(truth);
    EXPECT_EQ(broken.empty(), promise == nullptr) << what;
    if (promise != nullptr) {
      EXPECT_NE(std::ranges::find(broken, promise), broken.end()) << what;
    }
  }
}

}  // namespace
}  // namespace blox::apps
