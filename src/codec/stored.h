// The keys and values under which cluster state stands in the store; docs/formats/cluster-state.md
// is the same in words. Ingest writes them, the view and the API read them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/time.h"
#include "model/arn.h"
#include "model/container_instance.h"
#include "model/holes.h"
#include "model/task.h"

namespace blox::codec {

/// All of cluster state stands under this prefix, and nothing else does.
inline constexpr std::string_view kClusterStatePrefix = "cluster-state/";
inline constexpr std::string_view kTasksPrefix = "cluster-state/tasks/";
inline constexpr std::string_view kInstancesPrefix = "cluster-state/instances/";
inline constexpr std::string_view kClustersPrefix = "cluster-state/clusters/";
inline constexpr std::string_view kDeadLettersPrefix = "cluster-state/deadletters/";
inline constexpr std::string_view kEventsPrefix = "cluster-state/events/";

/// The prefix of the kind and then the ARN as it is.
std::string task_key(const TaskArn& arn);
std::string instance_key(const ContainerInstanceArn& arn);
std::string cluster_key(const ClusterArn& arn);

/// What stays of an object that is gone, so that a late event cannot bring it back.
struct Tombstone {
  std::optional<EcsVersion> version;  ///< The last one known.
  WallTime at;                        ///< When we took the object away.
  std::string reason;                 ///< "missing" or "retention".
  ClusterArn cluster;
  friend bool operator==(const Tombstone&, const Tombstone&) = default;
};

/// The value of an object in its parts, undecoded. The views end with the text they came from.
struct StoredParts {
  std::string_view detail;    ///< The JSON object that an event carries as `detail`.
  std::string_view describe;  ///< The JSON object of what Describe alone carries, or empty.
  std::optional<WallTime> described_at;  ///< When the last Describe taken in was asked.
  WallTime seen_at;                      ///< When `detail` was taken in.
};

/// What merging asks of an object's value. `parts` ends with the bytes that were decoded.
struct StoredHead {
  ClusterArn cluster;
  std::optional<EcsVersion> version;
  std::string status;              ///< A task's lastStatus, an instance's status.
  std::string container_instance;  ///< Its ARN, as the detail has it, or empty.
  StoredParts parts;
};

/// A decoded value. `parts` ends with the bytes that were decoded.
template <class Object>
struct StoredObject {
  Object object;
  StoredParts parts;
  /// Of instances: when ECS said it, by the event's own time where `detail` came by event, else
  /// when the Describe was asked. The epoch when neither is known.
  WallTime told_at{};
};
using StoredTask = StoredObject<Task>;
using StoredInstance = StoredObject<ContainerInstance>;

/// Joins the parts into a value, the JSON of `detail` and `describe` spliced in as it is.
/// Requires: both are valid JSON objects, `describe` perhaps empty.
std::string encode_stored(const StoredParts& parts);
std::string encode_tombstone(const Tombstone& tombstone);

/// Finds the parts without decoding them. Errors: kInvalid (not a value of this format).
Result<std::variant<StoredParts, Tombstone>> split_stored(std::string_view bytes);

/// Decodes no more than the head. Errors: kInvalid, naming the field.
Result<std::variant<StoredHead, Tombstone>> decode_stored_head(std::string_view bytes);

/// Decode the value of a task or an instance whole. Optional fields of an unexpected type count
/// as absent; the ARN, the cluster and the status are demanded. Errors: kInvalid, naming the field.
Result<std::variant<StoredTask, Tombstone>> decode_stored_task(std::string_view bytes);
Result<std::variant<StoredInstance, Tombstone>> decode_stored_instance(std::string_view bytes);

/// Decode the JSON of a `detail` alone. Errors: kInvalid, naming the field.
Result<Task> decode_task_detail(std::string_view detail);
Result<ContainerInstance> decode_instance_detail(std::string_view detail);

/// The value under cluster_key.
struct SyncMark {
  WallTime synced_at;  ///< When the last complete reconcile of the cluster began.
  Holes holes = {};    ///< What it left out; none in marks of programs that did not tell.
  friend bool operator==(const SyncMark&, const SyncMark&) = default;
};
std::string encode_sync_mark(const SyncMark& mark);
/// Errors: kInvalid, naming the field.
Result<SyncMark> decode_sync_mark(std::string_view bytes);

}  // namespace blox::codec
