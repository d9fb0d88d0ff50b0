// Holes in words: for the answers that cannot tell them otherwise. Pure.
#pragma once

#include <string>
#include <string_view>

#include "model/holes.h"

namespace blox::cluster_state {

/// The clusters that have some, as ClusterNames has them; empty: none. `cluster`: only those that
/// it names, by name or ARN; empty: all.
std::string list_incomplete(const ClusterHoles& holes, std::string_view cluster = {});
/// A line for people about each of the first clusters, and one about the number of the others, all
/// of them after a line end; empty: none has any.
std::string describe_holes(const ClusterHoles& holes);
/// A bookmark names so many objects of all clusters together: with Holes::kNamedMax of each of
/// thousands it would be tens of megabytes, once a second for streams.
inline constexpr std::size_t kNamedOfAllMax = 200;
/// Forgets the names of clusters for which there is no room by that; their counts stay.
void bound_names(ClusterHoles& holes);
/// True for an object that ECS has listed and not described, as far as its name is kept.
bool is_hole(const ClusterHoles& holes, std::string_view arn);

}  // namespace blox::cluster_state
