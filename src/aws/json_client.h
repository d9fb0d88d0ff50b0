// JsonClient: the one place that builds, signs, paces, sends and classifies calls to AWS.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "aws/call_budget.h"
#include "aws/credentials.h"
#include "aws/retry.h"
#include "aws/signing.h"
#include "base/async.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/result.h"
#include "http/transport.h"

namespace blox::aws {

/// What differs between the services that speak JSON.
struct JsonService {
  std::string name;           ///< The signing name, and the label in metrics: "ecs".
  std::string target_prefix;  ///< Before the operation in X-Amz-Target.
  std::string content_type;
};
/// Source: botocore's service models, "metadata".
JsonService ecs_service();
JsonService sqs_service();

/// What all clients of one account and region share. All must outlive the clients.
struct AwsContext {
  Executor& executor;
  Random& random;
  http::Transport& transport;
  CredentialsProvider& credentials;
  Metrics& metrics;
};

/// One call.
struct JsonCall {
  std::string operation;  ///< "ListTasks".
  std::string body;
  /// For all of it: token, attempts, waits. An attempt whose token comes so late that less than
  /// half of it, or a second, is left for the answer is not sent.
  Duration deadline = std::chrono::seconds{10};
  /// Each attempt may wait so long for its token, and that time does not count against `deadline`:
  /// for calls that nobody waits for. None: the deadline holds for tokens too.
  Duration token_wait{};
  /// It changes nothing, or nothing more the second time: sent again after faults, and after
  /// throttle answers unless it is for people. All others go out once, on a connection of their
  /// own.
  bool repeatable = true;
  /// The server may hold the answer back for most of the deadline: sent once, as a second wait
  /// would not fit; a fault is returned after a wait.
  bool long_poll = false;
  CallBudget* budget = nullptr;  ///< Each attempt takes a token from it.
  CallPriority priority = CallPriority::kReconcile;
  /// Set when the call ends, if it is there: whether its last attempt brought a success that nobody
  /// could read.
  bool* unreadable = nullptr;
};

/// Reads the body of a success. An error makes the answer count as unreadable.
using AcceptBody = std::move_only_function<Status(std::string_view)>;

/// Threading: one strand.
class JsonClient {
 public:
  /// `endpoint` is a URL without a trailing slash.
  JsonClient(AwsContext context, JsonService service, std::string endpoint, std::string region);

  /// Errors: kInvalid, kNotFound, kDenied, kThrottled, kUnavailable: not done. kUnknown (5xx, lost
  /// or unreadable answer): only for calls that are not repeatable; those that are end as
  /// kUnavailable. No attempt is sent after the deadline.
  Async<Status> call(JsonCall call, AcceptBody accept);

 private:
  struct Attempt {
    Status status;
    FaultClass fault = FaultClass::kFault;
    bool retryable = false;
    std::optional<Duration> retry_after;
    bool unreadable = false;
  };
  static Attempt unsent(ErrorKind kind, std::string why);
  Async<Status> take_token(const JsonCall& call, TimePoint& deadline);
  Async<Attempt> attempt(const JsonCall& call, AcceptBody& accept, TimePoint& deadline);
  Attempt judge(const JsonCall& call, AcceptBody& accept, Result<http::Answer> answer,
                const Credentials& credentials);
  http::OutgoingRequest make_request(const JsonCall& call, const Credentials& credentials);
  void count_sent(const JsonCall& call, const Status& status, Duration took);
  void count_unsent(const JsonCall& call, const char* reason);
  void count_throttled(const JsonCall& call);

  AwsContext context_;
  JsonService service_;
  std::string endpoint_;
  Signer signer_;
  RetryQuota quota_;
};

}  // namespace blox::aws
