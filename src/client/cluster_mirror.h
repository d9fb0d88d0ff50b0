// A live copy of the cluster state beside its reader: what the scheduler observes. A stream of the
// whole state and then of its changes; resumed after breaks, and begun anew when the service says
// compacted or is another store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/executor.h"
#include "base/random.h"
#include "base/signal.h"
#include "client/cluster_state.h"

namespace blox::client {

struct ClusterMirrorOptions {
  /// A stream on which no bookmark came for so long is stale; they come every 10 s.
  Duration stale_after = std::chrono::seconds{30};
  Duration backoff_min = std::chrono::milliseconds{100};  ///< Doubled per failure in a row, …
  Duration backoff_max = std::chrono::seconds{10};        ///< … up to this, with jitter.
};

/// The copy. Tasks and instances come by two streams: each is consistent in itself, and their
/// versions may differ by what is under way.
/// Threading: the executor's thread. Requires: executor, random and source outlive it.
class ClusterMirror {
 public:
  using Tasks = std::map<TaskArn, Versioned<Task>>;
  using Instances = std::map<ContainerInstanceArn, Versioned<ContainerInstance>>;

  ClusterMirror(Executor& executor, Random& random, ClusterState& source,
                ClusterMirrorOptions options = {});

  /// Keeps the copy until destroyed; spawn it once. Requires: the mirror outlives it.
  Async<void> run();

  const Tasks& tasks() const { return tasks_.held.objects; }
  const Instances& instances() const { return instances_.held.objects; }
  /// When ECS said what is here of an instance, by our clock; of those of which the service tells
  /// the age.
  const std::map<ContainerInstanceArn, TimePoint>& told_at() const {
    return instances_.held.told_at;
  }

  /// True while both were read whole from one opening of the same store. Then what is here is a
  /// picture of the past at worst, never a part of one (see is_stale).
  bool is_loaded() const;
  /// True when not loaded, or when one of the streams was not up to date for `stale_after`.
  bool is_stale() const;
  /// Empty until loaded.
  std::string store_id() const;
  EntityVersion task_version() const { return tasks_.bookmark.entity_version; }
  EntityVersion instance_version() const { return instances_.bookmark.entity_version; }
  /// Per cluster when the last whole read began, by our clock: the older of what tasks and
  /// instances hold; only clusters that both have.
  std::map<ClusterArn, TimePoint> synced_at() const;
  /// True for a cluster that the service has not read since it opened its store: the store may be a
  /// copy from before, and the picture has gone backwards.
  bool is_unconfirmed(const ClusterArn& cluster) const;
  /// True for a cluster whose last whole read left out tasks: they are not here, and may live.
  bool lacks_tasks(const ClusterArn& cluster) const;
  /// When we last heard of both that they are up to date with the service, by a bookmark. Lines
  /// say less: they may be of a list that is not whole yet, or of changes long past.
  std::optional<TimePoint> last_contact() const;
  /// How often all objects were read anew, both kinds counted.
  std::uint64_t list_count() const { return list_count_; }

  /// Why a stream ended last; empty when none has.
  const std::string& last_end() const { return last_end_; }

  /// Told after each change of anything above, bookmarks included.
  Signal& changed() { return changed_; }

 private:
  template <class Arn, class Object>
  struct Half {
    using Changes = std::vector<Change<Object>>;
    struct Held {
      std::map<Arn, Versioned<Object>> objects;
      std::map<Arn, TimePoint> told_at;
      void put(Versioned<Object> entry, TimePoint now);
      void erase(const Arn& arn);
    };
    Held held;
    Bookmark bookmark;  // Of what is held; without a store_id until it was read whole.
    std::map<ClusterArn, TimePoint> synced_at;  // By that bookmark.
    bool is_resumable = false;
    Held incoming;  // While a stream sends all objects anew.
    std::optional<TimePoint> last_contact;
  };
  using TaskHalf = Half<TaskArn, Task>;
  using InstanceHalf = Half<ContainerInstanceArn, ContainerInstance>;

  Async<Result<std::unique_ptr<TaskStream>>> open(const TaskHalf& half);
  Async<Result<std::unique_ptr<InstanceStream>>> open(const InstanceHalf& half);
  template <class SomeHalf>
  Async<void> follow(SomeHalf& half);
  template <class SomeHalf>
  Async<Error> follow_stream(SomeHalf& half, bool& got_bookmark);
  template <class SomeHalf>
  Status apply(SomeHalf& half, typename SomeHalf::Changes changes, bool& got_bookmark);
  Duration draw_backoff(int failure_count);
  std::map<ClusterArn, TimePoint> sync_points_of(const Bookmark& bookmark) const;

  Executor& executor_;
  Random& random_;
  ClusterState& source_;
  ClusterMirrorOptions options_;
  TaskHalf tasks_;
  InstanceHalf instances_;
  std::uint64_t list_count_ = 0;
  std::string last_end_;
  Signal changed_;
};

}  // namespace blox::client
