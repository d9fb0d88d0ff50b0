// Launcher: one StartTask call for up to ten instances: intents first, then the call, then the
// outcome. What it cannot find out it leaves open for the resolver.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/scope.h"
#include "scheduler/act/act_context.h"
#include "scheduler/act/pause.h"

namespace blox::scheduler {

/// One instance of a call. The intent is not stored yet.
struct Launch {
  Intent intent;
  TimePoint confirmed_at;                 ///< When the instance was known to be eligible.
  std::optional<TimePoint> wanted_since;  ///< Set for first attempts.
};

/// intents opened ─ call ─┬ done: closed with outcomes; refused instances remembered
///                        ├ refused as a whole: again by halves, down to the instances to blame;
///                        │ or (a definition that ECS does not take from us) its deployment
///                        │ remembers it
///                        ├ not done: closed; starts pause
///                        └ unknown: left open; starts in that cluster pause
/// After a denial there is one call at a time for that deployment, and after an unknown outcome one
/// for that cluster, until one is answered.
/// Threading: the executor's thread.
class Launcher {
 public:
  explicit Launcher(ActContext& context) : context_(context), scope_(context.executor) {}

  /// How many more calls may be started now for that deployment in that cluster.
  std::size_t free_calls(const ClusterArn& cluster, const DeploymentId& deployment) const;
  /// True from the moment that its intent is about to be opened until the call's end is stored.
  bool is_busy(const IntentKey& key) const { return busy_.contains(key); }
  /// True when no call is under way.
  bool is_quiet() const { return call_count_ == 0; }
  /// Why no call is made in that cluster for now, in words; empty: calls may be made.
  std::string why_paused(const ClusterArn& cluster) const;
  /// When the first pause ends.
  std::optional<TimePoint> next_due() const;

  /// Carries out one call. Requires: 1 to kStartInstancesMax launches, of one deployment, each
  /// instance once and not busy; free_calls > 0.
  void start(std::vector<Launch> launches);

 private:
  using Answer = Result<std::vector<aws::StartedOn>>;
  struct Lane {  // Of a cluster: credentials may do for one and not for another.
    Pause pause;
    std::size_t call_count = 0;
    bool unsure = false;  // Since a call whose outcome is unknown.
  };
  struct Opened {  // An intent that is stored.
    Intent intent;
    TimePoint confirmed_at;
  };

  Async<void> run(std::vector<Launch> launches);
  Async<void> open_and_call(std::vector<Launch> launches);
  Async<void> drop_unsent(std::vector<Launch> launches);
  Async<void> call_by_halves(std::vector<Opened> launches);
  bool is_fresh(const Opened& launch) const;
  std::vector<Opened> take_fresh(std::vector<Opened>& launches) const;
  Async<Answer> call(std::vector<Opened> launches);
  Async<void> close_unsent(std::vector<Opened> launches);
  Async<void> settle(std::vector<Opened> launches, Answer answer, TimePoint sent_at);
  void note_answer(const Intent& first, const Answer& answer, TimePoint sent_at);
  std::optional<IntentClosing> conclude(const Intent& intent, const Answer& answer);
  void refuse(const Intent& intent, const std::string& reason);
  void begin(Pause& pause, const std::string& why);
  const Pause* find_pause(const ClusterArn& cluster) const;

  ActContext& context_;
  std::set<IntentKey> busy_;
  std::size_t call_count_ = 0;
  Pause pause_;  // Of all: what is short is shared.
  std::map<ClusterArn, Lane> lanes_;
  std::multiset<DeploymentId> calling_;
  Scope scope_;  // Last, so that what it runs ends first.
};

}  // namespace blox::scheduler
