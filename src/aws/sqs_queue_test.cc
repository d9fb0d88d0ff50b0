// SqsQueue over a scripted transport: finding the queue, receiving, deleting, finding it again.
#include "aws/sqs_queue.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <optional>

#include "aws/aws_error.h"
#include "aws/testing_transport.h"
#include "base/run_to_end_for_tests.h"
#include "base/scope.h"
#include "base/sim_loop.h"

namespace blox::aws {
namespace {

using namespace std::chrono_literals;

class SqsQueueTest : public testing::Test {
 protected:
  template <class T>
  T run(Async<T> work) {
    return run_to_end(loop_, std::move(work));
  }
  void answer_url(const char* url) {
    transport_.answer(200, std::string{R"({"QueueUrl":")"} + url + R"("})");
  }
  void answer_attributes(const std::string& attributes) {
    transport_.answer(200, R"({"Attributes":{)" + attributes + "}}");
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
  answer_url("http://q/1");
  transport_.answer(200, "{}");
  ASSERT_TRUE(run(queue.receive(0s)));
  EXPECT_EQ(transport_.requests.at(0).body,
            R"({"QueueName":"blox_queue","QueueOwnerAWSAccountId":"123456789012"})");
}

TEST_F(SqsQueueTest, FindsTheQueueOnceAndReceives) {
  answer_url("http://q/1");
  transport_.answer(200, R"({"Messages":[{"MessageId":"m","ReceiptHandle":"r","Body":"b"}]})");
  transport_.answer(200, "{}");
  const auto messages = run(queue_.receive(20s));
  ASSERT_EQ(messages.value().size(), 1u);
  EXPECT_EQ(messages->at(0).id, "m");
  EXPECT_EQ(messages->at(0).receipt, "r");
  EXPECT_EQ(messages->at(0).body, "b");
  EXPECT_EQ(target(0), "AmazonSQS.GetQueueUrl");
  EXPECT_EQ(target(1), "AmazonSQS.ReceiveMessage");
  EXPECT_EQ(transport_.requests[1].deadline, 25s);
  EXPECT_EQ(boost::json::parse(transport_.requests[1].body),
            boost::json::parse(R"({"QueueUrl":"http://q/1","MaxNumberOfMessages":10,)"
                               R"("WaitTimeSeconds":20,"VisibilityTimeout":120})"));
  EXPECT_EQ(queue_.visibility_timeout(), 120s) << "as each call asks for";
  EXPECT_TRUE(run(queue_.receive(1h)).value().empty());
  EXPECT_EQ(boost::json::parse(transport_.requests[2].body).at("WaitTimeSeconds"), 20);
}

TEST_F(SqsQueueTest, LooksAtItsQueue) {
  EXPECT_EQ(queue_.message_bytes_max(), 1U << 20);
  answer_url("http://q/1");
  answer_attributes(R"("MaximumMessageSize":"2048","VisibilityTimeout":"7",)"
                    R"("MessageRetentionPeriod":"60","QueueArn":"arn","CreatedTimestamp":"17",)"
                    R"("ApproximateNumberOfMessagesNotVisible":"3")");
  const auto look = run(queue_.look());
  ASSERT_TRUE(look) << look.error().message;
  EXPECT_EQ(look->identity, "arn made at 17");
  EXPECT_EQ(look->retention, 1min);
  EXPECT_EQ(look->visibility_timeout, 7s);
  EXPECT_EQ(look->in_flight_count, 3U);
  EXPECT_EQ(queue_.message_bytes_max(), 2'048U);
  EXPECT_EQ(queue_.visibility_timeout(), 120s) << "whatever the queue's is";
  EXPECT_EQ(target(1), "AmazonSQS.GetQueueAttributes");
  answer_attributes("");
  EXPECT_EQ(run(queue_.look()).value().identity, "");
  EXPECT_EQ(queue_.message_bytes_max(), 1U << 20);
}

TEST_F(SqsQueueTest, GivesBackWhereThatMovesNothing) {
  answer_url("http://q/1");
  transport_.answer(200, "");
  EXPECT_TRUE(run(queue_.give_back("r")));
  EXPECT_EQ(target(1), "AmazonSQS.ChangeMessageVisibility");
  EXPECT_EQ(
      boost::json::parse(transport_.requests[1].body),
      boost::json::parse(R"({"QueueUrl":"http://q/1","ReceiptHandle":"r","VisibilityTimeout":0})"));
  const auto may = [this](const char* policy) {
    answer_attributes(policy);
    return run(queue_.look()).value().may_give_back;
  };
  EXPECT_TRUE(may(""));
  EXPECT_TRUE(may(R"("RedrivePolicy":"{\"maxReceiveCount\":5}")"));
  EXPECT_FALSE(may(R"("RedrivePolicy":"{\"maxReceiveCount\":4}")"));
  SqsQueue fifo{{loop_, random_, transport_, credentials_, metrics_},
                "http://127.0.0.1:4567",
                "eu-west-1",
                "q.fifo"};
  answer_url("http://q/2");
  answer_attributes("");
  EXPECT_FALSE(run(fifo.look()).value().may_give_back);
}

TEST_F(SqsQueueTest, ReceivesWithoutThePermissionToLook) {
  answer_url("http://q/1");
  transport_.answer(400, R"({"__type":"AccessDeniedException"})");
  EXPECT_EQ(run(queue_.look()).error().kind, ErrorKind::kDenied);
  transport_.answer(200, R"({"Messages":[{"MessageId":"m","ReceiptHandle":"r","Body":"b"}]})");
  EXPECT_EQ(run(queue_.receive(0s)).value().size(), 1U);
}

TEST_F(SqsQueueTest, AKeyThatIsGoneIsNoQueueThatIs) {
  answer_url("http://q/1");
  transport_.answer(400, R"({"__type":"com.amazonaws.sqs#KmsNotFound"})",
                    {{"x-amzn-query-error", "KMS.NotFoundException;Sender"}});
  const Error denied = run(queue_.receive(0s)).error();
  EXPECT_EQ(denied.kind, ErrorKind::kDenied);
  EXPECT_TRUE(is_key_denied(denied)) << denied.message;
  transport_.answer(200, "{}");
  EXPECT_TRUE(run(queue_.receive(0s))) << "by the URL that it had";
  transport_.answer(400, R"({"__type":"AccessDeniedException","message":"not kms:Decrypt"})");
  const Error refused = run(queue_.receive(0s)).error();
  EXPECT_EQ(refused.kind, ErrorKind::kDenied);
  EXPECT_FALSE(is_key_denied(refused)) << refused.message;
}

TEST_F(SqsQueueTest, LooksForAQueueThatIsGoneAgain) {
  answer_url("http://q/1");
  transport_.answer(400, R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist"})");
  EXPECT_EQ(run(queue_.receive(0s)).error().kind, ErrorKind::kNotFound);
  transport_.answer(400, R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist"})");
  EXPECT_EQ(run(queue_.receive(0s)).error().kind, ErrorKind::kNotFound);
  answer_url("http://q/2");
  transport_.answer(200, "{}");
  EXPECT_TRUE(run(queue_.receive(0s)));
  EXPECT_EQ(boost::json::parse(transport_.requests.back().body).at("QueueUrl"), "http://q/2");
}

TEST_F(SqsQueueTest, ReturnsWhatWasNotDeleted) {
  answer_url("http://q/1");
  transport_.answer(200, R"({"Successful":[{"Id":"0"}],
                             "Failed":[{"Id":"2","SenderFault":true,"Code":"x"}]})");
  const auto left = run(queue_.remove({"r0", "r1", "r2"})).value();
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[0].receipt, "r1");
  EXPECT_EQ(left[0].why, "the answer does not name it");
  EXPECT_EQ(left[1].receipt, "r2");
  EXPECT_EQ(left[1].why, "x");
}

TEST_F(SqsQueueTest, SendsADeletionAgain) {
  answer_url("http://q/1");
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
