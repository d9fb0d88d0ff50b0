// StateJudge: holds the cluster state that Blox keeps against the world and against its own
// promises (C): nothing acknowledged is lost, states only move forward, what lives is shown.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "aws/queue.h"
#include "client/cluster_state.h"
#include "cluster_state/view/snapshot.h"
#include "model/arn.h"
#include "simulation/coverage.h"
#include "simulator/world.h"
#include "store/store.h"

namespace blox::simulation {

/// Is told of what is durable, what came and went by the queue and what streams show; outlives the
/// processes. Threading: the loop's thread. Requires: world and coverage outlive it.
class StateJudge {
 public:
  StateJudge(const simulator::World& world, Coverage& coverage)
      : world_(world), coverage_(coverage) {}

  /// What the store holds of an object.
  struct Known {
    bool live = false;    ///< Neither a tombstone nor STOPPED.
    bool erased = false;  ///< A tombstone: it is not shown any more.
    std::int64_t version = 0;
    TimePoint at;                         ///< Since when.
    std::optional<TimePoint> running_at;  ///< When it first showed the task RUNNING.
  };

  /// The first promise broken, in words; empty: none.
  const std::string& broken() const { return broken_; }

  /// None: it holds nothing of it.
  std::optional<Known> find_task(const std::string& arn) const;
  std::optional<Known> find_instance(const std::string& arn) const;

  /// Since when the store holds the mark of the last whole read of a cluster, or was to hold it.
  std::optional<TimePoint> marked_at(const std::string& cluster) const;

  /// The disk is about to take it.
  void on_offered(const std::string& key, std::string_view value);
  /// The disk acknowledged this value of a key, or shows it.
  void on_durable(const std::string& key, std::string_view value, store::Revision revision);
  void on_deleted(const std::string& key) { durable_.erase(key); }

  void on_received(const aws::QueueMessage& message);
  /// The service asks the queue to delete these deliveries: all that they brought is durable.
  void on_removal(const std::vector<std::string>& receipts);
  /// What it received dies with a process.
  void on_crash() { received_.clear(); }
  /// The store is an older copy of itself now: what it lacks nobody has promised.
  void on_restore() {
    on_crash();
    durable_.clear();
    seen_.clear();
  }

  void on_line(const client::Change<Task>& change);
  void on_line(const client::Change<ContainerInstance>& change);

  /// What the view shows wrongly of a cluster at rest; empty: nothing.
  std::string difference(const cluster_state::Snapshot& shown,
                         const simulator::Cluster& cluster) const;

 private:
  struct Durable {
    bool tombstone = false;
    bool final = false;  // Its last status admits no other.
    std::string status;
    std::optional<std::int64_t> version;
    store::Revision revision = 0;
    TimePoint at{};  // When it became durable.
    std::optional<TimePoint> running_at;
  };
  struct Received {
    std::string key;
    bool final = false;
    std::optional<std::int64_t> version;
    WallTime sent_at;
  };
  struct Seen {
    client::EntityVersion entity_version = 0;
    TaskStatusKind status = TaskStatusKind::kProvisioning;
  };
  void break_with(std::string how) {
    if (broken_.empty()) broken_ = "C: " + std::move(how);
  }
  std::optional<Known> find(const std::string& key) const;
  Seen& note_version(const std::string& arn, client::EntityVersion version);
  bool is_durable(const Received& received) const;
  std::string compare(const std::string& key, std::string_view shown, std::string_view status,
                      std::int64_t version) const;

  const simulator::World& world_;
  Coverage& coverage_;
  std::string broken_;
  struct Mark {
    std::string value;
    TimePoint at;
  };
  std::map<std::string, Mark> marks_;         // By key.
  std::map<std::string, Durable> durable_;    // By key.
  std::map<std::string, Received> received_;  // By receipt.
  std::set<std::string> message_ids_;
  std::map<std::string, Seen> seen_;  // Of streams, by ARN.
};

}  // namespace blox::simulation
