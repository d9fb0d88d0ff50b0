// SqsQueue over a scripted transport: finding the queue, receiving, deleting, finding it again.
#include "aws/sqs_queue.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <optional>

#include "aws/testing_transport.h"
#include "base/scope.h"
#include "base/sim_loop.h"

namespace blox::aws {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class SqsQueueTest : public testing::Test {
 protected:
  template <class T>
  T run(Async<T> work) {
    std::optional<T> ended;
    const auto wait = [&ended](Async<T> awaited) -> Async<void> {
      ended = co_await std::move(awaited);
    };
    Scope scope{loop_};
    scope.spawn(wait(std::move(work)));
    EXPECT_TRUE(loop_.run_while_not([&] { return ended.has_value(); }, 10min));
    return std::move(*ended);
  }
  void answer_opening(const char* url) {
    transport_.answer(200, std::string{R"({"QueueUrl":")"} + url + R"("})");
    answer_timeout("120");
  }
  void answer_timeout(const std::string& seconds) {
    transport_.answer(200, R"({"Attributes":{"MaximumMessageSize":"2048","VisibilityTimeout":")" +
                               seconds + R"("}})");
  }
  std::string target(std::size_t number) {
    const auto& headers = transport_.requests.at(number).headers;
    return std::string{http::find_header(headers, "X-Amz-Target").value_or("")};
  }

  SimLoop loop_{5};
  Random random_{5};
  Metrics metrics_;
  ScriptedTransport transport_{loop_};
  StaticCredentials credentials_{{"AKID", "secret", ""}};
  SqsQueue queue_{{loop_, random_, transport_, credentials_, metrics_},
                  "http://127.0.0.1:4567",
                  "eu-west-1",
                  "blox_queue"};
};

TEST_F(SqsQueueTest, AsksForTheQueueOfAnotherAccount) {
  SqsQueue queue{{loop_, random_, transport_, credentials_, metrics_},
                 "http://127.0.0.1:4567",
                 "eu-west-1",
                 "blox_queue",
                 "123456789012"};
  answer_opening("http://q/1");
  transport_.answer(200, "{}");
  ASSERT_TRUE(run(queue.receive(0s)));
  EXPECT_EQ(transport_.requests.at(0).body,
            R"({"QueueName":"blox_queue","QueueOwnerAWSAccountId":"123456789012"})");
}

TEST_F(SqsQueueTest, FindsTheQueueOnceAndReceives) {
  EXPECT_EQ(queue_.visibility_timeout(), 30s);
  EXPECT_EQ(queue_.message_bytes_max(), 1U << 20);
  answer_opening("http://q/1");
  transport_.answer(200, R"({"Messages":[{"MessageId":"m","ReceiptHandle":"r","Body":"b"}]})");
  transport_.answer(200, "{}");
  const auto messages = run(queue_.receive(20s));
  ASSERT_EQ(messages.value().size(), 1u);
  EXPECT_EQ(messages->at(0).id, "m");
  EXPECT_EQ(messages->at(0).receipt, "r");
  EXPECT_EQ(messages->at(0).body, "b");
  EXPECT_EQ(queue_.visibility_timeout(), 120s);
  EXPECT_EQ(queue_.message_bytes_max(), 2'048U);
  EXPECT_EQ(target(0), "AmazonSQS.GetQueueUrl");
  EXPECT_EQ(target(1), "AmazonSQS.GetQueueAttributes");
  EXPECT_EQ(target(2), "AmazonSQS.ReceiveMessage");
  EXPECT_EQ(transport_.requests[2].deadline, 25s);
  EXPECT_EQ(boost::json::parse(transport_.requests[2].body),
            boost::json::parse(
                R"({"QueueUrl":"http://q/1","MaxNumberOfMessages":10,"WaitTimeSeconds":20})"));
  EXPECT_TRUE(run(queue_.receive(1h)).value().empty());
  EXPECT_EQ(boost::json::parse(transport_.requests[3].body).at("WaitTimeSeconds"), 20);
}

TEST_F(SqsQueueTest, SeesAnotherVisibilityTimeoutAfterAWhile) {
  answer_opening("http://q/1");
  transport_.answer(200, "{}");
  EXPECT_TRUE(run(queue_.receive(0s)));
  loop_.run_for(4min);
  transport_.answer(200, "{}");
  EXPECT_TRUE(run(queue_.receive(0s)));
  EXPECT_EQ(target(3), "AmazonSQS.ReceiveMessage");
  loop_.run_for(2min);
  answer_timeout("7");
  transport_.answer(200, "{}");
  EXPECT_TRUE(run(queue_.receive(0s)));
  EXPECT_EQ(queue_.visibility_timeout(), 7s);
  loop_.run_for(6min);
  transport_.answer(400, R"({"__type":"AccessDeniedException"})");
  transport_.answer(200, "{}");
  EXPECT_TRUE(run(queue_.receive(0s)));  // What is known still serves.
  EXPECT_EQ(queue_.visibility_timeout(), 7s);
}

TEST_F(SqsQueueTest, LooksForAQueueThatIsGoneAgain) {
  answer_opening("http://q/1");
  transport_.answer(400, R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist"})");
  EXPECT_EQ(run(queue_.receive(0s)).error().kind, ErrorKind::kNotFound);
  transport_.answer(400, R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist"})");
  EXPECT_EQ(run(queue_.receive(0s)).error().kind, ErrorKind::kNotFound);
  answer_opening("http://q/2");
  transport_.answer(200, "{}");
  EXPECT_TRUE(run(queue_.receive(0s)));
  EXPECT_EQ(boost::json::parse(transport_.requests.back().body).at("QueueUrl"), "http://q/2");
}

TEST_F(SqsQueueTest, ReturnsWhatWasNotDeleted) {
  answer_opening("http://q/1");
  transport_.answer(200, R"({"Successful":[{"Id":"0"}],
                             "Failed":[{"Id":"2","SenderFault":true,"Code":"x"}]})");
  const auto left = run(queue_.remove({"r0", "r1", "r2"}));
  EXPECT_THAT(left.value(), ElementsAre("r1", "r2"));
}

TEST_F(SqsQueueTest, SendsADeletionAgain) {
  answer_opening("http://q/1");
  transport_.fail_with(ErrorKind::kUnknown, "reset");
  transport_.answer(200, R"({"Successful":[{"Id":"0"}]})");
  EXPECT_TRUE(run(queue_.remove({"r0"})).value().empty());
}

TEST_F(SqsQueueTest, RefusesMoreReceiptsThanACallTakes) {
  EXPECT_EQ(run(queue_.remove({})).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(run(queue_.remove(std::vector<std::string>(11, "r"))).error().kind,
            ErrorKind::kInvalid);
}

}  // namespace
}  // namespace blox::aws
