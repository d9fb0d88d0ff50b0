// Attributes of container instances, as calls give them.
#pragma once

#include "simulator/json_input.h"
#include "simulator/world.h"

namespace blox::simulator {

/// Reads the field `attributes`: [{"name": …, "value": …}], names and values up to 128 characters.
Attributes read_attributes(JsonInput& input);

}  // namespace blox::simulator
