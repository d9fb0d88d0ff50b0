// The simulator as HTTP: what stands around the answers of operations.
#include "simulator/face.h"

#include <optional>
#include <string>

#include "simulator/account_for_tests.h"

namespace blox::simulator {
namespace {

class FaceTest : public ::testing::Test {
 protected:
  // By the handler, faults of calls included.
  http::Response handle(const std::string& target, const std::string& path = "/") {
    http::Request request;
    request.method = path == "/" ? "POST" : "GET";
    request.target = path;
    request.body = "{}";
    if (!target.empty()) request.headers = {{"X-Amz-Target", target}};
    std::optional<http::Response> response;
    Scope scope{account.loop};
    const auto work = [&](http::Request sent) -> Async<void> {
      response = co_await account.face.handle(std::move(sent));
    };
    scope.spawn(work(std::move(request)));
    account.loop.run_while_not([&] { return response.has_value(); }, std::chrono::minutes{1});
    EXPECT_TRUE(response.has_value());
    return response ? std::move(*response) : http::Response{};
  }

  Account account;
};

const char kListClusters[] = "AmazonEC2ContainerServiceV20141113.ListClusters";
const char kListQueues[] = "AmazonSQS.ListQueues";

TEST_F(FaceTest, EveryAwsAnswerHasARequestIdOfItsOwn) {
  std::string last;
  for (const char* target : {kListClusters, kListQueues, "AmazonSQS.Dance", "Other.Dance"}) {
    const http::Response response = handle(target);
    const auto id = http::find_header(response.headers, "x-amzn-requestid");
    ASSERT_TRUE(id.has_value()) << target;
    EXPECT_EQ(id->size(), 36u);
    EXPECT_NE(*id, last);
    last = *id;
  }
  EXPECT_FALSE(http::find_header(handle("", "/healthz").headers, "x-amzn-requestid"));
}

TEST_F(FaceTest, AServerErrorSpeaksAsItsServiceDoes) {
  for (const bool executed : {false, true}) {
    account.simulator.faults.server_error = executed ? 0 : 1;
    account.simulator.faults.server_error_executed = executed ? 1 : 0;
    const http::Response ecs = handle(kListClusters);
    EXPECT_EQ(ecs.status, 500);
    EXPECT_EQ(http::find_header(ecs.headers, "content-type"), "application/x-amz-json-1.1");
    EXPECT_EQ(http::find_header(ecs.headers, "x-amzn-errortype"), "ServerException");
    EXPECT_FALSE(http::find_header(ecs.headers, "x-amzn-query-error"));
    EXPECT_TRUE(http::find_header(ecs.headers, "x-amzn-requestid"));
    const http::Response sqs = handle(kListQueues);
    EXPECT_EQ(sqs.status, 500);
    EXPECT_EQ(http::find_header(sqs.headers, "content-type"), "application/x-amz-json-1.0");
    EXPECT_EQ(http::find_header(sqs.headers, "x-amzn-query-error"), "InternalFailure;Receiver");
  }
}

}  // namespace
}  // namespace blox::simulator
