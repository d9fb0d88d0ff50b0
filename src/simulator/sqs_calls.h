// The operations of SQS by name, JSON in and JSON out.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/async.h"
#include "simulator/json_input.h"
#include "simulator/simulator.h"

namespace blox::simulator {

/// Executes one operation, "ReceiveMessage". `host` is what queue URLs begin with:
/// "127.0.0.1:4567". Waits for long polls alone. `simulator` must outlive it.
Async<Outcome<boost::json::object>> execute_sqs(Simulator& simulator, std::string operation,
                                                std::string host, boost::json::object body);

}  // namespace blox::simulator
