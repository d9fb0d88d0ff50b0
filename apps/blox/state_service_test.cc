// The cluster-state-service, wired: when it says that it is ready, and why not.
#include "blox/state_service.h"

#include <algorithm>
#include <set>
#include <string>

#include "blox/state_service_for_tests.h"
#include "codec/api_objects.h"
#include "codec/stored.h"

namespace blox::apps {
namespace {

using namespace std::chrono_literals;
using cluster_state::testing::kCluster;

TEST_F(StateServiceTest, IsReadyWithoutAnyCluster) {
  start();
  loop.run_for(1s);
  EXPECT_EQ(readyz(), "ready");
}

// A file that was copied back holds a mark, too: it says nothing of now.
TEST_F(StateServiceTest, TellsWhichClustersItHasReadItself) {
  const auto bookmark = [&] {
    const auto list = codec::decode_list<Task>(ask("GET", "/v1/tasks?bookmarks=true").body);
    EXPECT_TRUE(list);
    return list ? list->bookmark : codec::Bookmark{};
  };
  ecs.clusters = {kCluster};
  start();
  loop.run_for(5s);
  const auto first = bookmark();
  ASSERT_EQ(first.synced_at.size(), 1U);
  EXPECT_TRUE(first.unconfirmed.empty());
  EXPECT_FALSE(first.epoch.empty());
  EXPECT_GE(first.sync_ages.at(kCluster), Duration{3s});
  loop.run_for(4s);  // Not until all is read once more, as an earlier process may have been killed.
  EXPECT_NE(metrics.to_text().find("blox_cluster_synced_age_seconds{cluster=\"" + kCluster.value),
            std::string::npos);
  service.reset();
  ecs.broken["ListClusters"] = Error{ErrorKind::kUnavailable, "away"};
  options.view.knows_date = [] { return false; };
  start();
  loop.run_for(1s);
  EXPECT_TRUE(bookmark().sync_ages.empty()) << "whoever reads it goes by its own date";
  service.reset();
  options.view.knows_date = {};
  start();
  loop.run_for(1s);
  const auto second = bookmark();
  EXPECT_NE(second.epoch, first.epoch);
  EXPECT_EQ(second.unconfirmed, std::set{kCluster});
  EXPECT_GE(second.sync_ages.at(kCluster), Duration{9s});
  ecs.broken.clear();
  loop.run_for(2min);
  EXPECT_TRUE(bookmark().unconfirmed.empty());
  EXPECT_LT(bookmark().sync_ages.at(kCluster), Duration{2min});
}

// The clock may have stood at any date when the mark was written; who follows takes the age.
TEST_F(StateServiceTest, TellsTheAgeOfAMarkOfAnyDate) {
  const WallTime first = *parse_time("0000-01-01T00:00:00Z");
  store::Commit marks;
  marks.puts = {{codec::cluster_key(kCluster), codec::encode_sync_mark({first, {}})},
                {codec::cluster_key(kOther), codec::encode_sync_mark({loop.wall_now() + 1h, {}})}};
  commit(std::move(marks));
  ecs.broken["ListClusters"] = kTooFast;
  start();
  loop.run_for(10s);
  const auto list = codec::decode_list<Task>(ask("GET", "/v1/tasks?bookmarks=true").body);
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(list->bookmark.sync_ages.at(kCluster), Duration{codec::kAgeMax});
  EXPECT_EQ(list->bookmark.sync_ages.at(kOther), Duration{});
  EXPECT_NE(metrics.to_text().find("} 315360000\n"), std::string::npos);
}

// What ECS lists and does not describe does not keep a cluster unread, and is told.
TEST_F(StateServiceTest, TellsOfHolesAndIsReady) {
  ecs.clusters = {kCluster};
  auto& task = ecs.tasks[cluster_state::testing::task_arn("1")];
  task.report = cluster_state::testing::task_report({.id = "1"});
  ecs.undescribed[task.report.arn.value] = "UNDECODABLE (field 'lastStatus')";
  start();
  loop.run_for(20s);
  EXPECT_EQ(ask("GET", "/readyz").status, 200);
  EXPECT_NE(readyz().find(task.report.arn.value), std::string::npos) << readyz();
  EXPECT_NE(metrics.to_text().find("blox_cluster_holes{cluster=\"" + kCluster.value +
                                   "\",kind=\"task\"} 1"),
            std::string::npos);
  push(1);
  loop.run_for(20s);
  EXPECT_EQ(readyz(), "ready") << "an event tells what it is";
  EXPECT_EQ(metrics.to_text().find("blox_cluster_holes{"), std::string::npos);
}

TEST_F(StateServiceTest, SaysWhatEcsRefuses) {
  ecs.broken["ListClusters"] = Error{ErrorKind::kDenied, "not authorized to ecs:ListClusters"};
  start();
  loop.run_for(1s);
  EXPECT_NE(readyz().find("not authorized to ecs:ListClusters"), std::string::npos) << readyz();
}

TEST_F(StateServiceTest, IsNotReadyWhileTheQueueGivesNothing) {
  ecs.clusters = {kCluster};
  for (int fault = 0; fault < 5; ++fault) {
    queue.receive_faults.push_back({ErrorKind::kDenied, "not authorized to sqs:ReceiveMessage"});
  }
  start();
  loop.run_for(500ms);
  EXPECT_NE(readyz().find("not authorized to sqs:ReceiveMessage"), std::string::npos) << readyz();
  push(1);
  loop.run_for(1min);
  EXPECT_EQ(readyz(), "ready");
}

// What is lost shows in ECS alone, and not before the queue is there again.
TEST_F(StateServiceTest, ReadsAllWhenEventsAreLost) {
  ecs.clusters = {kCluster};
  queue.shown.identity = "first";
  start();
  loop.run_for(5min);
  const auto reads = [&] {
    return std::ranges::count(ecs.calls, std::string{"ListContainerInstances prod"});
  };
  ASSERT_EQ(reads(), 2) << "at the start, and behind what a killed process may have hidden";
  queue.receive_fault = Error{ErrorKind::kNotFound, "no such queue"};
  push(1);
  loop.run_for(3min);
  EXPECT_NE(readyz().find("no such queue"), std::string::npos) << readyz();
  EXPECT_EQ(reads(), 2);
  queue.receive_fault.reset();
  loop.run_for(2s);
  EXPECT_EQ(reads(), 3);
  EXPECT_EQ(readyz(), "ready");
  queue.shown.identity = "second";
  loop.run_for(2min);
  EXPECT_EQ(reads(), 4);
  loop.run_for(10min);
  EXPECT_EQ(reads(), 4) << "once a loss";
}

// Health is of the process, which is well: whoever restarts it for this would do so for ever.
TEST_F(StateServiceTest, TroubleWithTheQueueIsNoTroubleOfTheProcess) {
  start();
  loop.run_for(1s);
  for (int message = 0; message < 20; ++message) queue.push("{}");
  loop.run_for(1s);
  EXPECT_NE(readyz().find("the last 20 messages"), std::string::npos) << readyz();
  EXPECT_EQ(ask("GET", "/readyz").status, 503);
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
}

// Clusters that are not followed neither stand in the way nor get in.
TEST_F(StateServiceTest, FollowsTheNamedClustersAlone) {
  options.reconcile.clusters = {"other"};
  ecs.clusters = {kCluster, ClusterArn{"arn:aws:ecs:eu-west-1:123456789012:cluster/other"}};
  push(1);
  start();
  loop.run_for(1s);
  EXPECT_EQ(readyz(), "ready");
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_EQ(ask("GET", "/v1/tasks").body, R"({"items":[]})");
}

TEST_F(StateServiceTest, ReadsAClusterOnDemand) {
  ecs.clusters = {kCluster};
  start();
  loop.run_for(1s);
  const auto lists = [&] {
    return std::ranges::count(ecs.calls, std::string{"ListContainerInstances prod"});
  };
  const auto before = lists();
  EXPECT_EQ(ask("POST", "/v1/reconcile?cluster=prod").status, 202);
  loop.run_for(1s);
  EXPECT_EQ(lists(), before + 1);
  for (int number = 0; number < 2'000; ++number) {
    EXPECT_EQ(ask("POST", "/v1/reconcile?cluster=n" + std::to_string(number)).status, 404);
  }
  EXPECT_EQ(ask("POST", "/v1/reconcile").body, "will be read from ECS soon");
  EXPECT_EQ(ask("POST", "/v1/reconcile?cluster=prod").body,
            "joins a read of ECS that waits or is under way");
  loop.run_for(1s);
  EXPECT_EQ(lists(), before + 1) << "not so soon after the last";
  loop.run_for(10s);
  EXPECT_EQ(lists(), before + 2);
}

// A value in the store that nobody can read does not stay what lists show for ever.
TEST_F(StateServiceTest, RenewsWhatItCannotRead) {
  namespace state = cluster_state::testing;
  const TaskArn arn = state::task_arn("1");
  ecs.clusters = {kCluster};
  ecs.tasks[arn] = {state::task_report({.version = 4}), "", "", false};
  ecs.now = loop.wall_now();
  start();
  loop.run_for(1s);
  EXPECT_NE(ask("GET", "/v1/tasks").body.find("RUNNING"), std::string::npos);
  store::Commit foreign;
  foreign.puts.push_back({codec::task_key(arn), "nonsense"});
  commit(std::move(foreign));
  ASSERT_EQ(service->view().unreadable().size(), 1U);
  ecs.tasks[arn].report = state::task_report({.version = 5, .status = "DEACTIVATING"});
  ecs.now = loop.wall_now();
  loop.run_for(6min);
  EXPECT_TRUE(service->view().unreadable().empty());
  EXPECT_NE(ask("GET", "/v1/tasks").body.find("DEACTIVATING"), std::string::npos);
}

}  // namespace
}  // namespace blox::apps
