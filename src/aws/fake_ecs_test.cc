// The fakes of ECS: what the test puts in comes out, and faults come when queued.
#include "aws/fake_ecs.h"

#include <gmock/gmock.h>

#include "base/run_to_end_for_tests.h"
#include "base/scope.h"
#include "base/sim_loop.h"

namespace blox::aws {
namespace {

using testing::ElementsAre;

const ClusterArn kCluster{"arn:aws:ecs:eu-west-1:123456789012:cluster/prod"};
const ContainerInstanceArn kA{"a"};
const ContainerInstanceArn kB{"b"};

template <class T>
T run(Async<T> work) {
  SimLoop loop{1};
  return run_to_end(loop, std::move(work), Duration{1});
}

TEST(FakeEcsQuery, AnswersFromWhatWasPutIn) {
  FakeEcsQuery ecs;
  ecs.clusters = {kCluster};
  FakeEcsQuery::Task running;
  running.report.arn = TaskArn{"t"};
  running.report.cluster = kCluster;
  running.started_by = "d1";
  ecs.tasks[TaskArn{"t"}] = running;
  ecs.tasks[TaskArn{"u"}] = running;
  ecs.tasks[TaskArn{"u"}].started_by = "d2";
  ecs.tasks[TaskArn{"v"}] = running;
  ecs.tasks[TaskArn{"v"}].stopped = true;

  TaskFilter filter;
  filter.started_by = "d1";
  EXPECT_THAT(run(ecs.list_tasks(kCluster, filter)).value(), ElementsAre(TaskArn{"t"}));
  EXPECT_THAT(run(ecs.list_tasks(kCluster, {})).value(), ElementsAre(TaskArn{"t"}, TaskArn{"u"}));
  EXPECT_THAT(run(ecs.describe_tasks(kCluster, {TaskArn{"x"}, TaskArn{"t"}})).value().missing,
              ElementsAre(TaskArn{"x"}));
  EXPECT_EQ(run(ecs.describe_cluster("prod")).value(), kCluster);
  EXPECT_EQ(run(ecs.describe_cluster("test")).error().kind, ErrorKind::kNotFound);
  EXPECT_THAT(ecs.calls, ElementsAre("ListTasks prod", "ListTasks prod", "DescribeTasks prod",
                                     "DescribeClusters prod", "DescribeClusters test"));

  ecs.faults.push_back({ErrorKind::kThrottled, "slow"});
  ecs.broken["ListClusters"] = {ErrorKind::kDenied, "no"};
  EXPECT_EQ(run(ecs.list_tasks(kCluster, {})).error().kind, ErrorKind::kThrottled);
  EXPECT_TRUE(run(ecs.list_tasks(kCluster, {})));
  EXPECT_EQ(run(ecs.list_clusters()).error().kind, ErrorKind::kDenied);
}

TEST(FakeEcsControl, RemembersCallsAndFailsOnOrder) {
  FakeEcsControl ecs;
  ecs.start_failures[kB] = {"AGENT", ""};
  ecs.faults = {std::nullopt, Error{ErrorKind::kUnknown, "lost"}};
  const StartRequest request{kCluster, TaskDefinitionArn{"logs:7"}, {kA, kB}, "d", "g"};
  const auto started = run(ecs.start_task(request));
  EXPECT_EQ(started.value().at(0).task.value().value,
            "arn:aws:ecs:eu-west-1:123456789012:task/prod/00000000000000000000000000000001");
  EXPECT_EQ(started->at(1).task.error().reason, "AGENT");
  EXPECT_EQ(run(ecs.start_task(request)).error().kind, ErrorKind::kUnknown);
  EXPECT_TRUE(run(ecs.stop_task(kCluster, TaskArn{"t"}, "because")));
  EXPECT_EQ(ecs.starts.size(), 2u);
  EXPECT_EQ(ecs.stops.at(0).reason, "because");
}

}  // namespace
}  // namespace blox::aws
