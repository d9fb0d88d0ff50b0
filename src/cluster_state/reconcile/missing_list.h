// The objects that a Describe has called MISSING once: the second time, long enough after, proves
// it. Pure.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/time.h"
#include "cluster_state/ingest/catalog.h"

namespace blox::cluster_state {

/// When a Describe was asked for and when it was answered: what it says was so somewhen between.
struct AskedTimes {
  TimePoint asked_at{};
  TimePoint answered_at{};
};

/// At most one entry an object of the catalog. Threading: none.
class MissingList {
 public:
  explicit MissingList(Duration apart) : apart_(apart) {}

  /// Notes that ECS does not know the object. Shape: when it was first asked, if it had answered
  /// that long enough before it was asked now.
  std::optional<TimePoint> note(const ClusterArn& cluster, const ObjectName& object,
                                AskedTimes times);
  /// Forgets an object: it was seen, or is gone.
  void forget(const ObjectName& object) { entries_.erase(object); }
  /// Those whose second question is due, by cluster, sorted.
  std::map<ClusterArn, std::vector<ObjectName>> due(TimePoint now) const;
  /// When the next question is due, of those clusters alone for which `counts`.
  std::optional<TimePoint> next_due(const std::function<bool(const ClusterArn&)>& counts =
                                        [](const ClusterArn&) { return true; }) const;

 private:
  struct Entry {
    ClusterArn cluster;
    AskedTimes first;
  };
  Duration apart_;
  std::map<ObjectName, Entry> entries_;
};

}  // namespace blox::cluster_state
