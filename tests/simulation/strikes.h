// Strikes: what has befallen an instance that may keep a deployment from it: starts that failed,
// tasks that died early or hang, tasks that are not the environment's.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "simulation/call_judge.h"
#include "simulation/deployment_record.h"
#include "simulation/hold_ups.h"
#include "simulation/seam_listener.h"
#include "simulation/state_judge.h"
#include "simulator/judge.h"

namespace blox::simulation {

/// Errs towards "struck" only where Blox may not have heard how it went on. Listens to the calls
/// and the store of the scheduler. Threading: the executor's thread. Requires: all outlive it.
class Strikes final : public simulator::WorldObserver, public SeamListener {
 public:
  struct Parts {
    const simulator::World& world;
    const simulator::Judge& judge;
    const StateJudge& state;
    const CallJudge& calls;
    const HoldUps& hold_ups;
  };
  explicit Strikes(const Parts& parts)
      : world_(parts.world),
        judge_(parts.judge),
        state_(parts.state),
        calls_(parts.calls),
        hold_ups_(parts.hold_ups) {}

  /// The deployment need not wait for the instance.
  bool may_have_failed(const DeploymentRecord& deployment, const std::string& instance) const;
  /// A task of the deployment ended there by itself soon after its start.
  bool has_died_early(const DeploymentRecord& deployment, const std::string& instance) const;

  /// The deployment may have lost the instance for good: with its place in the budget.
  bool may_be_lost(const DeploymentRecord& deployment, const std::string& instance) const;
  /// When its tasks have died early on which instances, from when until when; without those where
  /// a task has served for about as long as a death is early since.
  std::map<std::string, TimePoint> unredeemed_deaths(const DeploymentRecord& deployment,
                                                     TimePoint from, TimePoint until) const;

  /// Where tasks of the group were, but for instances of whose end Blox has heard.
  std::set<std::string> instances_of(const std::string& group) const;
  /// The scheduler's store is an older copy of itself: deployments that it does not know are
  /// nobody's.
  void on_restore(const std::map<std::string, std::string>& records);

  void on_task(const simulator::Task& task, const simulator::TaskState* before) override;
  void on_instance(const simulator::Instance&, const simulator::InstanceState*) override {}
  void on_start_asked(const simulator::Instance&, std::string_view) override {}
  void on_stop_asked(const simulator::Task& task, std::string_view reason) override;

  void on_sent(const std::string& operation, const std::string& body) override;
  void on_answer(const std::string& operation, const std::string& body, TimePoint sent_at,
                 const Result<http::Answer>& answer) override;
  void on_record(const std::string& key, const std::string& value) override;
  void on_erased(const std::string& key) override;

 private:
  using Place = std::pair<std::string, std::string>;  // Instance, group.
  struct Fate {                                       // Of a task.
    TimePoint from;
    bool is_ours = true;
    std::string deployment;
    std::string definition;
    std::optional<TimePoint> served_from{};
    std::optional<TimePoint> served_until{};
    std::optional<TimePoint> gone_at{};
    bool failed = false;      // It ended so soon, and not by our stop, that its start has failed.
    bool died_early = false;  // It ended by itself.
  };
  using Fates = std::map<std::string, Fate>;  // By task.
  TimePoint now() const { return world_.executor().now(); }
  void note_started(const http::Answer& answer);
  const Fates& fates_of(const std::string& instance, const std::string& group) const;
  bool is_unheard(const std::string& task) const;
  int count_failed_starts(const DeploymentRecord& deployment, const std::string& instance) const;
  bool has_unclaimed(const Fates& fates) const;
  bool has_predecessors(const DeploymentRecord& deployment, const std::string& instance) const;
  bool is_barred(const DeploymentRecord& deployment, const std::string& instance) const;
  bool has_hanging(const Fates& fates) const;
  bool has_served_since(const Fates& fates, TimePoint since) const;
  bool hangs(const std::string& arn, const Fate& fate) const;
  bool is_held_up(const DeploymentRecord& deployment, const std::string& instance) const;

  const simulator::World& world_;
  const simulator::Judge& judge_;
  const StateJudge& state_;
  const CallJudge& calls_;
  const HoldUps& hold_ups_;
  std::map<Place, Fates> fates_;
  std::set<Place> stopped_;                                  // Where a stop of ours was asked for.
  std::map<std::string, std::set<std::string>> died_early_;  // Instances, by deployment.
  std::map<std::string, TimePoint> unwell_from_;     // Of tasks asked for, and not told HEALTHY.
  std::set<std::string> outcomes_;                   // Tasks of those that are stored.
  std::map<std::string, std::string> owners_;        // Environment uids, by deployment.
  std::map<Place, std::set<std::string>> starters_;  // Who started tasks there.
};

}  // namespace blox::simulation
