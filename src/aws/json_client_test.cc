// Retries, quota, deadlines and classes of errors of one call, over a scripted transport.
#include "aws/json_client.h"

#include <gtest/gtest.h>

#include <optional>
#include <tuple>

#include "aws/testing_transport.h"
#include "base/run_to_end_for_tests.h"
#include "base/scope.h"
#include "base/sim_loop.h"

namespace blox::aws {
namespace {

using namespace std::chrono_literals;

constexpr const char* kThrottled = R"({"__type":"ThrottlingException","message":"Rate exceeded"})";

class CountingCredentials final : public CredentialsProvider {
 public:
  Async<Result<Credentials>> get() override {
    if (error) co_return std::unexpected(*error);
    co_return Credentials{"AKID", "secret", ""};
  }
  void on_refused(const Credentials& credentials) override {
    refused.push_back(credentials.access_key_id);
  }
  std::optional<Error> error;
  std::vector<std::string> refused;
};

class JsonClientTest : public testing::Test {
 protected:
  JsonCall read() {
    JsonCall call;
    call.operation = "ListTasks";
    call.body = "{}";
    return call;
  }
  JsonCall write() {
    JsonCall call = read();
    call.operation = "StartTask";
    call.repeatable = false;
    call.deadline = 2s;
    return call;
  }
  Status run(JsonCall call) {
    AcceptBody accept = [this](std::string_view body) -> Status {
      bodies_.emplace_back(body);
      return body == "bad" ? Status{fail(ErrorKind::kInvalid, "not JSON")} : done();
    };
    return run_to_end(loop_, client_.call(std::move(call), std::move(accept)));
  }

