// EndingJudge: how deployments end: a completed one has run on every instance for as long as a task
// has to serve, or names it, and none names an instance on which nothing has failed.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "simulation/call_judge.h"
#include "simulation/health_words.h"
#include "simulation/hold_ups.h"
#include "simulation/seam_listener.h"
#include "simulation/state_judge.h"
#include "simulator/judge.h"

namespace blox::simulation {

/// Listens to the calls and the store of the scheduler. Asks what the scheduler stores of a
/// deployment against what happened in the world. Threading: the executor's thread. Requires: all
/// outlive it.
class EndingJudge final : public simulator::WorldObserver, public SeamListener {
 public:
  EndingJudge(const simulator::World& world, const simulator::Judge& judge, const StateJudge& state,
              const CallJudge& calls, const HoldUps& hold_ups, const HealthWords& health)
      : world_(world),
        judge_(judge),
        state_(state),
        calls_(calls),
        hold_ups_(hold_ups),
        health_(health) {}

  /// Empty: all rules were kept.
  const std::string& broken() const { return broken_; }
  void note_coverage(Coverage& coverage) const;

  void on_task(const simulator::Task& task, const simulator::TaskState* before) override;
  void on_instance(const simulator::Instance& instance,
                   const simulator::InstanceState* before) override;
  void on_start_asked(const simulator::Instance&, std::string_view) override {}
  void on_stop_asked(const simulator::Task&, std::string_view) override {}

  void on_sent(const std::string& operation, const std::string& body) override;
  void on_answer(const std::string& operation, const std::string& body, TimePoint sent_at,
                 const Result<http::Answer>& answer) override;
  void on_record(const std::string& key, const std::string& value) override;

 private:
  struct Deployment {
    std::string id;
    std::string environment;  // Its uid.
    std::string group;
    std::string definition;
    std::string status;
    std::set<std::string> failed;
  };
  using Where = std::pair<std::string, std::string>;  // Instance; group and definition.
  struct Service {                                    // Of a task.
    TimePoint from;
    bool has_check = false;
    TimePoint until = TimePoint::max();
    std::int64_t ended = 0;  // The first version that shows the end.
  };
  struct Fit {                 // Of an instance.
    std::int64_t version = 0;  // The first that shows it.
    TimePoint since;
  };
  static std::string revision_of(const simulator::Task& task);
  static std::string revision_of(const Deployment& deployment);
  void judge_named(const Deployment& deployment);
  bool is_held_up(const Deployment& deployment, const std::string& instance) const;
  void judge_completed(const Deployment& deployment);
  bool is_struck(const std::string& instance) const;
  bool has_ghost(const std::string& instance) const;
  bool hangs(const simulator::Task& task) const;
  bool has_run(const simulator::Instance& instance, const Deployment& deployment) const;
  bool has_foreign(const Deployment& deployment, const std::string& instance) const;
  bool is_known_fit(const simulator::Instance& instance, const Deployment& deployment) const;

  const simulator::World& world_;
  const simulator::Judge& judge_;
  const StateJudge& state_;
  const CallJudge& calls_;
  const HoldUps& hold_ups_;
  const HealthWords& health_;
  std::map<std::string, Fit> fit_;                                // Instances, while they are.
  std::map<Where, std::map<std::string, Service>> services_;      // By task.
  std::map<std::string, std::map<std::string, TimePoint>> gone_;  // When tasks ended, by instance.
  std::map<std::string, TimePoint> unwell_from_;  // Of tasks asked for, and not told HEALTHY.
  std::set<std::string> struck_;  // Instances where a task ended by itself, or was unclaimed.
  std::set<std::string> completed_;
  std::map<std::string, std::set<std::string>> failed_;  // Instances, by deployment, as it said.
  std::map<std::string, std::string> owners_;            // Environment uids, by deployment.
  // By instance and group, who started tasks there.
  std::map<std::pair<std::string, std::string>, std::set<std::string>> starters_;
  std::uint64_t named_ = 0;
  std::string broken_;
};

}  // namespace blox::simulation
