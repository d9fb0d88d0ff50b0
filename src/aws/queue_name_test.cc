// Which queue a text means, by table.
#include "aws/queue_name.h"

#include <gtest/gtest.h>

#include <utility>

namespace blox::aws {
namespace {

TEST(ParseQueueName, FollowsTheTable) {
  const std::string account = "123456789012";
  const std::pair<std::string, QueueName> rows[] = {
      {"blox_queue", {"blox_queue", "", ""}},
      {"sqs://blox-Queue", {"blox-Queue", "", ""}},
      {"events.fifo", {"events.fifo", "", ""}},
      {std::string(80, 'q'), {std::string(80, 'q'), "", ""}},
      {"arn:aws:sqs:eu-west-1:123456789012:q", {"q", account, "eu-west-1"}},
      {"arn:aws-us-gov:sqs:us-gov-west-1:123456789012:q.fifo",
       {"q.fifo", account, "us-gov-west-1"}},
      {"https://sqs.eu-west-1.amazonaws.com/123456789012/Q", {"Q", account, "eu-west-1"}},
      {"https://sqs.eu-west-1.amazonaws.com/123456789012/q/", {"q", account, "eu-west-1"}},
      {"https://sqs-fips.us-east-2.amazonaws.com/123456789012/q", {"q", account, "us-east-2"}},
      {"https://vpce-1.sqs.us-east-1.vpce.amazonaws.com/123456789012/q",
       {"q", account, "us-east-1"}},
      {"https://eu-west-1.queue.amazonaws.com/123456789012/q", {"q", account, "eu-west-1"}},
      {"https://queue.amazonaws.com/123456789012/q", {"q", account, ""}},
      {"http://127.0.0.1:4567/123456789012/blox_queue", {"blox_queue", account, ""}},
      {"http://localhost:9324/queue/q", {"q", "", ""}},
  };
  for (const auto& [text, queue] : rows) {
    const auto parsed = parse_queue_name(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
    EXPECT_EQ(*parsed, queue) << text;
  }
}

TEST(ParseQueueName, SaysWhatIsAllowedAndNoPassword) {
  for (const std::string& text :
       {std::string{}, std::string{"sqs://"}, std::string{".fifo"}, std::string{"a.b"},
        std::string(81, 'q'), std::string{"q\n"}, std::string{"arn:aws:sqs:eu-west-1:1:q"},
        std::string{"arn:aws:sns:eu-west-1:123456789012:q"},
        std::string{"arn:aws:sqs:eu-west-1:123456789012:q:r"},
        std::string{"https://sqs.eu-west-1.amazonaws.com"}, std::string{"ftp://h/123456789012/q"},
        std::string{"http://user:hush@h/123456789012/q"}, std::string{"http://h/1/q?x"}}) {
    const auto parsed = parse_queue_name(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kInvalid);
    EXPECT_NE(parsed.error().message.find("arn:aws:sqs:REGION"), std::string::npos);
    EXPECT_EQ(parsed.error().message.find("hush"), std::string::npos);
  }
}

}  // namespace
}  // namespace blox::aws
