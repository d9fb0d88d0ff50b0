#include "simulator/sqs_errors.h"

#include <algorithm>
#include <iterator>

namespace blox::simulator {
namespace {

// Source: the model of SQS that its clients had before it spoke JSON: those codes differ from the
// names of their exceptions.
constexpr std::string_view kPrefixed[] = {
    "BatchEntryIdsNotDistinct", "BatchRequestTooLong",          "EmptyBatchRequest",
    "InvalidBatchEntryId",      "MessageNotInflight",           "PurgeQueueInProgress",
    "QueueDeletedRecently",     "TooManyEntriesInBatchRequest", "UnsupportedOperation",
};

}  // namespace

std::string query_code(std::string_view code) {
  static constexpr std::string_view kPrefix = "AWS.SimpleQueueService.";
  if (code == "QueueDoesNotExist") return std::string{kPrefix} + "NonExistentQueue";
  if (code == "QueueNameExists") return "QueueAlreadyExists";
  if (code == "KmsAccessDenied") return "KMS.AccessDeniedException";
  const bool prefixed = std::ranges::find(kPrefixed, code) != std::end(kPrefixed);
  return (prefixed ? std::string{kPrefix} : std::string{}).append(code);
}

}  // namespace blox::simulator
