// Operations: what users may do with environments and deployments. The API calls them; the rounds
// then act on the records.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/executor.h"
#include "base/random.h"
#include "base/result.h"
#include "scheduler/environments/adoption.h"
#include "scheduler/environments/records.h"
#include "scheduler/environments/repository.h"
#include "scheduler/environments/status_board.h"

namespace blox::scheduler {

/// What has to be asked of ECS before an environment is accepted. Each finds nothing when the
/// thing is missing or INACTIVE. Errors: those of EcsQuery; a deadline is within.
class Directory {
 public:
  virtual ~Directory() = default;
  /// By name or ARN.
  virtual Async<Result<std::optional<ClusterArn>>> find_cluster(std::string cluster) = 0;
  /// By `family`, `family:revision` or ARN.
  virtual Async<Result<std::optional<TaskDefinitionArn>>> find_task_definition(
      std::string task_definition) = 0;
};

/// Fields as users write them; what is not set keeps its default.
struct NewEnvironment {
  std::string name;
  std::string cluster;                         ///< Name or ARN.
  std::string task_definition;                 ///< `family`, `family:revision` or ARN.
  std::optional<std::string> max_unavailable;  ///< "1", "10%".
  std::optional<std::string> drain_deadline;   ///< "15m".
  std::optional<std::string> min_healthy;      ///< "10s".
};

/// What is not set stays as it is. Requires: at least one field is set.
struct EnvironmentPatch {
  std::optional<std::string> task_definition;
  std::optional<std::string> max_unavailable;
  std::optional<std::string> drain_deadline;
  std::optional<std::string> min_healthy;
};

struct NewDeployment {
  std::string token;       ///< The environment's current one.
  bool supersede = false;  ///< Replaces a deployment in progress instead of failing.
};

/// A page of a list. All in one page when `results_max` is not set.
struct PageRequest {
  std::optional<std::string> results_max;  ///< As written by the user: 1 to 10000.
  std::string next_token;                  ///< From the page before; empty: the first.
};

template <class Record>
struct RecordPage {
  std::vector<Record> items;
  std::string next_token;  ///< Empty: this was the last page.
};

/// The message of an error is a whole sentence for the user, in the words of v0.3 where it fixed
/// them. Errors of all: kInvalid (refused, naming field, value and what is allowed), kNotFound,
/// kConflict (others kept changing the record), kThrottled (no call of ECS is free for it now),
/// kUnavailable (store or ECS), kUnknown, kInternal.
/// Each is one commit, adopting aside: a caller that goes away leaves it done or not done.
/// Threading: the executor's thread. Requires: all arguments outlive it.
class Operations {
 public:
  Operations(Executor& executor, Random& random, Repository& repository, Directory& directory);

  /// False until the records are read: nothing below may be called before.
  bool is_ready() const { return repository_.is_loaded(); }

  /// Errors besides: kInvalid (the name is taken), kNotFound (cluster or task definition).
  Async<Result<Environment>> create_environment(NewEnvironment asked);
  Result<Environment> get_environment(const std::string& name) const;
  /// By name in byte order. `cluster` is a name, an ARN, or empty for all.
  Result<RecordPage<Environment>> list_environments(const std::string& cluster,
                                                    const PageRequest& page) const;
  /// Makes a new deployment token. Changes no instance until the environment is deployed.
  Async<Result<Environment>> patch_environment(std::string name, EnvironmentPatch patch);
  /// Hides the environment and leaves the rest to the rounds. One that is missing is no error.
  Async<Status> delete_environment(std::string name, bool terminate_tasks);

  /// Makes unclaimed tasks of its group the environment's own, durably: who started them gets a
  /// record of a deployment that was superseded. `dry_run` says what would be done and does
  /// nothing. In as many commits as needed: one that failed half-way leaves what it has adopted,
  /// and is to be repeated. Errors besides: none of its own. Source: docs/decisions/0016.
  Async<Result<std::vector<Adoption>>> adopt(std::string environment,
                                             std::vector<UnclaimedLine> tasks, bool dry_run);

  /// Errors besides: kInvalid (token outdated or used, or a deployment is in progress).
  Async<Result<Deployment>> create_deployment(std::string environment, NewDeployment asked);
  Result<Deployment> get_deployment(const std::string& environment, const std::string& id) const;
  /// Newest first.
  Result<RecordPage<Deployment>> list_deployments(const std::string& environment,
                                                  const PageRequest& page) const;

 private:
  struct Decision {  // What one commit of a new deployment writes.
    Environment environment;
    Deployment deployment;
    std::vector<Deployment> superseded;
  };
  Result<Decision> decide_deployment(const Environment& environment,
                                     const NewDeployment& asked) const;
  Async<Result<ClusterArn>> check_cluster(std::string cluster);
  Async<Result<TaskDefinitionArn>> check_task_definition(std::string task_definition);
  std::vector<const Deployment*> deployments_of(const EnvironmentUid& uid) const;

  Executor& executor_;
  Random& random_;
  Repository& repository_;
  Directory& directory_;
};

}  // namespace blox::scheduler
