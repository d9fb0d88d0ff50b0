// The people and machines of the simulation: a user who deploys, and a data centre in which
// instances join, drain, leave and lose their tasks.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/executor.h"
#include "base/random.h"
#include "base/scope.h"
#include "client/scheduler.h"
#include "simulation/coverage.h"
#include "simulation/scenario.h"
#include "simulator/simulator.h"

namespace blox::simulation {

inline constexpr const char* kCluster = "sim";
inline constexpr const char* kEnvironment = "agents";
inline constexpr const char* kGroup = "blox:agents";
/// Of the environment that is deleted again.
inline constexpr const char* kSecondEnvironment = "logs";
inline constexpr const char* kSecondGroup = "blox:logs";

/// Creates the environment and deploys one revision after the other, asking again until it is done.
/// Then it deploys the last one anew whenever it has failed.
/// In some scenarios there is a second environment, which does not last, or deployments are taken
/// back.
class User {
 public:
  /// `definitions` are the revisions, at least as many as the scenario has deployments.
  User(Executor& executor, Random& random, client::Scheduler& scheduler, const Scenario& scenario,
       std::vector<std::string> definitions, Coverage& coverage);

  /// `told` is called with the environment before each request for a deployment of it.
  void on_deploying(std::function<void(const std::string&)> told) {
    on_deploying_ = std::move(told);
  }

  Async<void> run();
  /// Creates, deploys and deletes the second environment.
  Async<void> run_second(std::string definition);
  /// Creates the environment `name`, deploys one revision of its own family after the other, and
  /// the last anew whenever it has failed.
  Async<void> run_other(std::string name, std::vector<std::string> definitions);
  /// The scheduler's store is an older copy of itself: whoever put it back creates what it lacks,
  /// adopts what runs unclaimed, and deploys and deletes once more what was deployed and deleted.
  void on_restore();
  /// True when everything was accepted.
  bool is_done() const {
    return done_ && (!scenario_.second_environment || second_done_) &&
           static_cast<int>(wanted_by_.size()) == scenario_.environment_count - 1;
  }
  /// Of the other environments that stay, the definition deployed last, by name.
  const std::map<std::string, std::string>& wanted_by() const { return wanted_by_; }
  /// The definition deployed last.
  const std::string& wanted() const { return wanted_; }

 private:
  Async<void> create(std::string name, std::string definition);
  Async<void> deploy(std::string name, std::string definition);
  Async<void> deploy_wanted(std::string definition);
  Async<void> deploy_again_if_failed(std::string name, std::string definition);
  Async<void> remove(std::string name);
  Async<void> wait_before_asking_again();
  Async<void> make_good();
  Async<void> make_good(std::string name, std::string first, std::string wanted);

  Executor& executor_;
  Random& random_;
  client::Scheduler& scheduler_;
  const Scenario& scenario_;
  std::vector<std::string> definitions_;
  Coverage& coverage_;
  std::string wanted_;
  std::function<void(const std::string&)> on_deploying_ = [](const std::string&) {};
  std::map<std::string, std::string> wanted_by_;
  std::map<std::string, std::string> first_by_;  // What the others were created with.
  std::string second_;                           // Definition, while that one is to be there.
  bool done_ = false;
  bool second_done_ = false;
  bool makes_good_ = false;
  Scope scope_;
};

/// What happens to instances and tasks, spread over the time before the calm.
class DataCentre {
 public:
  DataCentre(Executor& executor, Random& random, simulator::Simulator& simulator,
             const Scenario& scenario, Coverage& coverage);

  /// The instances that are there from the start.
  void prepare();
  /// What a drain waits for. Requires: a task definition is registered.
  void start_services();
  Async<void> run();
  /// False for the machine that is too small for the task.
  static bool has_room(const simulator::Instance& instance);
  /// Somebody stops every task that is not ours, unless others stay. Instances stay as they are: a
  /// drained one drained, and one whose machine registered anew disconnected.
  void calm_down();

 private:
  void one_event();
  Async<void> call_off_drain(std::string instance_id);
  void use_up_the_limits();
  void start_foreign_task(simulator::Instance& instance, std::string group,
                          std::string started_by = {});
  void meddle();
  void refuse_an_instance();
  simulator::Cluster& cluster();
  /// By id, so in an order that is the run's own.
  std::vector<simulator::Instance*> instances_in(InstanceStatusKind status);

  Executor& executor_;
  Random& random_;
  simulator::Simulator& simulator_;
  const Scenario& scenario_;
  Coverage& coverage_;
  int meddled_count_ = 0;
  Scope scope_;
};

}  // namespace blox::simulation
