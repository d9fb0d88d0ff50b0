// Describe by halves: one bad thing costs only itself.
#include "scheduler/act/describe.h"

#include "base/run_to_end_for_tests.h"
#include "scheduler/act/act_for_tests.h"

namespace blox::scheduler {
namespace {

using std::chrono::milliseconds;

class DescribeTest : public ActorTest {
 protected:
  DescribeTest() {
    for (int number = 100; number < 200; ++number) {
      asked_.emplace_back(std::to_string(number));
      put_in_ecs(asked_.back().value, kA, "RUNNING");
    }
    slow_query_.describe_time = milliseconds{100};
  }
  Result<aws::DescribedTasks> describe() {
    return run_to_end(loop_, describe_tasks(slow_query_, kCluster, asked_));
  }
  // The call that begins then.
  Async<void> throttle_after(Duration time) {
    co_await sleep_for(loop_, time);
    query_.faults.push_back(error(ErrorKind::kThrottled));
  }
  std::vector<TaskArn> asked_;
};

TEST_F(DescribeTest, AFailedCallCostsOnlyWhatWasNotAskedYet) {
  query_.refused = {"120"};
  Scope scope{loop_};
  scope.spawn(throttle_after(milliseconds{450}));
  const auto described = describe();
  ASSERT_TRUE(described);
  EXPECT_GT(described->tasks.size(), 10U);
  EXPECT_GT(described->undescribed.size(), 10U);
  EXPECT_EQ(described->tasks.size() + described->undescribed.size(), 100U);
  EXPECT_GE(std::ranges::count(described->undescribed, true, &aws::Undescribed::is_passing), 10);
  const auto again = describe();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->tasks.size(), 99U);
}

TEST_F(DescribeTest, WhereNothingWasAnsweredItIsAFailure) {
  query_.refused = {"120"};
  Scope scope{loop_};
  scope.spawn(throttle_after(milliseconds{50}));
  const auto described = describe();
  ASSERT_FALSE(described);
  EXPECT_EQ(described.error().kind, ErrorKind::kThrottled);
}

}  // namespace
}  // namespace blox::scheduler
