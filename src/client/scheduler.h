// Scheduler: a typed client of the daemon-scheduler's HTTP API, for the command line and for users
// who build on it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/result.h"
#include "base/time.h"
#include "codec/scheduler_objects.h"
#include "http/transport.h"

namespace blox::client {

using Environment = codec::EnvironmentObject;
using Deployment = codec::DeploymentObject;
using EnvironmentRequest = codec::EnvironmentRequest;
using InstanceStatusList = codec::InstanceStatusList;
using AdoptionList = codec::AdoptionList;

struct SchedulerOptions {
  std::string base_url = "http://127.0.0.1:2000";  ///< Without a path.
  Duration deadline = std::chrono::seconds{30};    ///< For one call.
  std::size_t answer_bytes_max = 64 << 20;
};

/// Sends every call once. The message of an error is what the service said, or why it could not be
/// asked. Errors of all: kInvalid (refused), kNotFound, kConflict, kUnavailable (not reached, or
/// not ready; nothing was done), kUnknown (of writes: it may have been done), kInternal (the answer
/// is of no use). Threading: the executor's thread. Requires: transport outlives it and its calls.
class Scheduler {
 public:
  Scheduler(http::Transport& transport, SchedulerOptions options);

  /// By name, all pages. `cluster` is a name, an ARN, or empty for all.
  Async<Result<std::vector<Environment>>> list_environments(std::string cluster);
  Async<Result<Environment>> get_environment(std::string name);
  Async<Result<Environment>> create_environment(EnvironmentRequest request);
  Async<Result<Environment>> patch_environment(std::string name, EnvironmentRequest request);
  Async<Status> delete_environment(std::string name, bool terminate_tasks);
  /// What each instance of the environment does or waits for.
  Async<Result<InstanceStatusList>> list_instances(std::string name);

  /// Makes unclaimed tasks of its group the environment's own, or says what it would do.
  Async<Result<AdoptionList>> adopt(std::string name, bool dry_run);

  Async<Result<Deployment>> create_deployment(std::string environment, std::string token,
                                              bool supersede);
  /// Newest first, all pages.
  Async<Result<std::vector<Deployment>>> list_deployments(std::string environment);
  Async<Result<Deployment>> get_deployment(std::string environment, std::string id);

 private:
  Async<Result<std::string>> call(std::string method, std::string target, std::string body);

  http::Transport& transport_;
  SchedulerOptions options_;
};

}  // namespace blox::client
