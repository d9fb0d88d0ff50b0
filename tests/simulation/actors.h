// The people and machines of the simulation: a user who deploys, and a data centre in which
// instances join, drain, leave and lose their tasks.
#pragma once

#include <string>
#include <vector>

#include "base/async.h"
#include "base/executor.h"
#include "base/random.h"
#include "client/scheduler.h"
#include "simulation/coverage.h"
#include "simulation/scenario.h"
#include "simulator/simulator.h"

namespace blox::simulation {

inline constexpr const char* kCluster = "sim";
inline constexpr const char* kEnvironment = "agents";
inline constexpr const char* kGroup = "blox:agents";

/// Creates the environment and deploys one revision after the other, asking again until it is done.
class User {
 public:
  /// `definitions` are the revisions, at least as many as the scenario has deployments.
  User(Executor& executor, Random& random, client::Scheduler& scheduler, const Scenario& scenario,
       std::vector<std::string> definitions, Coverage& coverage);

  Async<void> run();
  /// True when everything was accepted.
  bool is_done() const { return done_; }
  /// The definition deployed last.
  const std::string& wanted() const { return wanted_; }

 private:
  Async<void> create();
  Async<void> deploy(std::string definition);
  Async<void> wait_before_asking_again();

  Executor& executor_;
  Random& random_;
  client::Scheduler& scheduler_;
  const Scenario& scenario_;
  std::vector<std::string> definitions_;
  Coverage& coverage_;
  std::string wanted_;
  bool done_ = false;
};

/// What happens to instances and tasks, spread over the time before the calm.
class DataCentre {
 public:
  DataCentre(Executor& executor, Random& random, simulator::Simulator& simulator,
             const Scenario& scenario, Coverage& coverage);

  /// The instances that are there from the start.
  void prepare();
  Async<void> run();
  /// No instance stays drained, disconnected or with a task that waits to be gone.
  void calm_down();
  /// DRAINING instances that became ACTIVE again: a stop may have been under way.
  int reactivated_count() const { return reactivated_count_; }

 private:
  void one_event();
  void use_up_the_limits();
  void start_foreign_task(simulator::Instance& instance);
  simulator::Cluster& cluster();
  /// By id, so in an order that is the run's own.
  std::vector<simulator::Instance*> instances_in(InstanceStatusKind status);

  Executor& executor_;
  Random& random_;
  simulator::Simulator& simulator_;
  const Scenario& scenario_;
  Coverage& coverage_;
  int reactivated_count_ = 0;
};

}  // namespace blox::simulation
