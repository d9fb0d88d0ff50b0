// Holes in words: for the answers that cannot tell them otherwise. Pure.
#pragma once

#include <string>
#include <string_view>

#include "model/holes.h"

namespace blox::cluster_state {

/// The clusters that have some, for a header; empty: none.
std::string list_incomplete(const ClusterHoles& holes);
/// A line for people about each cluster, all of them after a line end; empty: none has any.
std::string describe_holes(const ClusterHoles& holes);
/// True for an object that ECS has listed and not described, as far as its name is kept.
bool is_hole(const ClusterHoles& holes, std::string_view arn);

}  // namespace blox::cluster_state
