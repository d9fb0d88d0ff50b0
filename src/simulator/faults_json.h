// Faults as JSON, as the control API reads and shows them.
#pragma once

#include <boost/json.hpp>

#include "simulator/faults.h"
#include "simulator/json_input.h"

namespace blox::simulator {

/// {"eventLost": 0.1, "eventDelay": ["1s", "30s"], "listLagMax": "5m", "throttled": false, …}.
boost::json::object show_faults(const Faults& faults);
/// `faults` with what `input` names replaced. Errors: InvalidParameterException for a name or a
/// value that is not known.
Outcome<Faults> read_faults(JsonInput& input, Faults faults);

}  // namespace blox::simulator
