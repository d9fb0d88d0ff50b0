// What ingest holds in memory of each object: enough to merge a report without reading the store.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "cluster_state/ingest/merge.h"
#include "cluster_state/ingest/writer.h"
#include "model/arn.h"
#include "model/holes.h"
#include "store/store.h"

namespace blox::cluster_state {

/// An instance or a task; instances order before tasks.
using ObjectName = std::variant<ContainerInstanceArn, TaskArn>;
/// Its key in the store.
std::string key_of(const ObjectName& object);
/// The object that a key is of; none for keys of other things.
std::optional<ObjectName> find_object(std::string_view key);

/// Reasons of tombstones: ECS does not know the object any more; it has been kept long enough.
inline constexpr std::string_view kReasonMissing = "missing";
inline constexpr std::string_view kReasonRetention = "retention";

/// One object. Its content stands in the store alone, but for the small part of Describe, which
/// every newer event has to carry on.
struct Entry {
  Slot slot;
  Known known;
  bool ended = false;                   ///< STOPPED or INACTIVE: goes after a time.
  const ClusterArn* cluster = nullptr;  ///< Owned and set by the catalog.
  std::string describe;                 ///< The stored part of Describe, as JSON, or empty.
  std::string instance;  ///< Of a task: its container instance's ARN, or empty. Set by the catalog.
  std::size_t detail_hash = 0;  ///< Of the last described detail that is contained.
  TimePoint confirmed_at{};     ///< When a report last showed it alive, or it was loaded.
  bool placed = false;          ///< It stands in the catalog's indexes.
};

/// A cluster's sync mark.
struct ClusterEntry {
  Slot slot;
  std::optional<WallTime> synced_at;
  Holes holes;  ///< Of that read. Only with `synced_at`.
};

/// Every object under `cluster-state/`, ordered by ARN. Entries stay where they are until erased.
/// Threading: the executor's thread.
class Catalog {
 public:
  using Entries = std::map<std::string, Entry, std::less<>>;

  /// Takes in one key of the store, read at `now`. Errors: kInvalid (not of this format; the
  /// object counts as unknown, and its key can be written).
  Status load(const store::KeyValue& item, TimePoint now);
  void clear();
  /// Counts the times it was cleared: what was found out across two of them may have been lost.
  std::uint64_t generation() const { return generation_; }

  Entry* find(const ObjectName& object);
  /// The object's entry, made as unknown when there is none.
  Entry& get_or_make(const ObjectName& object);
  /// Forgets an object. Requires: its slot is idle.
  void erase(const ObjectName& object);
  /// Says where a live object is: its cluster and, of a task, its container instance's ARN, which
  /// may be empty. Requires: it is held.
  void place(const ObjectName& object, const ClusterArn& cluster, std::string_view instance);
  /// Takes an object that is not live any more out of all lists. Requires: it is held.
  void displace(const ObjectName& object);

  /// True when the object is held as live and has not ended.
  bool is_live(const ObjectName& object) const;
  /// Live objects of a cluster that have not ended, sorted.
  std::vector<ContainerInstanceArn> live_instances(const ClusterArn& cluster) const;
  std::vector<TaskArn> live_tasks(const ClusterArn& cluster) const;
  /// Live tasks on one instance that have not ended, sorted.
  std::vector<TaskArn> live_tasks_on(const ContainerInstanceArn& instance) const;
  /// Clusters with a sync mark or an object, ended ones included, sorted.
  std::vector<ClusterArn> clusters() const;
  /// True when the cluster has an object, be it at its end.
  bool has_objects(const ClusterArn& cluster) const;
  /// When the last complete reconcile of the cluster began, if there was one.
  std::optional<WallTime> synced_at(const ClusterArn& cluster) const;
  /// What that reconcile left out; null: nothing.
  const Holes* find_holes(const ClusterArn& cluster) const;
  /// True when the catalog holds what the object is, or was at its end: it is no hole.
  bool is_known(const ObjectName& object) const;

  Entries& tasks() { return tasks_; }
  Entries& instances() { return instances_; }
  std::map<ClusterArn, ClusterEntry>& marks() { return marks_; }

 private:
  Entries& entries_of(const ObjectName& object) {
    return std::holds_alternative<TaskArn>(object) ? tasks_ : instances_;
  }
  const Entries& entries_of(const ObjectName& object) const {
    return std::holds_alternative<TaskArn>(object) ? tasks_ : instances_;
  }
  // Views of the keys of tasks_ or instances_.
  using Arns = std::set<std::string_view>;
  struct Members {
    Arns instances;
    Arns tasks;
    bool is_empty() const { return instances.empty() && tasks.empty(); }
  };
  const ClusterArn* intern(const ClusterArn& cluster) {
    return &members_.try_emplace(cluster).first->first;
  }
  Status load_object(const store::KeyValue& item, TimePoint now);
  void displace(bool is_task, std::string_view arn, Entry& entry);

  Entries tasks_;
  Entries instances_;
  std::map<ClusterArn, ClusterEntry> marks_;
  std::map<ClusterArn, Members> members_;              // Its keys are the interned clusters.
  std::map<std::string, Arns, std::less<>> tasks_on_;  // By instance.
  std::uint64_t generation_ = 0;
};

}  // namespace blox::cluster_state
