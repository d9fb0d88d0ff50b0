// How far the first reads of clusters have come, for those who have to answer for them meanwhile: a
// cluster that was never read whole is not an empty one. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace blox::cluster_state {

/// A first read that makes no progress for so long keeps nobody waiting.
inline constexpr Duration kStandstillMax = std::chrono::minutes{2};

/// Of a cluster that has no sync mark.
struct ReadProgress {
  /// When ECS last told something new of it (a page of a list, a Describe); before its first word,
  /// when the cluster came to be known. By the executor's clock.
  TimePoint progress_at{};
  std::optional<TimePoint> waits_since;  ///< For its turn, now.
  Duration waited{};                     ///< For its turn, since progress_at and until then.
  /// Why its last attempt failed; none before the first failure. Kept while the next one runs.
  std::optional<Error> last_error;
  /// It was among the clusters that ECS's first word named: of ListClusters, or of DescribeClusters
  /// for one that --cluster names. False: it was made, or came to be known, later; or given up.
  bool in_first_list = false;

  /// For how long it has been tried in vain: where its turn has not come, nothing was tried.
  Duration tried_for(TimePoint now) const {
    return waits_since.value_or(now) - progress_at - waited;
  }
  bool is_denied() const { return last_error && last_error->kind == ErrorKind::kDenied; }
  /// Nobody waits for it any more: it is denied, or stands still.
  bool is_given_up(TimePoint now) const { return is_denied() || tried_for(now) > kStandstillMax; }
  /// The last moment at which it is not given up, unless something happens before; none while it
  /// waits for its turn, or is denied.
  std::optional<TimePoint> stands_until() const {
    if (waits_since || is_denied()) return std::nullopt;
    return progress_at + waited + kStandstillMax;
  }
};

/// By the cluster's ARN, or by what --cluster calls it as long as ECS has not told its ARN.
using UnreadClusters = std::map<std::string, ReadProgress>;

/// Keeps them. Threading: none. Bounds: one for each cluster that reconcile knows.
class UnreadList {
 public:
  /// Notes one that has no sync mark, and waits for its turn; one that is noted already stays as it
  /// is.
  void add(const std::string& target, TimePoint now, bool in_first_list);
  /// ECS's first word names one that was noted before it, and that it has not denied to know.
  void name_first(const std::string& target);
  /// ECS has told its ARN: what is noted by its name goes on under that.
  void rename(const std::string& name, const std::string& arn);
  /// These of one that is noted; else nothing.
  void note_waiting(const std::string& target, TimePoint now);
  void note_turn(const std::string& target, TimePoint now);
  void note_progress(const std::string& target, TimePoint now);
  void note_failure(const std::string& target, const Error& error);
  /// It was read whole, or is not to be read any more.
  void erase(const std::string& target);
  const UnreadClusters& clusters() const { return clusters_; }
  /// Another one after each change of clusters().
  std::uint64_t version() const { return version_; }

 private:
  ReadProgress* find_to_change(const std::string& target);

  UnreadClusters clusters_;
  std::uint64_t version_ = 0;
};

}  // namespace blox::cluster_state
