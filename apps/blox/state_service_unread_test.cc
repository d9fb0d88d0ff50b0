// What the cluster-state-service answers about clusters that it has not read: an unread cluster is
// not an empty one. And that /readyz goes by the same.
#include <initializer_list>
#include <string>

#include "blox/state_service_for_tests.h"
#include "cluster_state/reconcile/testing_reconcile.h"
#include "codec/stored.h"
#include "store/slow_store_for_tests.h"

namespace blox::apps {
namespace {

using namespace std::chrono_literals;
using cluster_state::testing::kCluster;

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

// What is shown of it is a part, and who has no bookmarks cannot tell.
TEST_F(StateServiceTest, AnswersAboutAllLeaveOutWhatWasNotRead) {
  ecs.clusters = {kOther, kCluster};
  ecs.broken["ListTasks prod"] = Error{ErrorKind::kDenied, "not authorized to ecs:ListTasks"};
  push(1);
  start();
  loop.run_for(3min);
  const std::string none = R"({"items":[]})";
  for (const std::string target : {"/v1/tasks", "/v1/tasks?cluster=", "/v1/tasks?status=running",
                                   "/v1/tasks?startedBy=x", "/v1/tasks?bookmarks=false"}) {
    const auto answer = ask("GET", target);
    EXPECT_EQ(std::to_string(answer.status) + answer.body, "200" + none) << target;
    EXPECT_EQ(http::find_header(answer.headers, "Blox-Unread-Clusters"), kCluster.value);
  }
  const auto marked = ask("GET", "/v1/tasks?bookmarks=true");
  EXPECT_NE(marked.body.find(kCluster.value), std::string::npos) << "such a client can tell";
  const auto snapshot = service->view().snapshot();
  ASSERT_EQ(snapshot->tasks.by_arn.size(), 1U);
  const std::string one = "/v1/tasks/prod/" + snapshot->tasks.by_arn.walk().next()->arn;
  EXPECT_EQ(ask("GET", one).status, 200) << "it is there";
  ecs.broken.clear();
  loop.run_for(3min);
  EXPECT_NE(ask("GET", "/v1/tasks").body, none);
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
  ecs.broken["ListClusters"] = Error{ErrorKind::kUnavailable, "away for now"};
  loop.run_for(1min);
  EXPECT_NE(ask("GET", "/v1/tasks").body.find("away for now"), std::string::npos)
      << "what is shared has the reason of now";
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

// Its read begins anew with each full one, and moves until where it stood still.
TEST_F(StateServiceTest, StaysReadyWhileAClusterIsTriedInVain) {
  ecs.clusters = {kOther, kCluster};
  ecs.broken["ListTasks prod"] = kTooFast;
  start();
  loop.run_for(3min);
  for (int minute = 3; minute < 90; ++minute) {
    EXPECT_EQ(readyz(), "ready") << minute;
    EXPECT_EQ(ask("GET", "/v1/tasks").status, 200) << minute;
    loop.run_for(1min);
  }
  EXPECT_EQ(ask("GET", "/v1/tasks?cluster=prod").status, 503);
}

// What was so once is not so for ever: none of the clusters that are left was ever read.
TEST_F(StateServiceTest, IsNotReadyOnceNoneIsLeftThatWasRead) {
  options.reconcile.every = 10min;
  ecs.clusters = {kOther};
  start();
  loop.run_for(5s);
  ASSERT_EQ(readyz(), "ready");
  ecs.clusters = {kCluster};
  ecs.broken["ListTasks prod"] = Error{ErrorKind::kDenied, "not authorized to ecs:ListTasks"};
  ecs.broken["ListTasks other"] = Error{ErrorKind::kNotFound, "MISSING"};
  ecs.broken["ListContainerInstances other"] = Error{ErrorKind::kNotFound, "MISSING"};
  loop.run_for(30min);
  ASSERT_TRUE(service->view().snapshot()->synced_at->empty()) << "other is gone";
  EXPECT_EQ(ask("GET", "/v1/tasks?cluster=prod").status, 503);
  EXPECT_EQ(ask("GET", "/readyz").status, 503);
  EXPECT_NE(readyz().find("not authorized to ecs:ListTasks"), std::string::npos) << readyz();
  ecs.broken.erase("ListTasks prod");
  loop.run_for(5min);
  EXPECT_EQ(readyz(), "ready");
}

TEST_F(StateServiceTest, IsReadyWhenAllClustersAreGone) {
  options.reconcile.every = 10min;
  ecs.clusters = {kCluster};
  start();
  loop.run_for(5s);
  ecs.clusters.clear();
  ecs.broken["ListTasks"] = Error{ErrorKind::kNotFound, "MISSING"};
  ecs.broken["ListContainerInstances"] = Error{ErrorKind::kNotFound, "MISSING"};
  loop.run_for(30min);
  ASSERT_TRUE(service->view().snapshot()->synced_at->empty());
  EXPECT_EQ(readyz(), "ready") << "there is nothing to read, and lists say so";
  EXPECT_EQ(ask("GET", "/v1/tasks").body, R"({"items":[]})");
}

// What was read is served, and how old it is shows elsewhere.
TEST_F(StateServiceTest, IsReadyAsLongAsListsAreAnsweredOfWhatWasRead) {
  options.reconcile.every = 10min;
  ecs.clusters = {kOther, kCluster};
  start();
  loop.run_for(5s);
  ecs.broken["ListTasks"] = Error{ErrorKind::kDenied, "not authorized to ecs:ListTasks"};
  ecs.broken["ListContainerInstances"] = Error{ErrorKind::kDenied, "not authorized"};
  loop.run_for(1h);
  EXPECT_EQ(ask("GET", "/v1/tasks").status, 200);
  EXPECT_EQ(readyz(), "ready");
}

// It tells nothing of the clusters that are followed now.
TEST_F(StateServiceTest, TheMarkOfAnotherRegionIsNone) {
  store::Commit mark;
  mark.puts = {{codec::cluster_key(kCluster), codec::encode_sync_mark({loop.wall_now(), {}})}};
  commit(std::move(mark));
  options.reconcile.region = "us-east-1";
  ecs.broken["ListClusters"] = Error{ErrorKind::kUnavailable, "away"};
  start();
  loop.run_for(5s);
  EXPECT_EQ(ask("GET", "/readyz").status, 503);
  EXPECT_EQ(ask("GET", "/v1/tasks").status, 503) << "nothing was read here yet";
}

// One that was asked for before the first list is one of those that it names.
TEST_F(StateServiceTest, WaitsForAClusterThatWasKnownBeforeEcsNamedIt) {
  cluster_state::testing::TimedEcs timed{loop};
  timed.fake.clusters = {kCluster};
  timed.slow_clusters[kCluster] = 30s;
  timed.fake.broken["ListClusters"] = kTooFast;
  push(1);
  service = std::make_unique<StateService>(loop, random, store, queue, timed, metrics, options);
  loop.run_for(5s);
  EXPECT_EQ(ask("POST", "/v1/reconcile?cluster=prod").body, "will be read from ECS soon");
  loop.run_for(5s);
  timed.fake.broken.clear();
  for (int second = 10; second < 100; second += 10) {
    loop.run_for(10s);
    EXPECT_EQ(ask("GET", "/v1/tasks").status, 503) << second;
  }
  loop.run_for(2min);
  EXPECT_EQ(ask("GET", "/v1/tasks").status, 200);
  service.reset();
}

// Nothing happens meanwhile: its call hangs.
TEST_F(StateServiceTest, TellsByTheTimeAloneThatAReadStandsStill) {
  cluster_state::testing::TimedEcs timed{loop};
  timed.fake.clusters = {kOther, kCluster};
  timed.slow_clusters[kCluster] = 10min;
  service = std::make_unique<StateService>(loop, random, store, queue, timed, metrics, options);
  loop.run_for(110s);
  EXPECT_EQ(ask("GET", "/v1/tasks").status, 503);
  loop.run_for(15s);
  EXPECT_EQ(ask("GET", "/v1/tasks").status, 200);
  service.reset();
}

// Thousands of clusters are not copied for each list.
TEST_F(StateServiceTest, SharesWhatIsUnreadUntilItChanges) {
  for (int number = 0; number < 100; ++number) {
    ecs.clusters.emplace_back("arn:aws:ecs:eu-west-1:123456789012:cluster/c" +
                              std::to_string(number));
  }
  ecs.broken["ListTasks c7"] = kTooFast;
  ecs.broken["ListTasks c8"] = Error{ErrorKind::kUnavailable, "away"};
  start();
  loop.run_for(10s);
  const auto first = service->unread();
  ASSERT_EQ(first->clusters.size(), 2U);
  EXPECT_EQ(service->unread(), first) << "the same one";
  loop.run_for(50min);  // No full read of the others comes with what follows.
  const auto settled = service->unread();
  EXPECT_TRUE(first->clusters[0].holds_up);
  EXPECT_FALSE(settled->clusters[0].holds_up) << "nothing but the time has passed";
  ecs.broken["ListTasks c8"].message = "away for long";
  loop.run_for(3min);
  EXPECT_EQ(service->unread()->clusters[1].why,
            "list 'arn:aws:ecs:eu-west-1:123456789012:cluster/"
            "c8': away for long");
  ecs.broken.erase("ListTasks c7");
  loop.run_for(3min);
  EXPECT_EQ(service->unread()->clusters.size(), 1U);
  EXPECT_EQ(settled->clusters.size(), 2U) << "who holds one keeps it as it was";
}

}  // namespace
}  // namespace blox::apps
