// DemoWorld: the simulated data centre of the demo: calls to ECS as a user would make them, and
// what happens to machines, by the simulator's control API.
#pragma once

#include <string>
#include <vector>

#include "base/async.h"
#include "base/result.h"
#include "http/transport.h"

namespace blox::apps {

/// One instance as it truly is, whatever anyone believes.
struct TrueInstance {
  std::string arn;
  std::string status;
  bool agent_connected = false;
  std::vector<std::string> daemon_tasks;  ///< Task definition of each live task of the group.
  std::vector<std::string> daemon_arns;   ///< The same tasks' ARNs.
  int running_daemons = 0;                ///< Those that are RUNNING.
};

/// What the simulator itself recorded.
struct Truth {
  std::vector<TrueInstance> instances;
  int doubled = 0;        ///< Instances that ever had two live tasks of one environment.
  int bad_starts = 0;     ///< Starts on instances that were not ACTIVE and connected.
  int foreign_stops = 0;  ///< Stops of tasks that are nobody's daemon.
};

/// Errors of all: those of Transport, and kInternal with the simulator's sentence.
/// Threading: the executor's thread. Requires: transport outlives it.
class DemoWorld {
 public:
  DemoWorld(http::Transport& transport, std::string address)
      : transport_(transport), base_url_("http://" + std::move(address)) {}

  Async<Status> create_cluster(std::string name);
  /// One container of that image; a new revision at each call. Shape: its ARN.
  Async<Result<std::string>> register_task_definition(std::string family, std::string image);
  /// Shape: the new instances' ARNs.
  Async<Result<std::vector<std::string>>> join(std::string cluster, int count);
  /// Starts a task that is not a daemon, as a service would. Shape: its ARN.
  Async<Result<std::string>> start_foreign_task(std::string cluster, std::string definition,
                                                std::string instance);
  /// The task's process ends by itself.
  Async<Status> end_task(std::string task, int exit_code, std::string reason);
  /// DRAINING, as UpdateContainerInstancesState does it.
  Async<Status> drain(std::string cluster, std::string instance);
  /// From here on each task of that revision ("family:revision") ends by itself so long after it
  /// begins to run.
  Async<Status> limit_life(std::string revision, Duration life);
  Async<Result<Truth>> look(std::string cluster, std::string group);

 private:
  Async<Result<std::string>> call(std::string operation, std::string body);
  Async<Result<std::string>> control(std::string method, std::string path, std::string body);

  http::Transport& transport_;
  std::string base_url_;
};

}  // namespace blox::apps
