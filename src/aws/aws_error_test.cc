// Answers that are no success, and what they mean, by table.
#include "aws/aws_error.h"
#include "base/bounded_text.h"

#include <gtest/gtest.h>

#include <tuple>

namespace blox::aws {
namespace {

// It is kept for each cluster that cannot be read, and shown.
TEST(DecodeError, KeepsNoMoreOfItThanIsRead) {
  std::string euros;
  for (int letter = 0; letter < 100'000; ++letter) euros += "€";
  const AwsError error =
      decode_error({400, {}, R"({"__type":")" + euros + R"(","message":")" + euros + R"("})"});
  EXPECT_LE(error.code.size(), 210U);
  EXPECT_GE(error.message.size(), kForeignTextBytesMax - 3);
  EXPECT_LE(error.message.size(), kForeignTextBytesMax + 3);
  EXPECT_TRUE(error.message.ends_with("€…")) << "no letter is torn";
}

TEST(DecodeError, FindsTheCodeWhereverItStands) {
  const std::tuple<const char*, http::Answer, const char*, const char*> rows[] = {
      {"__type",
       {400, {}, R"({"__type":"ClientException","message":"no"})"},
       "ClientException",
       "no"},
      {"with a namespace",
       {400, {}, R"({"__type":"com.x.ecs#ServerException","Message":"m"})"},
       "ServerException",
       "m"},
      {"code", {400, {}, R"({"code":"AccessDenied"})"}, "AccessDenied", ""},
      {"header",
       {400, {{"X-Amzn-ErrorType", "ThrottlingException:http://x/y#z"}}, ""},
       "ThrottlingException",
       ""},
      {"query-compatible header first",
       {400,
        {{"x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender"}},
        R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"gone"})"},
       "AWS.SimpleQueueService.NonExistentQueue",
       "gone"},
      {"a page of a proxy", {502, {}, "<html>"}, "", ""},
      {"odd JSON", {400, {}, R"(["__type"])"}, "", ""},
      {"odd fields", {400, {}, R"({"__type":7,"message":{}})"}, "", ""},
  };
  for (const auto& [rule, answer, code, message] : rows) {
    const AwsError error = decode_error(answer);
    EXPECT_EQ(error.code, code) << rule;
    EXPECT_EQ(error.message, message) << rule;
  }
}

TEST(Classify, FollowsTheTable) {
  enum : bool { kNo, kYes };
  const std::tuple<int, const char*, ErrorKind, bool, bool, bool> rows[] = {
      // status, code, kind, credentials refused, retryable, throttled
      {400, "ThrottlingException", ErrorKind::kThrottled, kNo, kYes, kYes},
      {400, "TooManyRequestsException", ErrorKind::kThrottled, kNo, kYes, kYes},
      {403, "RequestThrottled", ErrorKind::kThrottled, kNo, kYes, kYes},
      {429, "", ErrorKind::kThrottled, kNo, kYes, kYes},
      {400, "ClusterNotFoundException", ErrorKind::kNotFound, kNo, kNo, kNo},
      {400, "ResourceNotFoundException", ErrorKind::kNotFound, kNo, kNo, kNo},
      {400, "AWS.SimpleQueueService.NonExistentQueue", ErrorKind::kNotFound, kNo, kNo, kNo},
      {400, "QueueDoesNotExist", ErrorKind::kNotFound, kNo, kNo, kNo},
      {400, "InvalidParameterException", ErrorKind::kInvalid, kNo, kNo, kNo},
      {400, "ClientException", ErrorKind::kInvalid, kNo, kNo, kNo},
      {400, "WhateverComesNext", ErrorKind::kInvalid, kNo, kNo, kNo},
      {400, "AccessDeniedException", ErrorKind::kDenied, kNo, kNo, kNo},
      {403, "InvalidSignatureException", ErrorKind::kDenied, kNo, kNo, kNo},
      {400, "UnrecognizedClientException", ErrorKind::kDenied, kYes, kYes, kNo},
      {400, "ExpiredTokenException", ErrorKind::kDenied, kYes, kYes, kNo},
      {403, "", ErrorKind::kDenied, kNo, kNo, kNo},
      {401, "", ErrorKind::kDenied, kNo, kNo, kNo},
      {403, "ForbiddenException", ErrorKind::kDenied, kNo, kNo, kNo},
      {403, "RequestTimeTooSkewed", ErrorKind::kDenied, kNo, kNo, kNo},
      {401, "WhateverComesNext", ErrorKind::kDenied, kNo, kNo, kNo},
      {403, "InvalidParameterException", ErrorKind::kDenied, kNo, kNo, kNo},
      {403, "ResourceNotFoundException", ErrorKind::kDenied, kNo, kNo, kNo},
      {403, "ExpiredToken", ErrorKind::kDenied, kYes, kYes, kNo},
      {400, "KMS.AccessDeniedException", ErrorKind::kDenied, kNo, kNo, kNo},
      {400, "KmsAccessDenied", ErrorKind::kDenied, kNo, kNo, kNo},
      {400, "KMS.DisabledException", ErrorKind::kDenied, kNo, kNo, kNo},
      {400, "KMS.InvalidStateException", ErrorKind::kDenied, kNo, kNo, kNo},
      {400, "KMS.NotFoundException", ErrorKind::kDenied, kNo, kNo, kNo},
      {400, "KmsNotFound", ErrorKind::kDenied, kNo, kNo, kNo},
      {403, "KMS.OptInRequired", ErrorKind::kDenied, kNo, kNo, kNo},
      {400, "KMS.ThrottlingException", ErrorKind::kThrottled, kNo, kYes, kYes},
      {400, "KMSThrottlingException", ErrorKind::kThrottled, kNo, kYes, kYes},
      {400, "KmsThrottled", ErrorKind::kThrottled, kNo, kYes, kYes},
      {404, "", ErrorKind::kInvalid, kNo, kNo, kNo},
      {408, "", ErrorKind::kUnknown, kNo, kYes, kNo},
      {500, "ServerException", ErrorKind::kUnknown, kNo, kYes, kNo},
      {503, "", ErrorKind::kUnknown, kNo, kYes, kNo},
      {503, "ThrottlingException", ErrorKind::kUnknown, kNo, kYes, kYes},
      {302, "", ErrorKind::kUnknown, kNo, kYes, kNo},
      {204, "", ErrorKind::kUnknown, kNo, kYes, kNo},
  };
  for (const auto& [status, code, kind, refused, retryable, throttled] : rows) {
    SCOPED_TRACE(std::to_string(status) + " " + code);
    const Classified classified = classify(status, {code, ""});
    EXPECT_EQ(classified.kind, kind);
    EXPECT_EQ(classified.credentials_refused, refused);
    EXPECT_EQ(classified.retryable, retryable);
    EXPECT_EQ(classified.throttled, throttled);
  }
}

}  // namespace
}  // namespace blox::aws
