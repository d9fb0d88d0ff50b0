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

namespace blox::scheduler {

/// One instance of a call. The intent is not stored yet.
struct Launch {
  Intent intent;
  TimePoint confirmed_at;                 ///< When the instance was known to be eligible.
  std::optional<TimePoint> wanted_since;  ///< Set for first attempts.
};

/// intents opened ─ call ─┬ done: closed with outcomes; refused instances remembered
///                        ├ not done: closed; starts pause, or (a definition that ECS does not
///                        │ take) the instances remember it as a refusal
///                        └ unknown: left open
/// Threading: the executor's thread.
class Launcher {
 public:
  explicit Launcher(ActContext& context) : context_(context), scope_(context.executor) {}

  /// How many more calls may be started now in that cluster.
  std::size_t free_calls(const ClusterArn& cluster) const;
  /// True from the moment that its intent is about to be opened until the call's end is stored.
  bool is_busy(const IntentKey& key) const { return busy_.contains(key); }
  /// True when no call is under way.
  bool is_quiet() const { return call_count_ == 0; }
  /// Why no call is made in that cluster for now, in words; empty: calls may be made.
  std::string why_paused(const ClusterArn& cluster) const;
  /// When the first pause ends.
  std::optional<TimePoint> next_due() const;

  /// Carries out one call. Requires: 1 to kStartInstancesMax launches, of one deployment, each
  /// instance once and not busy; free_calls of their cluster > 0.
  void start(std::vector<Launch> launches);

 private:
  using Answer = Result<std::vector<aws::StartedOn>>;
  // After ECS or the store refused a call as a whole.
  struct Pause {
    TimePoint until;
    int count = 0;  // In a row.
    std::string why;
  };

  Async<void> run(std::vector<Launch> launches);
  Async<void> open_and_call(std::vector<Launch> launches);
  Async<void> drop_unsent(std::vector<Launch> launches);
  Async<void> settle(std::vector<Intent> intents, Answer answer);
  std::optional<IntentClosing> conclude(const Intent& intent, const Answer& answer);
  void refuse(const Intent& intent, const std::string& reason);
  void pause_for(const ClusterArn& cluster, const Error& error);
  static void pause(Pause& pause, const ActContext& context, const std::string& why);
  const Pause* find_pause(const ClusterArn& cluster) const;

  ActContext& context_;
  std::set<IntentKey> busy_;
  std::size_t call_count_ = 0;
  Pause pause_;                             // Of all: what is short is shared.
  std::map<ClusterArn, Pause> by_cluster_;  // Credentials may do for one and not for another.
  Scope scope_;                             // Last, so that what it runs ends first.
};

}  // namespace blox::scheduler
