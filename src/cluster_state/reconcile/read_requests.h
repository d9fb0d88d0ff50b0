// Which clusters are to be read whole before the next full read, and for whom: what Blox itself
// finds out is read at once, what people ask for joins a read or waits for a pause. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <set>

#include "base/time.h"
#include "model/arn.h"

namespace blox::cluster_state {

/// Clusters, or all of them.
struct ReadScope {
  bool all = false;
  std::set<ClusterArn> clusters;

  bool is_empty() const { return !all && clusters.empty(); }
  bool covers(const ClusterArn& cluster) const { return all || clusters.contains(cluster); }
};

/// A request of people joins what covers it: a read that waits, or one that is under way, although
/// that may have read the cluster before they asked. Were another read begun for each of these, a
/// loop of requests would read ECS without a pause. For the same reason a read for people begins no
/// sooner than `pause` after the end of the last one for people, nor than that one took: at least
/// half the time is left to others.
/// Threading: none. Bounds: kNamedMax names of either kind; from there on all clusters are meant.
class ReadRequests {
 public:
  explicit ReadRequests(Duration pause) : pause_(pause) {}

  /// Of our own: due at once.
  void add(ClusterArn cluster) { add_to(own_, std::move(cluster)); }
  void add_all() { own_.all = true; }
  /// True: a read is begun for it, after the pause. False: it joins one.
  bool add_for_people(ClusterArn cluster);
  bool add_all_for_people();

  /// When the next read is due; none when nothing is asked for.
  std::optional<TimePoint> due(TimePoint now) const;
  /// A read begins, of all clusters if a full one is due anyway; what it covers waits no longer and
  /// is under way until end(). Shape: what it has to read.
  ReadScope begin(TimePoint now, bool full);
  /// The read that has begun reads these as well.
  void add_under_way(const std::set<ClusterArn>& clusters);
  void end(TimePoint now);
  /// The cluster could not be read and is tried again by others.
  void forget(const ClusterArn& cluster);

  static constexpr std::size_t kNamedMax = 1'000;

 private:
  static void add_to(ReadScope& scope, ClusterArn cluster);

  Duration pause_;
  ReadScope own_;
  ReadScope people_;
  ReadScope under_way_;
  bool for_people_ = false;  // What is under way.
  TimePoint begun_at_{};
  TimePoint people_after_{};
};

}  // namespace blox::cluster_state
