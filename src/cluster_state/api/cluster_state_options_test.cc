// What the service behind the API says, as a client sees it: reads on demand, and what is unread.
#include <gtest/gtest.h>

#include <utility>

#include "cluster_state/api/cluster_state_api.h"
#include "cluster_state/view/view_world.h"
#include "http/local_transport.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;

struct Service {
  Service(ViewWorld& of, ClusterStateApiOptions options)
      : world(of), api(*of.view, of.metrics, std::move(options)) {
    api.add_to(router);
  }
  http::Answer ask(std::string method, const std::string& target) {
    http::OutgoingRequest request;
    request.method = std::move(method);
    request.url = "local:" + target;
    const auto answer = world.await(transport.send(std::move(request)));
    EXPECT_TRUE(answer) << target;
    return answer ? *answer : http::Answer{};
  }

  ViewWorld& world;
  ClusterStateApi api;
  http::Router router;
  http::LocalTransport transport{world.loop, router};
};

TEST(ClusterStateOptions, HasClustersReconciledOnDemand) {
  std::vector<std::string> asked;
  ClusterStateApiOptions options;
  options.reconcile = [&](const std::string& cluster) -> Result<bool> {
    if (cluster == "nowhere") return fail(ErrorKind::kNotFound, "cluster 'nowhere' is not known");
    asked.push_back(cluster);
    return cluster.empty();
  };
  ViewWorld world{1};
  Service service{world, options};
  const auto post = [&](const std::string& target) {
    const auto answer = service.ask("POST", target);
    return std::to_string(answer.status) + " " + answer.body;
  };
  EXPECT_EQ(post("/v1/reconcile"), "202 will be read from ECS soon");
  EXPECT_EQ(post("/v1/reconcile?cluster=prod"),
            "202 joins a read of ECS that waits or is under way");
  EXPECT_EQ(post("/v1/reconcile?cluster=nowhere"), "404 cluster 'nowhere' is not known");
  EXPECT_TRUE(post("/v1/reconcile?all=true").starts_with("400 "));
  EXPECT_EQ(asked, (std::vector<std::string>{"", "prod"}));
}

// However many clusters are unread or lack objects, the head of an answer and what /readyz says do
// not grow with them, and bookmarks not with their objects.
TEST(ClusterStateOptions, HeadsDoNotGrowWithTheNumberOfClusters) {
  ClusterStateApiOptions options;
  bool is_ready = true;
  options.ready = [&]() -> Status {
    return is_ready ? done() : fail(ErrorKind::kUnavailable, "not yet");
  };
  UnreadState state;
  for (int number = 0; number < 500; ++number) {
    state.clusters.push_back({test_cluster_arn("u" + std::to_string(number)).value, false, ""});
  }
  options.unread = [unread = std::make_shared<const UnreadState>(std::move(state))] {
    return unread;
  };
  ViewWorld world{1};
  Service service{world, options};
  const auto get = [&](const std::string& target) { return service.ask("GET", target); };
  for (int part = 0; part < 5; ++part) {
    std::vector<store::Put> puts;
    for (int number = 0; number < 100; ++number) {
      const std::string name = "h" + std::to_string(100 * part + number);
      Holes holes;
      for (int task = 0; task < 30; ++task) {
        holes.add(test_task_arn(name + "/" + std::to_string(task)));
      }
      puts.push_back(ViewWorld::sync_mark(name, WallTime{1s}, holes));
    }
    world.commit(std::move(puts));
  }
  const auto list = get("/v1/tasks?bookmarks=true");
  std::size_t head_bytes = 0;
  for (const auto& [name, value] : list.headers) head_bytes += name.size() + value.size() + 4;
  EXPECT_LE(head_bytes, 3'000U) << "what proxies take by default is 4 KiB";
  for (const char* name : {"Blox-Unread-Clusters", "Blox-Incomplete-Clusters"}) {
    const auto value = http::find_header(list.headers, name).value_or("");
    EXPECT_TRUE(value.starts_with("arn:")) << name << ": " << value;
    EXPECT_NE(value.find(", +4"), value.npos) << name << ": " << value;
  }
  const auto one = get("/v1/tasks?cluster=h499").headers;
  EXPECT_EQ(http::find_header(one, "Blox-Incomplete-Clusters"), test_cluster_arn("h499").value)
      << "of one cluster it is told, however many others there are";
  EXPECT_FALSE(http::find_header(one, "Blox-Unread-Clusters"));
  EXPECT_LE(list.body.size(), 500U * 200U);
  EXPECT_EQ(codec::decode_list<Task>(list.body)->bookmark.holes.size(), 500U);
  EXPECT_LE(get("/readyz").body.size(), 4'000U);
  is_ready = false;
  const auto unready = get("/readyz");
  EXPECT_EQ(unready.body, "not yet");
  EXPECT_EQ(http::find_header(unready.headers, "Retry-After"), "2");
}

}  // namespace
}  // namespace blox::cluster_state
