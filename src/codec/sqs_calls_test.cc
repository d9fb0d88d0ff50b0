// Requests to SQS and its answers.
#include "codec/sqs_calls.h"

#include <gmock/gmock.h>

namespace blox::codec {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(SqsCalls, EncodesRequests) {
  EXPECT_EQ(encode_get_queue_url("q"), R"({"QueueName":"q"})");
  EXPECT_EQ(encode_get_queue_url("q", "123456789012"),
            R"({"QueueName":"q","QueueOwnerAWSAccountId":"123456789012"})");
  EXPECT_EQ(encode_get_queue_attributes("u"),
            R"({"QueueUrl":"u","AttributeNames":["VisibilityTimeout","MaximumMessageSize"]})");
  EXPECT_EQ(encode_receive_message("u", 20s),
            R"({"QueueUrl":"u","MaxNumberOfMessages":10,"WaitTimeSeconds":20})");
  EXPECT_EQ(
      encode_delete_message_batch("u", {"r", "s"}),
      R"({"QueueUrl":"u","Entries":[{"Id":"0","ReceiptHandle":"r"},{"Id":"1","ReceiptHandle":"s"}]})");
}

TEST(SqsCalls, DecodesAnswers) {
  EXPECT_EQ(decode_get_queue_url(R"({"QueueUrl":"u"})").value(), "u");
  EXPECT_FALSE(decode_get_queue_url("{}"));
  const auto attributes = decode_queue_attributes(
      R"({"Attributes":{"VisibilityTimeout":"45","MaximumMessageSize":"262144"}})");
  ASSERT_TRUE(attributes);
  EXPECT_EQ(attributes->visibility_timeout, 45s);
  EXPECT_EQ(attributes->message_bytes_max, 262'144U);
  const auto timeout = decode_queue_attributes(R"({"Attributes":{"VisibilityTimeout":"45"}})");
  EXPECT_FALSE(timeout.value().message_bytes_max);
  for (const char* bad :
       {"{}", R"({"Attributes":{}})", R"({"Attributes":7})",
        R"({"Attributes":{"VisibilityTimeout":"-1"}})",
        R"({"Attributes":{"VisibilityTimeout":"5s"}})",
        R"({"Attributes":{"VisibilityTimeout":"5","MaximumMessageSize":"1k"}})"}) {
    EXPECT_FALSE(decode_queue_attributes(bad)) << bad;
  }
  const auto messages = decode_receive_message(
      R"({"Messages":[{"MessageId":"m","ReceiptHandle":"r","Body":"b\n"}]})");
  ASSERT_EQ(messages.value().size(), 1u);
  EXPECT_EQ(messages->at(0).id, "m");
  EXPECT_EQ(messages->at(0).receipt, "r");
  EXPECT_EQ(messages->at(0).body, "b\n");
  EXPECT_THAT(decode_receive_message("{}").value(), IsEmpty());
  EXPECT_THAT(decode_receive_message(R"({"Messages":null})").value(), IsEmpty());
  EXPECT_FALSE(decode_receive_message(R"({"Messages":[{"Body":"b"}]})"));
}

TEST(SqsCalls, AnErrorIsOneBoundedLine) {
  const auto timeout = decode_queue_attributes(R"({"Attributes":{"VisibilityTimeout":"a\nb"}})");
  ASSERT_FALSE(timeout);
  EXPECT_EQ(timeout.error().message, R"(VisibilityTimeout is 'a\x0ab', not whole seconds)");
  const auto left = decode_delete_message_batch(
      R"({"Successful":[{"Id":")" + std::string(5'000, 'x') + "\"}]}", 1);
  ASSERT_FALSE(left);
  EXPECT_LT(left.error().message.size(), 200U);
}

TEST(SqsCalls, TellsWhatWasNotDeleted) {
  EXPECT_THAT(decode_delete_message_batch(R"({"Successful":[{"Id":"0"},{"Id":"1"}]})", 2).value(),
              IsEmpty());
  EXPECT_THAT(decode_delete_message_batch(
                  R"({"Successful":[{"Id":"1"}],"Failed":[{"Id":"0","Code":"x"}]})", 3)
                  .value(),
              ElementsAre(0, 2));
  EXPECT_THAT(decode_delete_message_batch("{}", 1).value(), ElementsAre(0));
  EXPECT_FALSE(decode_delete_message_batch(R"({"Successful":[{"Id":"2"}]})", 2));
  EXPECT_FALSE(decode_delete_message_batch(R"({"Successful":[{"Id":"x"}]})", 2));
}

}  // namespace
}  // namespace blox::codec
