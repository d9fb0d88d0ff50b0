// What the read of one cluster has come to: kept between its attempts, so that one call that fails
// costs one call. Pure.
//
//   instances listed -> described -> running tasks listed -> stopped ones -> described -> to be
//                                                                                         marked
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <variant>

#include "base/time.h"
#include "cluster_state/ingest/catalog.h"

namespace blox::cluster_state {

/// In this order: instances before tasks, so that no task is seen whose instance was not looked
/// for.
enum class ReadStep : std::uint8_t {
  kListInstances,
  kDescribeInstances,
  kListRunning,
  kListStopped,
  kDescribeTasks,
  kMark,
};

/// Of which kinds ECS has answered for an object.
using AnsweredKinds = std::array<bool, std::variant_size_v<ObjectName>>;

/// Bounds: an ARN for each object of the cluster, and those that came and went meanwhile.
struct ClusterRead {
  WallTime started{};            ///< Of the first attempt: what the mark will say.
  TimePoint began{};             ///< The same by the executor's clock.
  std::uint64_t generation = 0;  ///< Of the catalog: of another one nothing here holds.
  TimePoint progress_at{};       ///< When a call last brought it on.
  ReadStep step = ReadStep::kListInstances;
  std::string page;               ///< The token of the list's next page; empty: the first.
  int pages = 0;                  ///< Of that list so far.
  std::set<ObjectName> left;      ///< Listed and not asked about.
  std::set<ObjectName> left_out;  ///< Asked about, and neither described nor MISSING.
  std::set<ObjectName> refused;   ///< With these ECS refuses a call; see Asking.
  AnsweredKinds answered{};       ///< In one of its attempts.
  bool exists = true;             ///< ECS knows the cluster, by the last list.
  bool moved = false;             ///< A call has brought it on in this attempt.
  bool again = false;             ///< Something came meanwhile: another read has to follow.

  /// Nothing is lost by beginning anew.
  bool is_unbegun() const {
    return step == ReadStep::kListInstances && page.empty() && left.empty();
  }
};

}  // namespace blox::cluster_state
