// Launches: StartTask, RunTask and StopTask, with the checks that ECS makes and the faults of
// launching.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "simulator/lifecycle.h"
#include "simulator/timers.h"
#include "simulator/world.h"

namespace blox::simulator {

/// What StartTask and RunTask have in common. Lengths and names have been checked.
struct LaunchRequest {
  Cluster* cluster = nullptr;
  std::shared_ptr<const TaskDefinition> definition;
  std::string started_by;
  std::string group;
  boost::json::object overrides;
  boost::json::array tags;
};

struct LaunchFailure {
  std::string arn;  ///< Of the instance; empty when RunTask found none.
  std::string reason;
  std::string detail;
};

/// A started task as it stood when the call was answered. A late one is not in the world yet.
struct LaunchedTask {
  std::string arn;
  boost::json::object description;  ///< As in the `tasks` of the answer.
};

struct LaunchAnswer {
  std::vector<LaunchedTask> tasks;
  std::vector<LaunchFailure> failures;
};

class Launches {
 public:
  Launches(World& world, Lifecycle& lifecycle, Timers& timers);

  /// One task on each of `instances` (ids or ARNs, as the caller named them).
  LaunchAnswer start(const LaunchRequest& request, const std::vector<std::string>& instances);
  /// `count` tasks on the instances with the fewest tasks among those in `ec2_instance_ids` (all
  /// if empty); each on its own if `distinct_instances`. A `client_token` seen within a day gets
  /// the first answer again. Errors: ConflictException (token reused otherwise).
  struct Placement {
    std::size_t count = 1;
    std::vector<std::string> ec2_instance_ids;
    bool distinct_instances = false;
    std::string client_token;
    std::string fingerprint;  ///< The whole request as text: an equal token needs an equal one.
  };
  Outcome<LaunchAnswer> run(const LaunchRequest& request, const Placement& placement);
  void stop(Task& task, std::string reason);

 private:
  struct Reservation {
    LaunchAnswer answer;
    std::string fingerprint;
    TimePoint at;
  };
  std::optional<LaunchFailure> why_not(const Instance& instance, const TaskDefinition& definition);
  LaunchedTask launch(const LaunchRequest& request, Instance& instance);
  void forget_old_tokens();

  World& world_;
  Lifecycle& lifecycle_;
  Timers& timers_;
  std::map<std::string, Reservation> tokens_;
};

}  // namespace blox::simulator
