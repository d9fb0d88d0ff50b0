// What operators are paged by, as /metrics has it.
#include "scheduler/rounds/environment_metrics.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "scheduler/rounds/rounds_for_tests.h"

namespace blox::scheduler {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class EnvironmentMetricsTest : public testing::Test {
 protected:
  EnvironmentMetricsTest() {
    environment_.name = EnvironmentName{"logs"};
    environment_.cluster = ClusterArn{"prod"};
    deployment_.created_at = now_ - seconds{100};
    world_.now = TimePoint{} + minutes{60};
  }

  void add_instance(std::optional<Duration> unserved_for, int new_deaths = 0) {
    ObservedInstance instance;
    if (unserved_for) instance.unserved_since = world_.now - *unserved_for;
    instance.new_deaths = new_deaths;
    world_.instances.push_back(instance);
  }
  void add_lines(InstanceState state, int count) {
    for (int i = 0; i < count; ++i) {
      plan_.lines.push_back({ContainerInstanceArn{"i"}, state, "", std::nullopt});
    }
  }
  void note(const Environment& environment) {
    series_.note(environment, &deployment_, world_, plan_, now_);
  }
  std::string round() {
    note(environment_);
    series_.end_round();
    return metrics_.to_text();
  }

  Metrics metrics_;
  EnvironmentMetrics series_{metrics_};
  Environment environment_;
  Deployment deployment_;
  World world_;
  Plan plan_;
  WallTime now_{std::chrono::days{20'000}};
};

constexpr std::string_view kInstances =
    "\nblox_environment_instances{{cluster=\"prod\",environment=\"logs\",state=\"{}\"}} {}\n";

TEST_F(EnvironmentMetricsTest, CountsTheInstancesOfEachState) {
  const std::array states{InstanceState::kServing,  InstanceState::kStarting,
                          InstanceState::kStopping, InstanceState::kWaiting,
                          InstanceState::kBlocked,  InstanceState::kSkipped};
  int count = 0;
  for (const InstanceState state : states) add_lines(state, ++count);
  const std::string text = round();
  count = 0;
  for (const char* state : {"serving", "starting", "stopping", "waiting", "blocked", "skipped"}) {
    EXPECT_THAT(text, HasSubstr(fmt::format(kInstances, state, ++count)));
  }
  plan_.lines.clear();
  add_lines(InstanceState::kServing, 7);
  const std::string later = round();
  EXPECT_THAT(later, HasSubstr(fmt::format(kInstances, "serving", 7)));
  EXPECT_THAT(later, HasSubstr(fmt::format(kInstances, "blocked", 0))) << "an alert has to end";
}

TEST_F(EnvironmentMetricsTest, TellsForHowLongTheWorstInstanceIsUnserved) {
  const std::string unserved =
      "\nblox_environment_unserved_seconds{cluster=\"prod\",environment=\"logs\"} ";
  add_instance(seconds{10});
  add_instance(minutes{15});
  add_instance(std::nullopt);
  add_instance(seconds{20});
  EXPECT_THAT(round(), HasSubstr(unserved + "900\n"));
  world_.now += std::chrono::milliseconds{500};
  EXPECT_THAT(round(), HasSubstr(unserved + "900.5\n"));
  world_.instances[1].unserved_since.reset();
  EXPECT_THAT(round(), HasSubstr(unserved + "20.5\n"));
  world_.instances.clear();
  EXPECT_THAT(round(), HasSubstr(unserved + "0\n"));
}

TEST_F(EnvironmentMetricsTest, FollowsTheStatusOfTheDeployment) {
  const auto expect_only = [&](const std::string& rest) {
    const std::string name = "\nblox_deployment_seconds{environment=\"logs\",status=";
    const std::string text = round();
    EXPECT_THAT(text, HasSubstr(name + rest + "\n"));
    EXPECT_EQ(text.find(name), text.rfind(name))
        << "the series of another status goes on: " << text;
  };
  expect_only(R"("pending"} 100)");
  deployment_.status = DeploymentStatus::kRunning;
  now_ += seconds{30};
  expect_only(R"("running"} 130)");
  deployment_.status = DeploymentStatus::kFailed;
  deployment_.ended_at = now_;
  now_ += seconds{30};
  expect_only(R"("failed"} 130)");
  deployment_.status = DeploymentStatus::kCompleted;
  deployment_.ended_at = now_;
  now_ += minutes{60};
  expect_only(R"("completed"} 160)");

  series_.note(environment_, nullptr, world_, plan_, now_);
  series_.end_round();
  EXPECT_THAT(metrics_.to_text(), Not(HasSubstr("blox_deployment_seconds{")));
}

TEST_F(EnvironmentMetricsTest, AddsUpTheTasksThatDied) {
  const std::string deaths = "\nblox_task_deaths_total{cluster=\"prod\",environment=\"logs\"} ";
  EXPECT_THAT(round(), HasSubstr(deaths + "0\n")) << "an increase needs a first value";
  add_instance(std::nullopt, /*new_deaths=*/2);
  add_instance(std::nullopt);
  add_instance(seconds{1}, /*new_deaths=*/1);
  EXPECT_THAT(round(), HasSubstr(deaths + "3\n"));
  for (auto& instance : world_.instances) instance.new_deaths = 0;
  EXPECT_THAT(round(), HasSubstr(deaths + "3\n"));
  world_.instances[1].new_deaths = 1;
  EXPECT_THAT(round(), HasSubstr(deaths + "4\n"));
}

TEST_F(EnvironmentMetricsTest, EndsTheSeriesOfWhatIsGoneAlone) {
  Environment other = environment_;
  other.name = EnvironmentName{"proxy"};
  note(other);
  const std::string both = round();
  EXPECT_THAT(both, HasSubstr(R"(environment="logs")"));
  EXPECT_THAT(both, HasSubstr(R"(environment="proxy")"));
  const std::string one = round();
  EXPECT_THAT(one, HasSubstr(R"(environment="logs")"));
  EXPECT_THAT(one, Not(HasSubstr(R"(environment="proxy")")));
}

// From its delete on, be the stops of its tasks under way for long: its name may be used again.
TEST_F(RoundsTest, TheSeriesOfAnEnvironmentEndWithItsDelete) {
  add_instances(3);
  deploy("one", "logs:1");
  ASSERT_TRUE(runs_everywhere("logs:1"));
  loop_.run_for(minutes{2});
  cluster_.end_task(cluster_.live_on(names_[1]).front().arn);
  loop_.run_for(minutes{2});
  const auto text = [&] { return process_->metrics.to_text(); };
  for (const char* line : {R"(state="serving"} 3)", R"(status="completed"} )",
                           "blox_environment_unserved_seconds{", "blox_task_deaths_total{"}) {
    EXPECT_THAT(text(), HasSubstr(line));
  }
  EXPECT_THAT(text(), HasSubstr(R"(environment="logs"} 1)")) << "one death";

  cluster_.stop_fault = Error{ErrorKind::kThrottled, "later"};
  Environment ending = records().environments.at(uid_);
  ending.deleting = true;
  ending.terminate_tasks = true;
  put(ending, {});
  loop_.run_for(seconds{1});
  ASSERT_TRUE(records().environments.contains(uid_)) << "its tasks are still there";
  EXPECT_THAT(text(), Not(HasSubstr(R"(environment="logs")")));
  cluster_.stop_fault.reset();
  loop_.run_for(minutes{10});
  EXPECT_FALSE(records().environments.contains(uid_));
  EXPECT_THAT(text(), Not(HasSubstr(R"(environment="logs")")));
}

}  // namespace
}  // namespace blox::scheduler
