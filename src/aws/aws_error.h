// What an answer of AWS that is not a success means to the caller.
#pragma once

#include <string>

#include "base/result.h"
#include "http/transport.h"

namespace blox::aws {

/// An error as AWS words it, or as much of it as is kept (base/bounded_text.h): it is shown in
/// answers, and kept for each cluster.
struct AwsError {
  std::string code;  ///< "ClusterNotFoundException", without namespace; empty when unreadable.
  std::string message;
};

/// Reads `__type`, `code`, the header x-amzn-errortype or, for query-compatible services, the code
/// in x-amzn-query-error, which comes first as it names the finer cause.
AwsError decode_error(const http::Answer& answer);

/// How an answer with another status than 200 is to be taken.
struct Classified {
  ErrorKind kind;
  bool credentials_refused = false;  ///< Unknown or expired: other credentials may help.
  bool retryable = false;            ///< A read may be sent again.
  bool throttled = false;            ///< A limit was hit: waits are longer, the budget shrinks.
};

/// kUnknown for 5xx, 408 and what is no error of HTTP: it may have been executed. Else not done;
/// 401 and 403 are kDenied, or kThrottled, whatever their code, and so is what is said of the key
/// that a queue is encrypted with.
/// Source: API/CommonErrors; botocore's list of throttling codes.
Classified classify(int status, const AwsError& error);

/// True when `error`, of a call as JsonClient words it, is the word of KMS: the service could not
/// use the key that what is asked for is encrypted with. Source: SQS API reference, the errors of
/// ReceiveMessage.
bool is_key_denied(const Error& error);

}  // namespace blox::aws
