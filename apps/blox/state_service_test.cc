// The cluster-state-service, wired: when it says that it is ready, and why not.
#include "blox/state_service.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "aws/fake_ecs.h"
#include "aws/fake_queue.h"
#include "base/sim_loop.h"
#include "cluster_state/ingest/testing_reports.h"
#include "cluster_state/reconcile/testing_reconcile.h"
#include "codec/api_objects.h"
#include "codec/stored.h"
#include "http/local_transport.h"
#include "store/memory_store.h"
#include "store/slow_store_for_tests.h"

namespace blox::apps {
namespace {

using namespace std::chrono_literals;
using cluster_state::testing::kCluster;

const ClusterArn kOther{"arn:aws:ecs:eu-west-1:123456789012:cluster/other"};
const Error kTooFast{ErrorKind::kThrottled, "Rate exceeded"};

class StateServiceTest : public ::testing::Test {
 protected:
  void start() { start(store); }
  void start(store::Store& on) {
    service = std::make_unique<StateService>(loop, random, on, queue, ecs, metrics, options);
  }
  http::Answer ask(std::string method, const std::string& target) {
    http::LocalTransport transport{loop, service->handler()};
    http::OutgoingRequest request;
    request.method = std::move(method);
    request.url = "local:" + target;
    std::optional<http::Answer> answer;
    Scope scope{loop};
    scope.spawn(keep(transport.send(std::move(request)), answer));
    EXPECT_TRUE(loop.run_while_not([&] { return answer.has_value(); }, 1min));
    return answer.value_or(http::Answer{});
  }
  void commit(store::Commit change) {
    Scope scope{loop};
    scope.spawn([](store::Store& in, store::Commit commit) -> Async<void> {
      EXPECT_TRUE(co_await in.commit(std::move(commit)));
    }(store, std::move(change)));
    loop.run_for(1s);
  }
  std::string readyz() { return ask("GET", "/readyz").body; }
  void push(int number) {
    queue.push(cluster_state::testing::task_event({.id = std::to_string(number)}, loop.wall_now()));
  }

  SimLoop loop{1};
  Random random{1};
  Metrics metrics;
  store::MemoryStore store{loop, 1};
  aws::FakeQueue queue{loop};
  aws::FakeEcsQuery ecs;
  StateServiceOptions options;
  std::unique_ptr<StateService> service;

