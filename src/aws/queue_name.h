// Which SQS queue a text means: --queue takes what people have at hand.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace blox::aws {

struct QueueName {
  std::string name;
  std::string owner;   ///< The account that it is in, 12 digits; empty: ours.
  std::string region;  ///< Empty: not said, ours.
  friend bool operator==(const QueueName&, const QueueName&) = default;
};

/// Takes "NAME", "sqs://NAME", an ARN, and a URL as GetQueueUrl answers it, of which the host
/// counts for its region alone: where SQS is called is choose_endpoint's to say. Errors: kInvalid,
/// a sentence with what is allowed, without user and password.
Result<QueueName> parse_queue_name(std::string_view text);

}  // namespace blox::aws
