// What the view holds of one task or container instance: the bytes that the API sends, encoded
// once when the object changes, and what lists filter by.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "codec/api_objects.h"
#include "codec/stored.h"

namespace blox::cluster_state {

enum class ObjectKind : std::uint8_t { kTask, kInstance };

/// Immutable and shared by all snapshots, lists and streams that show this state of the object.
struct Shown {
  codec::EntityVersion version = 0;
  std::string arn;
  std::string cluster_arn;
  std::string cluster_name;
  std::string status;      ///< ECS's spelling; a task's lastStatus.
  std::string started_by;  ///< Of tasks; else empty.
  std::string bytes;       ///< ",{…}\n": each use takes a part of it.
  WallTime told_at{};      ///< Of instances: when ECS said so; the epoch when nobody knows.

  /// As an item of a list: all but the first bring their comma along.
  std::string_view item(bool first) const {
    const std::string_view all{bytes};
    return first ? all.substr(1, all.size() - 2) : all.substr(0, all.size() - 1);
  }
  /// As a line of a stream, with its end.
  std::string_view line() const { return std::string_view{bytes}.substr(1); }
};
using ShownPtr = std::shared_ptr<const Shown>;

ShownPtr make_shown(codec::EntityVersion version, const codec::StoredTask& task);
ShownPtr make_shown(codec::EntityVersion version, const codec::StoredInstance& instance);

}  // namespace blox::cluster_state
