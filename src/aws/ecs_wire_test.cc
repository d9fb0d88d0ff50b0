// StartTask over real sockets: a server that dies when it has started the tasks has done so once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "aws/ecs_client.h"
#include "http/curl_transport.h"
#include "http/raw_server_for_tests.h"

namespace blox::aws {
namespace {

constexpr const char* kEmptyList =
    "HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{\"clusterArns\":[]}";

// What lives on the loop's thread.
struct World {
  World(Executor& executor, const std::string& url)
      : transport(executor),
        budgets(executor),
        client({executor, random, transport, credentials, metrics}, url, "eu-west-1", budgets) {}

  Random random{5};
  Metrics metrics;
  http::CurlTransport transport;
  StaticCredentials credentials{{"AKID", "secret", ""}};
  EcsBudgets budgets;
  EcsClient client;
};

TEST(EcsWire, AStartOnAWarmConnectionIsExecutedOnce) {
  std::atomic<int> connection_count = 0;
  std::atomic<int> execution_count = 0;
  http::RawServer server{[&](http::Peer& peer) {
    ++connection_count;
    for (std::string request = peer.read_request(); !request.empty();
         request = peer.read_request()) {
      if (request.find("AmazonEC2ContainerServiceV20141113.StartTask") != request.npos) {
        ++execution_count;
        return;  // Without an answer: libcurl would send again on a connection it had used before.
      }
      peer.send(kEmptyList);
    }
  }};
  http::LoopThread thread;
  auto world = thread.call([&] { return std::make_unique<World>(thread.loop, server.url()); });
  for (int i = 0; i < 2; ++i) {
    const auto listed = thread.await(world->client.list_clusters());
    ASSERT_TRUE(listed) << listed.error().message;
  }
  EXPECT_EQ(connection_count, 1);  // It is kept, and would be used again.
  StartRequest start{ClusterArn{"arn:aws:ecs:eu-west-1:123456789012:cluster/prod"},
                     TaskDefinitionArn{"logs:7"},
                     {ContainerInstanceArn{"i"}},
                     "deployment",
                     "blox:logs"};
  const auto started = thread.await(world->client.start_task(std::move(start)));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, ErrorKind::kUnknown) << started.error().message;
  EXPECT_EQ(execution_count, 1);
  thread.call([&] { world.reset(); });
}

}  // namespace
}  // namespace blox::aws
