// Tasks and instances as JSON, in the two forms of AWS: that of events and that of the API.
#pragma once

#include <boost/json.hpp>

#include "simulator/world.h"

namespace blox::simulator {

/// kEvent: times as RFC 3339 text, with updatedAt, without tags and healthStatus.
/// kApi: times as seconds since 1970, without updatedAt.
enum class Form : std::uint8_t { kEvent, kApi };

boost::json::object describe(const Task& task, const TaskState& state, Form form);
boost::json::object describe(const Instance& instance, const InstanceState& state, Form form);

/// Seconds since 1970, with decimals.
double to_epoch(WallTime time);
/// [{"name": …, "value": …}] in the order of names.
boost::json::array describe_attributes(const Attributes& attributes);

}  // namespace blox::simulator
