// Requests to SQS and its answers.
#include "codec/sqs_calls.h"

#include <gmock/gmock.h>

namespace blox::codec {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

TEST(SqsCalls, EncodesRequests) {
  EXPECT_EQ(encode_get_queue_url("q"), R"({"QueueName":"q"})");
  EXPECT_EQ(encode_get_queue_url("q", "123456789012"),
            R"({"QueueName":"q","QueueOwnerAWSAccountId":"123456789012"})");
  EXPECT_EQ(encode_get_queue_attributes("u"),
            R"({"QueueUrl":"u","AttributeNames":["VisibilityTimeout","MessageRetentionPeriod",)"
            R"("MaximumMessageSize","ApproximateNumberOfMessagesNotVisible","RedrivePolicy",)"
            R"("QueueArn","CreatedTimestamp"]})");
  EXPECT_EQ(encode_change_message_visibility("u", "r", 0s),
            R"({"QueueUrl":"u","ReceiptHandle":"r","VisibilityTimeout":0})");
  EXPECT_EQ(encode_receive_message("u", 20s, 120s),
            R"({"QueueUrl":"u","MaxNumberOfMessages":10,"WaitTimeSeconds":20,)"
            R"("VisibilityTimeout":120})");
  EXPECT_EQ(
      encode_delete_message_batch("u", {"r", "s"}),
      R"({"QueueUrl":"u","Entries":[{"Id":"0","ReceiptHandle":"r"},{"Id":"1","ReceiptHandle":"s"}]})");
}

TEST(SqsCalls, DecodesAnswers) {
  EXPECT_EQ(decode_get_queue_url(R"({"QueueUrl":"u"})").value(), "u");
  EXPECT_FALSE(decode_get_queue_url("{}"));
  const auto attributes = decode_queue_attributes(
      R"({"Attributes":{"VisibilityTimeout":"45","MaximumMessageSize":"262144",)"
      R"("MessageRetentionPeriod":"60","ApproximateNumberOfMessagesNotVisible":"7",)"
      R"("QueueArn":"a","CreatedTimestamp":"17"}})");
  ASSERT_TRUE(attributes);
  EXPECT_EQ(attributes->visibility_timeout, 45s);
  EXPECT_EQ(attributes->retention, 60s);
  EXPECT_EQ(attributes->message_bytes_max, 262'144U);
  EXPECT_EQ(attributes->in_flight_count, 7U);
  EXPECT_EQ(attributes->arn, "a");
  EXPECT_EQ(attributes->created_at, "17");
  for (const auto& [policy, receives] :
       {std::pair{R"({\"maxReceiveCount\":\"3\"})", 3U},
        std::pair{R"({\"maxReceiveCount\":4})", 4U}, std::pair{R"({\"maxReceiveCount\":-4})", 1U},
        std::pair{"{}", 1U}, std::pair{"?", 1U}}) {
    const auto read = decode_queue_attributes(R"({"Attributes":{"RedrivePolicy":")" +
                                              std::string{policy} + R"("}})");
    ASSERT_TRUE(read) << policy;
    EXPECT_EQ(read->receives_max, receives) << policy;
  }
  EXPECT_FALSE(attributes->receives_max);
  const auto nothing = decode_queue_attributes(R"({"Attributes":{}})");
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(nothing->visibility_timeout || nothing->retention || nothing->message_bytes_max ||
               nothing->in_flight_count);
  for (const char* bad :
       {"{}", R"({"Attributes":7})", R"({"Attributes":{"VisibilityTimeout":"-1"}})",
        R"({"Attributes":{"VisibilityTimeout":"5s"}})", R"({"Attributes":{"VisibilityTimeout":5}})",
        R"({"Attributes":{"MessageRetentionPeriod":"4 days"}})",
        R"({"Attributes":{"ApproximateNumberOfMessagesNotVisible":"-1"}})",
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

// "0 why, 2 why".
std::string not_deleted(std::string_view body, std::size_t count) {
  const auto left = decode_delete_message_batch(body, count);
  if (!left) return left.error().message;
  std::string text;
  for (const auto& [place, why] : *left) {
    text += (text.empty() ? "" : ", ") + std::to_string(place) + " " + why;
  }
  return text;
}

TEST(SqsCalls, TellsWhatWasNotDeletedAndWhy) {
  EXPECT_EQ(not_deleted(R"({"Successful":[{"Id":"0"},{"Id":"1"}]})", 2), "");
  EXPECT_EQ(not_deleted(R"({"Successful":[{"Id":"1"}],"Failed":[{"Id":"0","Code":"x"}]})", 3),
            "0 x, 2 the answer does not name it");
  EXPECT_EQ(not_deleted(R"({"Failed":[{"Id":"0","Code":"x","Message":"not now"}]})", 1),
            "0 x: not now");
  EXPECT_EQ(not_deleted("{}", 1), "0 the answer does not name it");
  EXPECT_LT(not_deleted(R"({"Failed":[{"Id":"0","Code":")" + std::string(5'000, 'x') + R"("}]})", 1)
                .size(),
            400U);
  for (const char* bad : {R"({"Successful":[{"Id":"2"}]})", R"({"Successful":[{"Id":"x"}]})",
                          R"({"Failed":[{"Id":"2"}]})", R"({"Failed":[{}]})"}) {
    EXPECT_FALSE(decode_delete_message_batch(bad, 2)) << bad;
  }
}

}  // namespace
}  // namespace blox::codec