 private:
  static Async<void> keep(Async<Result<http::Answer>> work, std::optional<http::Answer>& answer) {
    auto result = co_await std::move(work);
    EXPECT_TRUE(result);
    answer.emplace(result ? *std::move(result) : http::Answer{});
  }
};

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

// No age tells of what was never read.
TEST_F(StateServiceTest, MeasuresWhatWasNeverRead) {
  const std::string denied = "arn:aws:ecs:eu-west-1:123456789012:cluster/denied";
  ecs.clusters = {kCluster, ClusterArn{denied}};
  ecs.broken["ListTasks"] = Error{ErrorKind::kDenied, "AccessDeniedException"};
  start();
  loop.run_for(10min);
  EXPECT_NE(metrics.to_text().find("blox_cluster_unread{cluster=\"" + denied + "\"} 1"),
            std::string::npos);
  ecs.broken.clear();
  loop.run_for(10min);
  EXPECT_EQ(metrics.to_text().find("blox_cluster_unread{"), std::string::npos);
  EXPECT_NE(metrics.to_text().find("blox_cluster_synced_age_seconds{cluster=\"" + denied),
            std::string::npos);
}

// An unread cluster is not an empty one.
TEST_F(StateServiceTest, GivesNoPlainAnswerAboutWhatItHasNotRead) {
  ecs.clusters = {kCluster};
  ecs.broken["ListTasks"] = Error{ErrorKind::kThrottled, "Rate exceeded"};
  start();
  loop.run_for(10s);
  const std::string one = "/v1/tasks/" + std::string{cluster_name(kCluster)} + "/" +
                          "arn:aws:ecs:eu-west-1:123456789012:task/absent";
  const std::string of_cluster = "?cluster=" + std::string{cluster_name(kCluster)};
  for (const auto& target :
       {std::string{"/v1/tasks"}, std::string{"/v1/instances"}, "/v1/tasks" + of_cluster,
        std::string{"/v1/tasks?status=running"}, std::string{"/v1/stream/tasks"}, one}) {
    const auto answer = ask("GET", target);
    EXPECT_EQ(answer.status, 503) << target;
    EXPECT_TRUE(http::find_header(answer.headers, "Retry-After")) << target;
    EXPECT_NE(answer.body.find(kCluster.value + " was not read from ECS yet"), std::string::npos)
        << answer.body;
  }
  EXPECT_EQ(ask("GET", "/v1/tasks?bookmarks=true").status, 200) << "such a client can tell";
  loop.run_for(3min);
  const auto without = ask("GET", "/v1/tasks");
  EXPECT_EQ(without.status, 200) << "without progress it keeps nobody from the others";
  EXPECT_EQ(http::find_header(without.headers, "Blox-Unread-Clusters"), kCluster.value);
  EXPECT_EQ(ask("GET", "/v1/tasks" + of_cluster).status, 503);
  ecs.broken.clear();
  loop.run_for(2min);
  EXPECT_EQ(ask("GET", "/v1/tasks" + of_cluster).status, 200);
  EXPECT_EQ(ask("GET", one).status, 404);
  EXPECT_FALSE(http::find_header(ask("GET", "/v1/tasks").headers, "Blox-Unread-Clusters"));
}

// Ready means that plain lists are answered: the two never contradict each other.
TEST_F(StateServiceTest, IsReadyOnceListsOfAllClustersAreAnswered) {
  ecs.clusters = {kOther, kCluster};
  ecs.broken["ListTasks prod"] = kTooFast;
  push(1);  // A part of it is shown.
  start();
  int ready_count = 0;
  const auto follow = [&](int seconds) {
    for (int second = 0; second < seconds; ++second) {
      loop.run_for(1s);
      const int ready = ask("GET", "/readyz").status;
      EXPECT_EQ(ready, ask("GET", "/v1/tasks").status) << second;
      ready_count += ready == 200 ? 1 : 0;
    }
  };
  follow(60);
  EXPECT_EQ(ready_count, 0);
  EXPECT_EQ(service->view().snapshot()->synced_at->count(kOther), 1U) << "one of them is read";
  EXPECT_NE(readyz().find(kCluster.value), std::string::npos) << readyz();
  EXPECT_NE(readyz().find("Rate exceeded"), std::string::npos) << readyz();
  follow(90);
  EXPECT_GT(ready_count, 0) << "without progress it keeps nobody from the others";
  EXPECT_EQ(readyz(), "ready");
  ready_count = 0;
  ecs.clusters.push_back(ClusterArn{"arn:aws:ecs:eu-west-1:123456789012:cluster/later"});
  ecs.broken["ListTasks later"] = kTooFast;
  EXPECT_EQ(ask("POST", "/v1/reconcile").status, 202);
  follow(60);
  EXPECT_EQ(ready_count, 60) << "nor does one that came later";
}

// However a cluster is called by --cluster and by those who ask.
TEST_F(StateServiceTest, KnowsAnUnreadClusterByItsNameAndByItsArn) {
  for (const auto& called : {std::string{"prod"}, kCluster.value}) {
    SCOPED_TRACE(called);
    options.reconcile.clusters = {"other", called};
    ecs.clusters = {kOther, kCluster};
    ecs.broken["DescribeClusters " + called] = kTooFast;
    start();
    for (const Duration passed : {Duration{10s}, Duration{5min}}) {
      loop.run_for(passed);
      for (const std::string& target : std::initializer_list<std::string>{
               "/v1/tasks?cluster=" + kCluster.value, "/v1/tasks?cluster=prod",
               "/v1/instances?status=active&cluster=" + kCluster.value,
               "/v1/tasks/prod/arn:aws:ecs:eu-west-1:123456789012:task/prod/absent",
               "/v1/tasks/arn%3Aaws%3Aecs%3Aeu-west-1%3A123456789012%3Acluster%2Fprod/absent"}) {
        EXPECT_EQ(ask("GET", target).status, 503) << target;
      }
      EXPECT_EQ(ask("GET", "/v1/tasks?cluster=" + kOther.value).status, 200);
    }
    EXPECT_EQ(http::find_header(ask("GET", "/v1/tasks").headers, "Blox-Unread-Clusters"), called);
    ecs.broken.clear();
    loop.run_for(3min);
    EXPECT_EQ(ask("GET", "/v1/tasks?cluster=" + kCluster.value).status, 200);
    service.reset();
    store::Commit none;
    none.deletes = {codec::cluster_key(kOther), codec::cluster_key(kCluster)};
    commit(std::move(none));
  }
}

// What an earlier process has not read to its end, or did not follow, is unread from the start:
// while the store is being read, and before ECS has said anything.
TEST_F(StateServiceTest, KnowsWhatIsUnreadWithoutEcs) {
  ecs.clusters = {kOther, kCluster};
  ecs.broken["ListTasks prod"] = kTooFast;
  push(1);
  start();
  loop.run_for(10s);
  ASSERT_EQ(ask("GET", "/v1/tasks?cluster=other").status, 200);
  service.reset();
  store::SlowStore slow{loop, store, 1, {.latency_max = 2s, .refused_percent = 0}};
  ecs.broken["DescribeClusters"] = kTooFast;
  options.reconcile.clusters = {"other", "prod", "third"};
  start(slow);
  ASSERT_TRUE(loop.run_while_not([&] { return service->view().snapshot() != nullptr; }, 1min));
  EXPECT_FALSE(service->ingest().is_ready());
  for (int tenth = 0; tenth < 600; ++tenth) {
    for (const std::string name : {"prod", "third"}) {
      const std::string arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/" + name;
      ASSERT_EQ(ask("GET", "/v1/tasks?cluster=" + name).status, 503) << tenth;
      ASSERT_EQ(ask("GET", "/v1/tasks?cluster=" + arn).status, 503) << tenth;
    }
    ASSERT_EQ(ask("GET", "/v1/tasks").status, 503) << tenth;
    ASSERT_EQ(ask("GET", "/v1/tasks?cluster=other").status, 200)
        << "what is read is served at once";
    loop.run_for(100ms);
  }
}

// That others take all the places says nothing against it.
TEST_F(StateServiceTest, GivesNoClusterUpWhoseTurnHasNotCome) {
  cluster_state::testing::TimedEcs timed{loop};
  timed.fake.clusters = {kCluster};
  for (const char* name : {"a1", "a2", "a3", "a4"}) {
    const ClusterArn slow{"arn:aws:ecs:eu-west-1:123456789012:cluster/" + std::string{name}};
    timed.fake.clusters.push_back(slow);
    timed.slow_clusters[slow] = 10min;
  }
  service = std::make_unique<StateService>(loop, random, store, queue, timed, metrics, options);
  loop.run_for(5min);
  const auto answer = ask("GET", "/v1/tasks");
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.body.find(kCluster.value + " was not read from ECS yet"), std::string::npos)
      << answer.body;
  loop.run_for(30min);
  EXPECT_EQ(ask("GET", "/v1/tasks").status, 200);
  service.reset();
}

TEST_F(StateServiceTest, KnowsNoClusterBeforeEcsHasNamedThem) {
  ecs.broken["ListClusters"] = Error{ErrorKind::kDenied, "not authorized to ecs:ListClusters"};
  start();
  loop.run_for(1s);
  const auto answer = ask("GET", "/v1/tasks");
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.body.find("not authorized to ecs:ListClusters"), std::string::npos);
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

TEST_F(StateServiceTest, IsNotReadyByAMisspeltCluster) {
  options.reconcile.clusters = {"pord"};
  ecs.clusters = {kCluster};
  start();
  loop.run_for(1min);
  EXPECT_EQ(readyz(),
            "no cluster was read from ECS yet; the last read: ECS has no cluster 'pord' in this "
            "account and region; check --cluster");
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