  SimLoop loop_{5};
  Random random_{5};
  Metrics metrics_;
  ScriptedTransport transport_{loop_};
  CountingCredentials credentials_;
  JsonClient client_{{loop_, random_, transport_, credentials_, metrics_},
                     ecs_service(),
                     "http://127.0.0.1:4567",
                     "eu-west-1"};
  std::vector<std::string> bodies_;
};

TEST_F(JsonClientTest, SendsASignedPost) {
  transport_.answer(200, "good");
  ASSERT_TRUE(run(read()));
  const http::OutgoingRequest& sent = transport_.requests.at(0);
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.url, "http://127.0.0.1:4567/");
  EXPECT_EQ(sent.body, "{}");
  EXPECT_EQ(http::find_header(sent.headers, "x-amz-target"),
            "AmazonEC2ContainerServiceV20141113.ListTasks");
  EXPECT_EQ(http::find_header(sent.headers, "content-type"), "application/x-amz-json-1.1");
  EXPECT_TRUE(http::find_header(sent.headers, "authorization")
                  .value_or("")
                  .starts_with("AWS4-HMAC-SHA256 Credential=AKID/"));
  EXPECT_FALSE(sent.fresh_connection);
  EXPECT_EQ(sent.deadline, 10s);
  EXPECT_EQ(bodies_, std::vector<std::string>{"good"});
}

// One row, one script, for a read (sent up to three times) and for a write (sent once).
TEST_F(JsonClientTest, ClassifiesFaults) {
  using Step = ScriptedTransport::Step;
  const auto answer = [](int status, const char* body) {
    return Step{http::Answer{status, {}, body}, {}};
  };
  const std::tuple<const char*, Step, ErrorKind, std::size_t, ErrorKind> rows[] = {
      // what happens always, a read ends as, after so many attempts, a write ends as
      {"not sent",
       {fail(ErrorKind::kUnavailable, "refused"), {}},
       ErrorKind::kUnavailable,
       3,
       ErrorKind::kUnavailable},
      {"answer lost",
       {fail(ErrorKind::kUnknown, "reset"), {}},
       ErrorKind::kUnavailable,
       3,
       ErrorKind::kUnknown},
      {"no URL",
       {fail(ErrorKind::kInvalid, "no URL"), {}},
       ErrorKind::kInvalid,
       1,
       ErrorKind::kInvalid},
      {"HTTP 500", answer(500, ""), ErrorKind::kUnavailable, 3, ErrorKind::kUnknown},
      {"HTTP 503 of a proxy", answer(503, "<html>"), ErrorKind::kUnavailable, 3,
       ErrorKind::kUnknown},
      {"unreadable", answer(200, "bad"), ErrorKind::kUnavailable, 3, ErrorKind::kUnknown},
      {"throttled", answer(400, kThrottled), ErrorKind::kThrottled, 3, ErrorKind::kThrottled},
      {"denied", answer(400, R"({"__type":"AccessDeniedException"})"), ErrorKind::kDenied, 1,
       ErrorKind::kDenied},
      {"expired", answer(400, R"({"__type":"ExpiredTokenException"})"), ErrorKind::kDenied, 3,
       ErrorKind::kDenied},
      {"not found", answer(400, R"({"__type":"ClusterNotFoundException"})"), ErrorKind::kNotFound,
       1, ErrorKind::kNotFound},
      {"invalid", answer(400, R"({"__type":"InvalidParameterException"})"), ErrorKind::kInvalid, 1,
       ErrorKind::kInvalid},
  };
  for (const auto& [rule, step, read_kind, attempt_count, write_kind] : rows) {
    SCOPED_TRACE(rule);
    transport_.respond = [&step](const http::OutgoingRequest&) { return step; };
    transport_.requests.clear();
    const Status as_read = run(read());
    ASSERT_FALSE(as_read);
    EXPECT_EQ(as_read.error().kind, read_kind) << as_read.error().message;
    EXPECT_EQ(transport_.requests.size(), attempt_count);

    transport_.requests.clear();
    const Status as_write = run(write());
    ASSERT_FALSE(as_write);
    EXPECT_EQ(as_write.error().kind, write_kind) << as_write.error().message;
    ASSERT_EQ(transport_.requests.size(), 1u);
    EXPECT_TRUE(transport_.requests[0].fresh_connection);
  }
}

TEST_F(JsonClientTest, SaysWhatAwsSaid) {
  transport_.answer(400, R"({"__type":"ClusterNotFoundException","message":"Cluster not found."})");
  EXPECT_EQ(run(read()).error().message,
            "ecs ListTasks: HTTP 400 ClusterNotFoundException: Cluster not found.");
}

TEST_F(JsonClientTest, AReadSucceedsAtTheThirdAttempt) {
  transport_.fail_with(ErrorKind::kUnknown, "reset");
  transport_.answer(200, "bad");
  transport_.answer(200, "good");
  EXPECT_TRUE(run(read()));
  EXPECT_EQ(transport_.requests.size(), 3u);
}

TEST_F(JsonClientTest, WaitsAsLongAsTheServerAsks) {
  transport_.answer(500, "", {{"x-amz-retry-after", "1500"}});
  transport_.answer(200, "good");
  EXPECT_TRUE(run(read()));
  EXPECT_GE(transport_.times.at(1) - transport_.times.at(0), 1500ms);
}

TEST_F(JsonClientTest, SendsNothingAfterTheDeadline) {
  transport_.script.push_back({http::Answer{500, {}, ""}, 9990ms});
  transport_.respond = [](const http::OutgoingRequest&) {
    return ScriptedTransport::Step{http::Answer{500, {{"x-amz-retry-after", "4000"}}, ""}, {}};
  };
  EXPECT_EQ(run(read()).error().kind, ErrorKind::kUnavailable);
  for (const TimePoint time : transport_.times) EXPECT_LT(time - transport_.times.front(), 10s);
  EXPECT_LE(loop_.now() - transport_.times.front(), 10s);
}

TEST_F(JsonClientTest, ACallThatHangsEndsAtItsDeadline) {
  transport_.respond = [](const http::OutgoingRequest&) {
    return ScriptedTransport::Step{http::Answer{200, {}, "good"}, 1h};
  };
  EXPECT_EQ(run(write()).error().kind, ErrorKind::kUnknown);
  EXPECT_EQ(loop_.now().time_since_epoch(), 2s);
}

TEST_F(JsonClientTest, StopsRetryingWhenMostCallsFail) {
  transport_.respond = [](const http::OutgoingRequest&) {
    return ScriptedTransport::Step{fail(ErrorKind::kUnavailable, "refused"), {}};
  };
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(run(read()));
  // 100 first attempts, and the retries that 500 tokens buy at 14 each.
  EXPECT_EQ(transport_.requests.size(), 100u + 35u);
}

TEST_F(JsonClientTest, ALongPollWithoutQuotaWaitsBeforeItFails) {
  transport_.respond = [](const http::OutgoingRequest&) {
    return ScriptedTransport::Step{http::Answer{500, {{"x-amz-retry-after", "1000"}}, ""}, {}};
  };
  for (int i = 0; i < 40; ++i) EXPECT_FALSE(run(read()));
  JsonCall poll = read();
  poll.long_poll = true;
  const TimePoint start = loop_.now();
  transport_.requests.clear();
  EXPECT_FALSE(run(std::move(poll)));
  EXPECT_EQ(transport_.requests.size(), 1u);
  EXPECT_GE(loop_.now() - start, 1s);
}

TEST_F(JsonClientTest, TellsTheProviderOfRefusedCredentials) {
  transport_.answer(400, R"({"__type":"ExpiredTokenException"})");
  transport_.answer(200, "good");
  EXPECT_TRUE(run(read()));
  EXPECT_EQ(credentials_.refused, std::vector<std::string>{"AKID"});
}

TEST_F(JsonClientTest, SendsNothingWithoutCredentials) {
  credentials_.error = Error{ErrorKind::kDenied, "no AWS credentials"};
  EXPECT_EQ(run(read()).error().kind, ErrorKind::kDenied);
  EXPECT_TRUE(transport_.requests.empty());
}

TEST_F(JsonClientTest, EachAttemptTakesAToken) {
  CallBudget budget{loop_, {10, 3}};
  std::vector<double> left;
  transport_.respond = [&](const http::OutgoingRequest&) {
    left.push_back(budget.tokens());
    return ScriptedTransport::Step{http::Answer{500, {}, ""}, {}};
  };
  JsonCall call = read();
  call.budget = &budget;
  EXPECT_FALSE(run(std::move(call)));
  ASSERT_EQ(left.size(), 3u);
  for (std::size_t i = 0; i < left.size(); ++i) {
    const std::chrono::duration<double> passed = transport_.times[i].time_since_epoch();
    EXPECT_NEAR(left[i], 3 + 3 * passed.count() - static_cast<double>(i + 1), 1e-6) << i;
  }
}

TEST_F(JsonClientTest, AThrottleAnswerHalvesTheRate) {
  CallBudget budget{loop_, {10, 2}};
  transport_.answer(400, kThrottled);
  JsonCall call = write();
  call.budget = &budget;
  EXPECT_FALSE(run(std::move(call)));
  EXPECT_DOUBLE_EQ(budget.rate(), 1);
  EXPECT_DOUBLE_EQ(budget.tokens(), 0);
  const std::string text = metrics_.to_text();
  EXPECT_NE(text.find(R"(blox_aws_throttled_total{operation="StartTask",service="ecs"} 1)"),
            std::string::npos)
      << text;
}

TEST_F(JsonClientTest, AThrottledCallOfAPersonIsNotSentAgain) {
  CallBudget budget{loop_, {10, 2}};
  JsonCall call = read();
  call.budget = &budget;
  call.priority = CallPriority::kPeople;
  transport_.answer(400, kThrottled);
  EXPECT_EQ(run(call).error().kind, ErrorKind::kThrottled);
  EXPECT_EQ(transport_.requests.size(), 1u);
  // A fault costs the account nothing that others lack.
  transport_.answer(500, "");
  transport_.answer(200, "good");
  EXPECT_TRUE(run(call));
  EXPECT_EQ(transport_.requests.size(), 3u);
}

// Of the 2 s of a write, one at least is left for the answer when it is sent.
TEST_F(JsonClientTest, AWriteWaitsForATokenOnlyWhileItCanStillBeAnswered) {
  const std::tuple<const char*, double, bool> rows[] = {
      {"the next token comes after 0.8 s", 1.25, true},
      {"the next token comes after 1.25 s", 0.8, false},
  };
  for (const auto& [rule, per_second, sent] : rows) {
    SCOPED_TRACE(rule);
    CallBudget budget{loop_, {1, per_second}};
    transport_.requests.clear();
    transport_.answer(200, "good");
    JsonCall first = write();
    first.budget = &budget;
    JsonCall second = first;
    EXPECT_TRUE(run(std::move(first)));
    if (sent) transport_.answer(200, "good");
    const TimePoint asked_at = loop_.now();
    const Status status = run(std::move(second));
    EXPECT_EQ(status.has_value(), sent);
    EXPECT_EQ(transport_.requests.size(), sent ? 2u : 1u);
    if (sent) {
      EXPECT_GE(transport_.requests[1].deadline, 1s);
      EXPECT_EQ(transport_.requests[1].send_before, asked_at + 2s);
    } else {
      EXPECT_EQ(status.error().kind, ErrorKind::kThrottled);
      EXPECT_EQ(loop_.now() - asked_at, 1s);
    }
  }
}

// The wait for a token is not the server's fault: the answer has all of the deadline.
TEST_F(JsonClientTest, APatientCallWaitsForEachTokenBesideItsDeadline) {
  CallBudget budget{loop_, {1, 1}, 0.02};  // A token in 50 s.
  JsonCall call = read();
  call.budget = &budget;
  call.token_wait = 5min;
  transport_.answer(400, kThrottled);  // Halves it: a token in 100 s, and faster by the time.
  transport_.script.push_back({http::Answer{200, {}, "good"}, 9s});
  const TimePoint asked = loop_.now();
  EXPECT_TRUE(run(call));
  EXPECT_EQ(transport_.requests.size(), 2u);
  EXPECT_GT(loop_.now() - asked, 40s);
  EXPECT_GT(transport_.requests.at(1).deadline, 9s);
  EXPECT_LE(transport_.requests.at(1).deadline, 10s);
}

TEST_F(JsonClientTest, APatientCallGivesUpWhenNoTokenComes) {
  CallBudget budget{loop_, {1, 1}, 0.001};
  JsonCall call = read();
  call.budget = &budget;
  call.token_wait = 5min;
  transport_.answer(200, "good");
  ASSERT_TRUE(run(call));
  const TimePoint asked = loop_.now();
  const Status late = run(call);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::kThrottled);
  EXPECT_EQ(loop_.now() - asked, 5min);
  EXPECT_EQ(transport_.requests.size(), 1u);
}

