// Which of the tasks that ended by themselves are new to this process: those it has seen come.
#include <gtest/gtest.h>

#include "scheduler/observe/observer_for_tests.h"

namespace blox::scheduler {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

using RecallDeathsTest = ObserverTest;

TEST_F(RecallDeathsTest, CountsTheDeathsSinceTheLastRound) {
  add_ended("t", minutes{10}, minutes{5});
  EXPECT_EQ(observe_a().new_deaths, 0) << "it may be of any age";
  add_ended("u", minutes{10}, seconds{40});
  add_ended("v", minutes{10}, seconds{30});
  add_ended("w", minutes{10}, seconds{20}, "blox: its task is outdated");
  add_ended("x", minutes{10}, seconds{20}, "to restart it").stop_code = "UserInitiated";
  add_ended("y", minutes{10}, seconds{20}, "Host gone").stop_code = "TerminationNotice";
  EXPECT_EQ(observe_a().new_deaths, 2);
  EXPECT_EQ(observe_a().new_deaths, 0);
  const auto shown = tasks_;
  std::erase_if(tasks_, [](const auto& entry) { return entry.first.value > "u"; });
  EXPECT_EQ(observe_a().new_deaths, 0);
  tasks_ = shown;
  EXPECT_EQ(observe_a().new_deaths, 0) << "the picture had gone backwards";
}

// As long as only an intent speaks of the instance, nobody knows who died there.
TEST_F(RecallDeathsTest, CountsNoDeathsOfBeforeThePicture) {
  add_intent(IntentKind::kStart, {});
  instances_.clear();
  EXPECT_EQ(observe_a().new_deaths, 0);
  add_instance("a");
  add_ended("t", minutes{10}, minutes{5});
  EXPECT_EQ(observe_a().new_deaths, 0);
}

}  // namespace
}  // namespace blox::scheduler
