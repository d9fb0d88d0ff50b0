// What SQS promises: at least once, hidden while worked on, only the newest receipt deletes.
#include "simulator/queues.h"

#include "simulator/account_for_tests.h"

namespace blox::simulator {
namespace {

using namespace std::chrono_literals;

const char kUrl[] = "http://127.0.0.1:4567/123456789012/q";

class QueuesTest : public ::testing::Test {
 protected:
  QueuesTest() { account.sqs("CreateQueue", "{'QueueName':'q'}"); }
  Reply sqs(const std::string& operation, const std::string& fields = "'x':1") {
    return account.sqs(operation, std::string{"{'QueueUrl':'"} + kUrl + "'," + fields + "}");
  }
  // Bodies, joined by spaces.
  std::string receive(const std::string& fields = "'MaxNumberOfMessages':10") {
    std::string bodies;
    const Reply reply = sqs("ReceiveMessage", fields);
    receipts.clear();
    const auto* messages = reply.body.if_contains("Messages");
    if (messages == nullptr) return bodies;
    for (const auto& message : messages->as_array()) {
      bodies.append(bodies.empty() ? "" : " ").append(message.at("Body").as_string());
      receipts.emplace_back(message.at("ReceiptHandle").as_string());
    }
    return bodies;
  }
  void send(const std::string& body) { sqs("SendMessage", "'MessageBody':'" + body + "'"); }
  void remove(const std::string& receipt) {
    EXPECT_EQ(sqs("DeleteMessage", "'ReceiptHandle':'" + receipt + "'").status, 200);
  }

