// ECS's network bindings, some of which are ranges of ports, into those of v0.3's form, which has
// one port of each kind. For .cc files of this folder alone, as json_read.h is.
#pragma once

#include <cstdint>
#include <vector>

#include "codec/json_read.h"
#include "model/task.h"

namespace blox::codec::internal {

/// Ports of ranges that one task shows, at most: a range of a few bytes could name all there are.
inline constexpr std::int64_t kRangePortsMax = 100;

/// Appends what `from` shows in v0.3's form: a range becomes a binding a port, as far as
/// `range_ports_left` goes, which is lessened by what it used. A binding that lacks a port of
/// either kind, or whose numbers cannot be read, or whose two ranges differ in length, shows
/// nothing: any number in its place would be believed. Source: API/NetworkBinding.
void read_binding(simdjson::dom::object from, std::int64_t& range_ports_left,
                  std::vector<NetworkBinding>& bindings);

}  // namespace blox::codec::internal
