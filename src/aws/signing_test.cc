// Our signatures against botocore's. The table was made with botocore 1.44.5: an AWSRequest of the
// row, its clock held at the row's time, then SigV4Auth(credentials, service, region).add_auth().
#include "aws/signing.h"

#include <gtest/gtest.h>

#include <set>

namespace blox::aws {
namespace {

struct Row {
  const char* rule;
  const char* url;
  http::Headers headers;
  const char* body;
  const char* session_token;
  SigningScope scope;
  const char* time;
  const char* signed_headers;
  const char* signature;
};

const Row kRows[] = {
    {"a call to ECS",
     "https://ecs.eu-west-1.amazonaws.com/",
     {{"Content-Type", "application/x-amz-json-1.1"},
      {"X-Amz-Target", "AmazonEC2ContainerServiceV20141113.ListClusters"}},
     "{}",
     "",
     {"eu-west-1", "ecs"},
     "2026-08-20T10:00:03.999Z",
     "content-type;host;x-amz-date;x-amz-target",
     "560540ceb095a88a605bfb01b1eaa8889c23f0778096ad56610f25096bcb3ed8"},
    {"a session token is signed too",
     "https://sqs.us-gov-west-1.amazonaws.com/",
     {{"Content-Type", "application/x-amz-json-1.0"}, {"X-Amz-Target", "AmazonSQS.GetQueueUrl"}},
     R"({"QueueName":"blox_queue"})",
     "FwoGZXIvYXdzEXAMPLE//token==",
     {"us-gov-west-1", "sqs"},
     "2026-12-31T23:59:59Z",
     "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
     "463556238961b50b9eacaa894ebd320018c0e72150c8fbe372e26172c72c4951"},
    {"a port is part of the host",
     "http://127.0.0.1:4567/",
     {{"Content-Type", "application/x-amz-json-1.1"},
      {"X-Amz-Target", "AmazonEC2ContainerServiceV20141113.ListTasks"}},
     R"({"cluster":"prod"})",
     "",
     {"us-east-1", "ecs"},
     "2026-01-01T00:00:00Z",
     "content-type;host;x-amz-date;x-amz-target",
     "bd622c9ff54aa45a657ffbe8c5b98d1cedfa25b48f1ac9f71975a7aa895e9993"},
    {"the scheme's own port is not; a path is encoded once more",
     "http://proxy.test:80/ecs/a%20b/c:d/",
     {{"Content-Type", "application/x-amz-json-1.1"},
      {"X-Amz-Target", "AmazonEC2ContainerServiceV20141113.StopTask"}},
     "{\"reason\":\"caf\xc3\xa9\"}",
     "",
     {"cn-north-1", "ecs"},
     "2026-02-28T12:00:00Z",
     "content-type;host;x-amz-date;x-amz-target",
     "523b4aecc2208e2eb7fbfded5e375dc76f05fdc03035a17b54565fb39e6aa9db"},
    {"blanks of values and capitals of the host do not count",
     "https://ECS.Example.test:443/",
     {{"Content-Type", "application/x-amz-json-1.1"},
      {"X-Amz-Target", "AmazonEC2ContainerServiceV20141113.ListTasks"},
      {"X-Amz-Note", "  two   blanks "}},
     "",
     "",
     {"eu-west-1", "ecs"},
     "2026-08-20T10:00:03Z",
     "content-type;host;x-amz-date;x-amz-note;x-amz-target",
     "862fc22e8bc1b4f094f5474862735db0b4d488ea22ba6358dc3c98571f118f8f"},
};

std::string header(const http::Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

TEST(Sign, EqualsBotocore) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.rule);
    http::OutgoingRequest request;
    request.method = "POST";
    request.url = row.url;
    request.headers = row.headers;
    request.body = row.body;
    const Credentials credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                  row.session_token};
    const auto added = Signer{row.scope}.sign(request, credentials, parse_time(row.time).value());
    const std::string day = header(added, "X-Amz-Date").substr(0, 8);
    EXPECT_EQ(header(added, "Authorization"),
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" + day + "/" + row.scope.region + "/" +
                  row.scope.service + "/aws4_request, SignedHeaders=" + row.signed_headers +
                  ", Signature=" + row.signature);
    EXPECT_EQ(header(added, "X-Amz-Security-Token"), row.session_token);
    EXPECT_EQ(added.size(), *row.session_token == '\0' ? 2u : 3u);
  }
}

// The key that it keeps is of one secret and one day.
TEST(Sign, FollowsItsSecretAndTheDay) {
  const SigningScope scope{"us-east-1", "ecs"};
  Signer signer{scope};
  http::OutgoingRequest request;
  request.method = "POST";
  request.url = "http://ecs.us-east-1.amazonaws.com/";
  std::set<std::string> signatures;
  for (const char* secret : {"one", "two", "two", "one"}) {
    for (const char* time : {"2026-08-20T10:00:03Z", "2026-08-21T10:00:03Z"}) {
      const Credentials credentials{"AKIDEXAMPLE", secret, ""};
      const auto at = parse_time(time).value();
      const std::string kept = header(signer.sign(request, credentials, at), "Authorization");
      EXPECT_EQ(kept, header(Signer{scope}.sign(request, credentials, at), "Authorization"));
      signatures.insert(kept);
    }
  }
  EXPECT_EQ(signatures.size(), 4U);
}

}  // namespace
}  // namespace blox::aws