  Account account;
  std::vector<std::string> receipts;
};

TEST_F(QueuesTest, HidesUntilTheTimeoutAndDeletes) {
  send("a");
  send("b");
  EXPECT_EQ(receive("'MaxNumberOfMessages':1"), "a");
  EXPECT_EQ(receive(), "b");
  remove(receipts[0]);
  EXPECT_EQ(receive(), "");
  account.loop.run_for(30s);
  EXPECT_EQ(receive(), "a");
  remove(receipts[0]);
  account.loop.run_for(1h);
  EXPECT_EQ(receive(), "");
}

TEST_F(QueuesTest, ShowsWhatIsHiddenWhenItIsTold) {
  send("a");
  send("b");
  EXPECT_EQ(receive("'MaxNumberOfMessages':1,'VisibilityTimeout':3600"), "a");
  const std::string first = receipts[0];
  EXPECT_EQ(receive("'VisibilityTimeout':3600"), "b");
  const Reply shown = account.control("POST", "/simulator/queues/q/show");
  EXPECT_EQ(shown.status, 200);
  EXPECT_EQ(shown.body.at("visible"), 2);
  remove(first);
  EXPECT_EQ(receive(), "b") << "until the next one a receipt is the newest";
  account.loop.run_for(1h);
  EXPECT_EQ(receive(), "b") << "by its own timeout again, and no other";
  EXPECT_EQ(receive(), "");
}

TEST_F(QueuesTest, OnlyTheNewestReceiptDeletes) {
  send("a");
  receive("'VisibilityTimeout':1");
  const std::string old = receipts[0];
  account.loop.run_for(2s);
  receive("'VisibilityTimeout':1");
  remove(old);
  account.loop.run_for(2s);
  EXPECT_EQ(receive("'VisibilityTimeout':1"), "a");
  account.loop.run_for(2s);
  remove(receipts[0]);  // Visible again, but not received anew: it still works.
  EXPECT_EQ(receive(), "");
}

TEST_F(QueuesTest, ALongPollEndsWithTheFirstMessage) {
  account.loop.call_at(account.loop.now() + 5s,
                       [&] { account.simulator.queues.find("q")->send("late"); });
  const TimePoint start = account.loop.now();
  EXPECT_EQ(receive("'WaitTimeSeconds':20"), "late");
  EXPECT_EQ(account.loop.now() - start, Duration{5s});
  EXPECT_EQ(receive("'WaitTimeSeconds':3"), "");
  EXPECT_EQ(account.loop.now() - start, Duration{8s});
  EXPECT_EQ(receive("'WaitTimeSeconds':20,'VisibilityTimeout':30"), "");
  EXPECT_EQ(receive("'WaitTimeSeconds':20"), "late") << "shown again within the poll";
}

TEST_F(QueuesTest, ChangesVisibility) {
  send("a");
  receive();
  const std::string receipt = "'ReceiptHandle':'" + receipts[0] + "','VisibilityTimeout':";
  EXPECT_EQ(sqs("ChangeMessageVisibility", receipt + "100").status, 200);
  account.loop.run_for(99s);
  EXPECT_EQ(receive(), "");
  EXPECT_EQ(sqs("ChangeMessageVisibility", receipt + "0").status, 200);
  EXPECT_EQ(sqs("ChangeMessageVisibility", receipt + "0").error(),
            "com.amazonaws.sqs#MessageNotInflight");
  EXPECT_EQ(receive(), "a");
}

TEST_F(QueuesTest, BatchesAnswerByEntry) {
  const Reply sent = sqs("SendMessageBatch",
                         "'Entries':[{'Id':'1','MessageBody':'a'},{'Id':'2','MessageBody':''}]");
  EXPECT_EQ(sent.body.at("Successful").as_array()[0].at("Id").as_string(), "1");
  EXPECT_EQ(sent.body.at("Failed").as_array()[0].at("Id").as_string(), "2");
  receive();
  const Reply removed =
      sqs("DeleteMessageBatch", "'Entries':[{'Id':'1','ReceiptHandle':'" + receipts[0] +
                                    "'},{'Id':'2','ReceiptHandle':'nonsense'}]");
  EXPECT_EQ(removed.body.at("Successful").as_array().size(), 1u);
  EXPECT_EQ(removed.body.at("Failed").as_array()[0].at("Code").as_string(),
            "ReceiptHandleIsInvalid");
  EXPECT_FALSE(
      sqs("SendMessageBatch", "'Entries':[{'Id':'1','MessageBody':'a'}]").body.contains("Failed"))
      << "a list that is empty is left out";
}

TEST_F(QueuesTest, BatchesAreRefusedAsAWhole) {
  std::string many = "'Entries':[";
  for (int i = 0; i < 11; ++i) {
    many += (i == 0 ? "{'Id':'" : ",{'Id':'") + std::to_string(i) + "','MessageBody':'a'}";
  }
  const std::string half(600'000, 'x');
  const std::pair<const char*, std::string> rows[] = {
      {"TooManyEntriesInBatchRequest", many + "]"},
      {"EmptyBatchRequest", "'Entries':[]"},
      {"BatchEntryIdsNotDistinct",
       "'Entries':[{'Id':'1','MessageBody':'a'},{'Id':'1','MessageBody':'a'}]"},
      {"InvalidBatchEntryId", "'Entries':[{'Id':'a b','MessageBody':'a'}]"},
      {"InvalidBatchEntryId", "'Entries':[{'MessageBody':'a'}]"},
      {"BatchRequestTooLong", "'Entries':[{'Id':'1','MessageBody':'" + half +
                                  "'},{'Id':'2','MessageBody':'" + half + "'}]"},
  };
  for (const auto& [code, entries] : rows) {
    const Reply reply = sqs("SendMessageBatch", entries);
    EXPECT_EQ(reply.error(), std::string{"com.amazonaws.sqs#"} + code);
    EXPECT_EQ(http::find_header(reply.headers, "x-amzn-query-error"),
              std::string{"AWS.SimpleQueueService."} + code + ";Sender");
  }
  EXPECT_EQ(receive(), "");
}

TEST_F(QueuesTest, NoOtherQueueTakesTheNameOfOne) {
  account.sqs("CreateQueue", "{'QueueName':'r','Attributes':{'VisibilityTimeout':'60'}}");
  for (const char* same : {"", ",'Attributes':{'VisibilityTimeout':'60','DelaySeconds':'0'}"}) {
    EXPECT_EQ(account.sqs("CreateQueue", std::string{"{'QueueName':'r'"} + same + "}").status, 200)
        << same;
  }
  for (const char* other : {"'VisibilityTimeout':'61'", "'Policy':'{}'"}) {
    const Reply reply =
        account.sqs("CreateQueue", std::string{"{'QueueName':'r','Attributes':{"} + other + "}}");
    EXPECT_EQ(reply.error(), "com.amazonaws.sqs#QueueNameExists") << other;
    EXPECT_EQ(http::find_header(reply.headers, "x-amzn-query-error"), "QueueAlreadyExists;Sender");
  }
  EXPECT_EQ(account.simulator.queues.find("r")->settings.visibility, 1min) << "it stays as it is";
}

TEST_F(QueuesTest, AttributesAreCheckedAndKept) {
  EXPECT_EQ(
      sqs("SetQueueAttributes", "'Attributes':{'Policy':'{}','MaximumMessageSize':'1024'}").status,
      200);
  const auto shown = sqs("GetQueueAttributes", "'AttributeNames':['Policy','MaximumMessageSize']")
                         .body.at("Attributes")
                         .as_object();
  EXPECT_EQ(shown.at("Policy").as_string(), "{}");
  EXPECT_EQ(shown.at("MaximumMessageSize").as_string(), "1024");
  EXPECT_EQ(sqs("SendMessage", "'MessageBody':'" + std::string(1'025, 'x') + "'").error(),
            "com.amazonaws.sqs#InvalidParameterValue");
  EXPECT_EQ(sqs("SetQueueAttributes", "'Attributes':{'Colour':'red'}").error(),
            "com.amazonaws.sqs#InvalidAttributeName");
  EXPECT_EQ(sqs("SetQueueAttributes", "'Attributes':{'VisibilityTimeout':'43201'}").error(),
            "com.amazonaws.sqs#InvalidAttributeValue");
  EXPECT_EQ(sqs("GetQueueAttributes", "'AttributeNames':['Colour']").error(),
            "com.amazonaws.sqs#InvalidAttributeName");
  EXPECT_FALSE(
      sqs("GetQueueAttributes", "'AttributeNames':['RedrivePolicy']").body.contains("Attributes"))
      << "one that it does not have";
}

TEST_F(QueuesTest, RedeliversByTheFault) {
  account.simulator.faults.message_redelivered = 1;
  send("a");
  receive();
  const std::string first = receipts[0];
  account.simulator.faults.message_redelivered = 0;
  EXPECT_EQ(receive(), "a");
  remove(first);
  account.loop.run_for(30s);
  EXPECT_EQ(receive(), "a");
}

TEST_F(QueuesTest, RefusesDeletesByTheFault) {
  send("a");
  send("b");
  receive();
  const auto entries = [&] {
    return "'Entries':[{'Id':'0','ReceiptHandle':'" + receipts[0] +
           "'},{'Id':'1','ReceiptHandle':'" + receipts[1] + "'}]";
  };
  account.simulator.faults.delete_refused = 1;
  const Reply refused = sqs("DeleteMessageBatch", entries());
  EXPECT_EQ(refused.status, 200);
  EXPECT_EQ(refused.body.at("Failed").as_array().size(), 2u);
  EXPECT_FALSE(refused.body.contains("Successful"));
  account.simulator.faults.delete_refused = 0;
  sqs("DeleteMessageBatch", entries());
  account.loop.run_for(1min);
  EXPECT_EQ(receive(), "");
}

TEST_F(QueuesTest, DeniesTheKeyWhereThereIsAMessage) {
  account.simulator.faults.key_denied = true;
  EXPECT_EQ(sqs("ReceiveMessage").status, 200);
  send("a");
  const Reply denied = sqs("ReceiveMessage");
  EXPECT_EQ(denied.status, 400);
  EXPECT_EQ(denied.error(), "com.amazonaws.sqs#KmsAccessDenied");
  EXPECT_EQ(http::find_header(denied.headers, "x-amzn-query-error"),
            "KMS.AccessDeniedException;Sender");
  account.simulator.faults.key_denied = false;
  EXPECT_EQ(receive(), "") << "it is hidden";
  account.loop.run_for(30s);
  EXPECT_EQ(receive(), "a");
}

TEST_F(QueuesTest, DeniesTheOperationsOfTheFault) {
  account.simulator.faults.denied = {"ReceiveMessage", "ListClusters"};
  EXPECT_EQ(sqs("ReceiveMessage").error(), "com.amazonaws.sqs#AccessDeniedException");
  EXPECT_EQ(account.ecs("ListClusters", "{}").error(), "AccessDeniedException");
  EXPECT_EQ(sqs("GetQueueAttributes", "'AttributeNames':['All']").status, 200);
  EXPECT_EQ(account.ecs("DescribeClusters", "{}").status, 200);
}

TEST_F(QueuesTest, ForgetsWhatIsTooOld) {
  sqs("SetQueueAttributes", "'Attributes':{'MessageRetentionPeriod':'60'}");
  send("a");
  account.loop.run_for(59s);
  send("b");
  account.loop.run_for(1s);
  EXPECT_EQ(receive(), "b");
}

TEST_F(QueuesTest, AnswersAboutQueues) {
  send("a");
  send("b");
  receive("'MaxNumberOfMessages':1");
  const auto attributes =
      sqs("GetQueueAttributes", "'AttributeNames':['All']").body.at("Attributes").as_object();
  EXPECT_EQ(attributes.at("ApproximateNumberOfMessages").as_string(), "1");
  EXPECT_EQ(attributes.at("ApproximateNumberOfMessagesNotVisible").as_string(), "1");
  EXPECT_EQ(attributes.at("QueueArn").as_string(), "arn:aws:sqs:us-east-1:123456789012:q");
  EXPECT_EQ(account.sqs("GetQueueUrl", "{'QueueName':'q'}").body.at("QueueUrl").as_string(), kUrl);
  const Reply page = account.sqs("ListQueues", "{'MaxResults':1}");
  const std::string token{page.body.at("NextToken").as_string()};
  const Reply rest = account.sqs("ListQueues", "{'NextToken':'" + token + "'}");
  EXPECT_EQ(rest.body.at("QueueUrls").as_array()[0].as_string(), kUrl);
  EXPECT_EQ(account.sqs("ListQueues", "{'NextToken':'made-up'}").error(),
            "com.amazonaws.sqs#InvalidParameterValue");
  sqs("PurgeQueue");
  account.loop.run_for(31s);
  EXPECT_EQ(receive(), "");
  sqs("DeleteQueue");
  const Reply gone = sqs("ReceiveMessage");
  EXPECT_EQ(gone.status, 400);
  EXPECT_EQ(gone.error(), "com.amazonaws.sqs#QueueDoesNotExist");
  EXPECT_EQ(http::find_header(gone.headers, "x-amzn-query-error"),
            "AWS.SimpleQueueService.NonExistentQueue;Sender");
}

}  // namespace
}  // namespace blox::simulator
