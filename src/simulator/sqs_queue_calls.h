// The operations of SQS on queues as a whole: create, find, list, set, purge, delete.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "simulator/json_input.h"
#include "simulator/simulator.h"

namespace blox::simulator {

struct SqsContext {
  Simulator& simulator;
  const std::string& host;  ///< What queue URLs begin with.
};
using SqsCall = Outcome<boost::json::object> (*)(const SqsContext& context, JsonInput& input);

/// Null for any other operation.
SqsCall find_sqs_queue_call(std::string_view operation);
/// The queue of the field QueueUrl, of which only the last step counts.
/// Errors: QueueDoesNotExist.
Outcome<std::shared_ptr<SimQueue>> get_queue(Simulator& simulator, JsonInput& input);

}  // namespace blox::simulator