TEST_F(JsonClientTest, ALongPollIsSentOnce) {
  JsonCall poll = read();
  poll.long_poll = true;
  poll.deadline = 25s;
  transport_.answer(500, "");
  EXPECT_EQ(run(std::move(poll)).error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(transport_.requests.size(), 1u);
}

TEST_F(JsonClientTest, CountsApartWhatWasNotSent) {
  CallBudget budget{loop_, {1, 0.01}};
  JsonCall first = write();
  first.budget = &budget;
  JsonCall second = first;
  transport_.answer(200, "good");
  EXPECT_TRUE(run(std::move(first)));
  EXPECT_FALSE(run(std::move(second)));
  credentials_.error = Error{ErrorKind::kDenied, "no AWS credentials"};
  EXPECT_FALSE(run(write()));
  const std::string text = metrics_.to_text();
  for (const char* line :
       {R"(blox_aws_calls_total{operation="StartTask",outcome="ok",service="ecs"} 1)",
        R"(blox_aws_unsent_total{operation="StartTask",reason="budget",service="ecs"} 1)",
        R"(blox_aws_unsent_total{operation="StartTask",reason="credentials",service="ecs"} 1)",
        R"(blox_aws_call_seconds_count{operation="StartTask",service="ecs"} 1)"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
  for (const char* outcome : {R"(outcome="throttled")", R"(outcome="denied")"}) {
    EXPECT_EQ(text.find(outcome), std::string::npos) << outcome;
  }
}

TEST_F(JsonClientTest, CountsAttemptsByOutcome) {
  transport_.answer(500, "");
  transport_.answer(200, "good");
  EXPECT_TRUE(run(read()));
  const std::string text = metrics_.to_text();
  EXPECT_NE(text.find(R"(operation="ListTasks",outcome="ok",service="ecs"} 1)"), std::string::npos)
      << text;
  EXPECT_NE(text.find(R"(outcome="unknown",service="ecs"} 1)"), std::string::npos) << text;
}

}  // namespace
}  // namespace blox::aws
