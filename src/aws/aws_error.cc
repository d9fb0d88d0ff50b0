#include "aws/aws_error.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <string_view>

#include "base/bounded_text.h"

namespace blox::aws {
namespace {

// Longer than any code of AWS: a word.
constexpr std::size_t kCodeBytesMax = 200;

constexpr std::array<std::string_view, 15> kThrottleCodes{
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "RequestThrottled",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
    "OverLimit",
};

// Other credentials, or the same ones read anew, may help.
constexpr std::array<std::string_view, 8> kCredentialCodes{
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidToken",
    "RequestExpired",
    "TokenRefreshRequired",
};

constexpr std::array<std::string_view, 14> kDeniedCodes{
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "BlockedException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "OptInRequired",
    "UnauthorizedException",
    "UnauthorizedOperation",
};

constexpr std::array<std::string_view, 2> kNotFoundCodes{
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
};

// The service could not use the key that what is asked for is encrypted with.
// "KMS.NotFoundException" says that of the key; what is asked for is there. Source: SQS API
// reference, "KmsThrottled" and those around it; API reference of Kinesis.
bool is_of_key(std::string_view code) { return code.starts_with("KMS") || code.starts_with("Kms"); }

template <std::size_t kCount>
bool contains(const std::array<std::string_view, kCount>& codes, std::string_view code) {
  return std::ranges::find(codes, code) != codes.end();
}

// "com.amazonaws.ecs#ClusterNotFoundException:http://…" is the code between '#' and ':'.
std::string without_namespace(std::string_view code) {
  code = code.substr(0, code.find(':'));
  const std::size_t hash = code.rfind('#');
  return std::string{hash == std::string_view::npos ? code : code.substr(hash + 1)};
}

bool is_throttle(std::string_view code) {
  return contains(kThrottleCodes, code) ||
         (is_of_key(code) && code.find("Throttl") != std::string_view::npos);
}

std::string find_text(const boost::json::object& object, std::string_view field) {
  const boost::json::value* value = object.if_contains(field);
  if (value == nullptr || !value->is_string()) return {};
  return std::string{value->get_string().data(), value->get_string().size()};
}

}  // namespace

AwsError decode_error(const http::Answer& answer) {
  AwsError error;
  boost::json::error_code parse_error;
  const boost::json::value body = boost::json::parse(answer.body, parse_error);
  if (!parse_error && body.is_object()) {
    const auto& object = body.get_object();
    error.code = without_namespace(find_text(object, "__type"));
    if (error.code.empty()) error.code = without_namespace(find_text(object, "code"));
    error.message = find_text(object, "message");
    if (error.message.empty()) error.message = find_text(object, "Message");
  }
  if (const auto type = http::find_header(answer.headers, "x-amzn-errortype");
      type && error.code.empty()) {
    error.code = without_namespace(*type);
  }
  // "AWS.SimpleQueueService.NonExistentQueue;Sender"
  if (const auto query = http::find_header(answer.headers, "x-amzn-query-error")) {
    error.code = std::string{query->substr(0, query->find(';'))};
  }
  error.code = shorten(error.code, kCodeBytesMax);
  error.message = shorten(error.message);
  return error;
}

Classified classify(int status, const AwsError& error) {
  if (status < 400 || status >= 500 || status == 408) {
    return {ErrorKind::kUnknown, false, true, is_throttle(error.code)};
  }
  if (status == 429 || is_throttle(error.code)) {
    return {ErrorKind::kThrottled, false, true, true};
  }
  if (contains(kCredentialCodes, error.code)) return {ErrorKind::kDenied, true, true, false};
  // Whatever the code, a new one or a gateway's: it is said of who asks, not of what is asked.
  const bool refused = status == 401 || status == 403;
  if (refused || contains(kDeniedCodes, error.code) || is_of_key(error.code)) {
    return {ErrorKind::kDenied};
  }
  if (contains(kNotFoundCodes, error.code) || error.code.ends_with("NotFoundException")) {
    return {ErrorKind::kNotFound};
  }
  return {ErrorKind::kInvalid};
}

// The code is a word of the message; names of queues stand in quotes.
bool is_key_denied(const Error& error) {
  if (error.kind != ErrorKind::kDenied) return false;
  std::string_view text = error.message;
  while (!is_of_key(text)) {
    const std::size_t blank = text.find(' ');
    if (blank == std::string_view::npos) return false;
    text.remove_prefix(blank + 1);
  }
  return true;
}

}  // namespace blox::aws
