// What other services see of the cluster-state-service: lists that name their version, and streams
// that resume from one. One interface, so that a scheduler, the CLI and a simulation read alike.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/result.h"
#include "base/time.h"
#include "model/container_instance.h"
#include "model/task.h"

namespace blox::client {

/// The service's counter of changes, over all objects: unique, growing. 0 is before all changes.
using EntityVersion = std::int64_t;

/// Start of the last complete reconcile of each cluster that a picture holds. A cluster that is
/// not here was never synced: its absence of tasks means nothing.
using SyncTimes = std::map<ClusterArn, WallTime>;

/// What a picture is up to. Versions of two stores cannot be compared.
struct Bookmark {
  std::string store_id;
  EntityVersion entity_version = 0;  ///< Every change up to it is in the picture.
  SyncTimes synced_at;
  friend bool operator==(const Bookmark&, const Bookmark&) = default;
};

template <class Object>
struct Versioned {
  EntityVersion entity_version = 0;  ///< Of the object's last change.
  Object object;
  friend bool operator==(const Versioned&, const Versioned&) = default;
};

/// A consistent list, in the order of the ARNs.
template <class Object>
struct Listing {
  std::vector<Versioned<Object>> items;
  Bookmark bookmark;
};

/// An empty field filters nothing.
struct TaskFilter {
  std::string cluster;  ///< Name or ARN.
  std::string status;   ///< lastStatus, in any case.
  std::string started_by;
};
struct InstanceFilter {
  std::string cluster;  ///< Name or ARN.
  std::string status;
};

/// Where a stream begins: after all that is in the picture `entity_version` of `store_id`. With an
/// empty store_id the stream first sends every object, closed by a bookmark.
struct StreamStart {
  std::string store_id;
  EntityVersion after = 0;
};

enum class ChangeKind : std::uint8_t {
  kPut,       ///< The object as it is now.
  kDeleted,   ///< Of the object only its ARN and cluster are set.
  kBookmark,  ///< `bookmark` holds; all changes up to it came before.
};

template <class Object>
struct Change {
  ChangeKind kind = ChangeKind::kPut;
  Versioned<Object> entry;  ///< Of kPut and kDeleted.
  Bookmark bookmark;        ///< Of kBookmark.
};

/// An ordered stream of changes, without gap. Destroying it ends it.
template <class Object>
class ChangeStream {
 public:
  virtual ~ChangeStream() = default;
  /// Waits for at least one change.
  /// Errors: kCompacted (the service cannot go on from here: list again), kUnavailable (broken
  /// off: open it again from the last version seen), kInternal (a line that cannot be decoded).
  virtual Async<Result<std::vector<Change<Object>>>> next() = 0;
};

using TaskListing = Listing<Task>;
using InstanceListing = Listing<ContainerInstance>;
using TaskStream = ChangeStream<Task>;
using InstanceStream = ChangeStream<ContainerInstance>;

/// The cluster-state-service. Implementations: HttpClusterState (http_cluster_state.h).
/// Threading: the executor's thread. Calls may overlap.
/// Errors of all: kInvalid (a filter is refused, with the service's sentence), kUnavailable (not
/// reachable, or it answered 5xx), kInternal (an answer that cannot be decoded).
class ClusterState {
 public:
  virtual ~ClusterState() = default;

  virtual Async<Result<TaskListing>> list_tasks(TaskFilter filter) = 0;
  virtual Async<Result<InstanceListing>> list_instances(InstanceFilter filter) = 0;

  /// Errors besides: kNotFound. `cluster` is a name.
  virtual Async<Result<Versioned<Task>>> get_task(std::string cluster, TaskArn arn) = 0;
  virtual Async<Result<Versioned<ContainerInstance>>> get_instance(std::string cluster,
                                                                   ContainerInstanceArn arn) = 0;

  /// Errors besides: kCompacted (also for a version of another store): list again.
  virtual Async<Result<std::unique_ptr<TaskStream>>> open_task_stream(StreamStart start) = 0;
  virtual Async<Result<std::unique_ptr<InstanceStream>>> open_instance_stream(
      StreamStart start) = 0;
};

}  // namespace blox::client
