// The names that the errors of SQS had before it spoke JSON.
#pragma once

#include <string>
#include <string_view>

namespace blox::simulator {

/// What SQS puts into x-amzn-query-error for the exception `code`, and what botocore and the AWS
/// CLI show as the error's code: "AWS.SimpleQueueService.NonExistentQueue" for QueueDoesNotExist.
std::string query_code(std::string_view code);

}  // namespace blox::simulator
