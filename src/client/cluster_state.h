// What other services see of the cluster-state-service: lists that name their version, and streams
// that resume from one. One interface, so that a scheduler, the CLI and a simulation read alike.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/result.h"
#include "codec/api_objects.h"
#include "model/container_instance.h"
#include "model/task.h"

namespace blox::client {

using codec::Bookmark;
using codec::Change;
using codec::ChangeKind;
using codec::EntityVersion;
using codec::Listing;
using codec::SyncTimes;
using codec::Versioned;

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
