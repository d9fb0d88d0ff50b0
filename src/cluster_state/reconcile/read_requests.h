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
  bool anew = false;  ///< All of them for ourselves: what is under way does not do.
  std::set<ClusterArn> clusters;

  bool is_empty() const { return !all && clusters.empty(); }
  bool covers(const ClusterArn& cluster) const { return all || clusters.contains(cluster); }
};

/// Reads of several clusters go on side by side, and each ends by itself: a read of all covers a
/// cluster until that one has been read, not until the slowest has.
/// A request of people joins what covers it: a read that waits, or one that is under way, although
/// that may have read a part of the cluster before they asked. Were another read begun for each of
/// these, a loop of requests would read ECS without a pause. For the same reason a read for people
/// begins no sooner than `pause` after the end of the last one for people, nor than that one took:
/// at least half the time is left to others.
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

  /// When the next read is due; none when nothing is asked for, or it waits for the end of a read
  /// for people.
  std::optional<TimePoint> due(TimePoint now) const;
  /// What is due begins, with all clusters if a full read is due anyway. Shape: what that is; the
  /// clusters are under way until end(), all of them first of all until found().
  ReadScope begin(TimePoint now, bool full);
  /// All clusters are these, or, when they cannot be told, none.
  void found(const std::set<ClusterArn>& clusters, TimePoint now);
  /// The cluster was read, or could not be.
  void end(const ClusterArn& cluster, TimePoint now);
  /// True from a begin() of all to found().
  bool is_finding() const { return finding_; }
  /// True until every cluster of the last read of all has come to its end.
  bool all_are_under_way() const { return finding_ || !of_all_.empty(); }
  /// The cluster could not be read and is tried again by others. True if it has waited.
  bool forget(const ClusterArn& cluster);

  static constexpr std::size_t kNamedMax = 1'000;

 private:
  static void add_to(ReadScope& scope, ClusterArn cluster);
  bool is_under_way(const ClusterArn& cluster) const;
  bool people_are_served() const { return finding_for_people_ || !for_people_.empty(); }
  void note_served(TimePoint now);

  Duration pause_;
  ReadScope own_;  // These two wait.
  ReadScope people_;
  bool finding_ = false;         // A read of all has begun; which clusters that are is not known.
  std::set<ClusterArn> of_all_;  // These two are under way.
  std::set<ClusterArn> named_;
  bool finding_for_people_ = false;
  std::set<ClusterArn> for_people_;  // Those under way for which people have waited.
  TimePoint begun_at_{};             // The read for people.
  TimePoint people_after_{};
};

}  // namespace blox::cluster_state
