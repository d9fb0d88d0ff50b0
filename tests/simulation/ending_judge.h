// EndingJudge: how deployments end: a completed one has run on every instance for as long as a task
// has to serve, or names it, and none names an instance on which nothing has failed.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "simulation/deployment_record.h"
#include "simulation/health_words.h"
#include "simulation/seam_listener.h"
#include "simulation/state_judge.h"
#include "simulation/strikes.h"
#include "simulator/world.h"

namespace blox::simulation {

/// Listens to the store of the scheduler. Asks what the scheduler stores of a
/// deployment against what happened in the world. Threading: the executor's thread. Requires: all
/// outlive it.
class EndingJudge final : public simulator::WorldObserver, public SeamListener {
 public:
  EndingJudge(const simulator::World& world, const StateJudge& state, const HealthWords& health,
              const Strikes& strikes)
      : world_(world), state_(state), health_(health), strikes_(strikes) {}

  /// Empty: all rules were kept.
  const std::string& broken() const { return broken_; }
  void note_coverage(Coverage& coverage) const;

  void on_task(const simulator::Task& task, const simulator::TaskState* before) override;
  void on_instance(const simulator::Instance& instance,
                   const simulator::InstanceState* before) override;
  void on_start_asked(const simulator::Instance&, std::string_view) override {}
  void on_stop_asked(const simulator::Task&, std::string_view) override {}

  void on_record(const std::string& key, const std::string& value) override;
  void on_held(const std::string& key, const std::string& value) override;

 private:
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
  static std::string revision_of(const DeploymentRecord& deployment);
  void judge_named(const DeploymentRecord& deployment);
  void judge_completed(const DeploymentRecord& deployment);
  bool has_run(const simulator::Instance& instance, const DeploymentRecord& deployment) const;
  bool is_known_fit(const simulator::Instance& instance, const DeploymentRecord& deployment) const;

  const simulator::World& world_;
  const StateJudge& state_;
  const HealthWords& health_;
  const Strikes& strikes_;
  std::map<std::string, Fit> fit_;                            // Instances, while they are.
  std::map<Where, std::map<std::string, Service>> services_;  // By task.
  std::set<std::string> completed_;
  std::map<std::string, std::set<std::string>> failed_;  // Instances, by deployment, as it said.
  std::uint64_t named_ = 0;
  std::string broken_;
};

}  // namespace blox::simulation
