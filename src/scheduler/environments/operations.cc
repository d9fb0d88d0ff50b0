#include "scheduler/environments/operations.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/text.h"
#include "scheduler/environments/paging.h"
#include "scheduler/environments/validation.h"

namespace blox::scheduler {
namespace {

// How often an operation is decided anew when others change its records in between.
constexpr int kDecideCountMax = 5;
// Records that an adoption stores with one commit, which holds that of the environment as well.
constexpr std::size_t kAdoptedPerCommit = 50;

std::unexpected<Error> fail_missing_environment(const std::string& name) {
  return fail(ErrorKind::kNotFound, "Environment " + name + " does not exist");
}

std::unexpected<Error> fail_taken_name(const std::string& name) {
  return fail(ErrorKind::kInvalid, "An environment with name " + name + " already exists");
}

// What is left when all decisions were overtaken.
std::unexpected<Error> fail_contended(const std::string& name) {
  return fail(ErrorKind::kConflict,
              "Environment " + name + " is being changed by others; nothing was done, try again");
}

// True when the decision has to be made again from the records as they are now.
bool must_decide_again(const Status& written) {
  return !written && written.error().kind == ErrorKind::kConflict;
}

std::unexpected<Error> fail_unasked(const std::string& what, const Error& error) {
  if (error.kind == ErrorKind::kInvalid) return fail(ErrorKind::kInvalid, error.message);
  const bool throttled = error.kind == ErrorKind::kThrottled;
  return fail(throttled ? ErrorKind::kThrottled : ErrorKind::kUnavailable,
              "ECS cannot be asked for the " + what + ", nothing was done: " + error.message);
}

Status check_cluster_text(const std::string& text) {
  if (is_cluster_name(text) || parse_cluster_arn(text)) return done();
  return fail(ErrorKind::kInvalid, "instanceGroup.cluster is " + quote(text) +
                                       "; allowed is the name or the ARN of a cluster");
}

Status check_task_definition_text(const std::string& text) {
  if (!text.empty() && text.size() <= 1'024) return done();
  return fail(ErrorKind::kInvalid, "taskDefinition is " + quote(text) +
                                       "; allowed is a family, family:revision or an ARN");
}

// Sorts as time and then id do; the order of keys is the order of the list.
std::string newest_first_key(const Deployment& deployment) {
  const auto count = static_cast<std::uint64_t>(deployment.created_at.time_since_epoch().count());
  const std::string digits = std::to_string(~count);  // All 20 digits long in our centuries.
  return std::string(20 - digits.size(), '0') + digits + deployment.id.value;
}

bool is_in_progress(const Deployment& deployment) {
  return deployment.status == DeploymentStatus::kPending ||
         deployment.status == DeploymentStatus::kRunning;
}

std::string to_lower(std::string text) {
  for (char& letter : text) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return text;
}

Result<Environment> apply_patch(Environment environment, const EnvironmentPatch& patch) {
  if (patch.max_unavailable) {
    const auto parsed = parse_max_unavailable(*patch.max_unavailable);
    if (!parsed) return std::unexpected(parsed.error());
    environment.rollout.max_unavailable = *parsed;
  }
  if (patch.drain_deadline) {
    const auto parsed = parse_drain_deadline(*patch.drain_deadline);
    if (!parsed) return std::unexpected(parsed.error());
    environment.rollout.drain_deadline = *parsed;
  }
  if (patch.min_healthy) {
    const auto parsed = parse_min_healthy(*patch.min_healthy);
    if (!parsed) return std::unexpected(parsed.error());
    environment.rollout.min_healthy = *parsed;
  }
  return environment;
}

}  // namespace

Operations::Operations(Executor& executor, Random& random, Repository& repository,
                       Directory& directory)
    : executor_(executor), random_(random), repository_(repository), directory_(directory) {}

Async<Result<ClusterArn>> Operations::check_cluster(std::string cluster) {
  const auto found = co_await directory_.find_cluster(cluster);
  if (!found) co_return fail_unasked("cluster '" + cluster + "'", found.error());
  if (!*found) {
    co_return fail(ErrorKind::kNotFound, "Cluster " + cluster + " does not exist or is INACTIVE");
  }
  co_return **found;
}

Async<Result<TaskDefinitionArn>> Operations::check_task_definition(std::string task_definition) {
  const auto valid = check_task_definition_text(task_definition);
  if (!valid) co_return std::unexpected(valid.error());
  const auto found = co_await directory_.find_task_definition(task_definition);
  if (!found) co_return fail_unasked("task definition '" + task_definition + "'", found.error());
  if (!*found) {
    co_return fail(ErrorKind::kNotFound,
                   "Task definition " + task_definition + " does not exist or is INACTIVE");
  }
  co_return **found;
}

Async<Result<Environment>> Operations::create_environment(NewEnvironment asked) {
  const auto name = parse_environment_name(asked.name);
  if (!name) co_return std::unexpected(name.error());
  const auto valid = check_cluster_text(asked.cluster);
  if (!valid) co_return std::unexpected(valid.error());
  const auto valid_definition = check_task_definition_text(asked.task_definition);
  if (!valid_definition) co_return std::unexpected(valid_definition.error());
  const EnvironmentPatch options{std::nullopt, asked.max_unavailable, asked.drain_deadline,
                                 asked.min_healthy};
  auto created = apply_patch(Environment{}, options);
  if (!created) co_return created;
  if (repository_.find_environment(*name)) co_return fail_taken_name(asked.name);
  auto cluster = co_await check_cluster(asked.cluster);
  if (!cluster) co_return std::unexpected(cluster.error());
  auto task_definition = co_await check_task_definition(asked.task_definition);
  if (!task_definition) co_return std::unexpected(task_definition.error());

  created->uid = EnvironmentUid{random_.uuid()};
  created->name = *name;
  created->cluster = std::move(*cluster);
  created->task_definition = std::move(*task_definition);
  created->deployment_token = random_.uuid();
  created->created_at = executor_.wall_now();
  for (int count = 0; count < kDecideCountMax; ++count) {
    if (repository_.find_environment(*name)) co_return fail_taken_name(asked.name);
    std::vector<Environment> environments{*created};
    const auto written = co_await repository_.put(std::move(environments), {});
    if (written) co_return created;
    if (!must_decide_again(written)) co_return std::unexpected(written.error());
  }
  co_return fail_contended(asked.name);
}

Result<Environment> Operations::get_environment(const std::string& name) const {
  const auto* found = repository_.find_environment(EnvironmentName{name});
  if (!found) return fail_missing_environment(name);
  return *found;
}

Result<RecordPage<Environment>> Operations::list_environments(const std::string& cluster,
                                                              const PageRequest& page) const {
  const bool by_name = is_cluster_name(cluster);
  if (!cluster.empty() && !by_name && !parse_cluster_arn(cluster)) {
    return fail(ErrorKind::kInvalid, "Invalid cluster ARN or name");
  }
  std::vector<const Environment*> found;
  for (const auto& [uid, environment] : repository_.records().environments) {
    const auto& text =
        by_name ? cluster_name(environment.cluster) : std::string_view{environment.cluster.value};
    if (!environment.deleting && (cluster.empty() || text == cluster)) {
      found.push_back(&environment);
    }
  }
  const auto key_of = [](const Environment& environment) { return environment.name.value; };
  std::ranges::sort(found, {}, [&](const Environment* each) { return key_of(*each); });
  return cut_page(found, page, key_of);
}

Async<Result<Environment>> Operations::patch_environment(std::string name, EnvironmentPatch patch) {
  auto known = get_environment(name);
  if (!known) co_return known;
  auto valid = apply_patch(*known, patch);
  if (!valid) co_return valid;
  std::optional<TaskDefinitionArn> task_definition;
  if (patch.task_definition) {
    auto checked = co_await check_task_definition(*patch.task_definition);
    if (!checked) co_return std::unexpected(checked.error());
    task_definition = std::move(*checked);
  }
  for (int count = 0; count < kDecideCountMax; ++count) {
    auto current = get_environment(name);
    if (!current) co_return current;
    auto patched = apply_patch(std::move(*current), patch);
    if (!patched) co_return patched;
    if (task_definition) patched->task_definition = *task_definition;
    patched->deployment_token = random_.uuid();
    patched->token_used = false;
    std::vector<Environment> environments{*patched};
    const auto written = co_await repository_.put(std::move(environments), {});
    if (written) co_return patched;
    if (!must_decide_again(written)) co_return std::unexpected(written.error());
  }
  co_return fail_contended(name);
}

Async<Status> Operations::delete_environment(std::string name, bool terminate_tasks) {
  for (int count = 0; count < kDecideCountMax; ++count) {
    const auto* found = repository_.find_environment(EnvironmentName{name});
    if (!found) co_return done();
    Environment deleting = *found;
    deleting.deleting = true;
    deleting.terminate_tasks = terminate_tasks;
    std::vector<Environment> environments{std::move(deleting)};
    const auto written = co_await repository_.put(std::move(environments), {});
    if (!must_decide_again(written)) co_return written;
  }
  co_return fail_contended(name);
}

std::vector<const Deployment*> Operations::deployments_of(const EnvironmentUid& uid) const {
  std::vector<const Deployment*> found;
  for (const auto& [id, deployment] : repository_.records().deployments) {
    if (deployment.environment == uid) found.push_back(&deployment);
  }
  std::ranges::sort(found, {}, [](const Deployment* each) { return newest_first_key(*each); });
  return found;
}

Result<Operations::Decision> Operations::decide_deployment(const Environment& environment,
                                                           const NewDeployment& asked) const {
  const std::string& name = environment.name.value;
  if (to_lower(asked.token) != environment.deployment_token) {
    return fail(ErrorKind::kInvalid, "Deployment token " + asked.token +
                                         " is outdated; the one of environment " + name + " is " +
                                         environment.deployment_token);
  }
  if (environment.token_used) {
    return fail(ErrorKind::kInvalid, "Deployment token " + asked.token +
                                         " was used before; a change of environment " + name +
                                         " makes a new one");
  }
  const auto earlier = deployments_of(environment.uid);
  Decision decision;
  decision.deployment.id = DeploymentId{random_.uuid()};
  decision.deployment.environment = environment.uid;
  decision.deployment.environment_name = environment.name;
  decision.deployment.task_definition = environment.task_definition;
  decision.deployment.rollout = environment.rollout;
  decision.deployment.created_at = executor_.wall_now();
  if (!earlier.empty()) {
    // Their order must not depend on a clock that stands still or is set back.
    decision.deployment.created_at = std::max(
        decision.deployment.created_at, earlier.front()->created_at + std::chrono::milliseconds{1});
  }
  for (const auto* deployment : earlier) {
    if (!is_in_progress(*deployment)) continue;
    if (!asked.supersede) {
      return fail(ErrorKind::kInvalid, "Deployment " + deployment->id.value + " of environment " +
                                           name + " is in progress; supersede=true replaces it");
    }
    decision.superseded.push_back(*deployment);
    decision.superseded.back().status = DeploymentStatus::kSuperseded;
    decision.superseded.back().ended_at = decision.deployment.created_at;
  }
  decision.environment = environment;
  decision.environment.token_used = true;
  decision.environment.deployment = decision.deployment.id;
  return decision;
}

Async<Result<Deployment>> Operations::create_deployment(std::string environment,
                                                        NewDeployment asked) {
  for (int count = 0; count < kDecideCountMax; ++count) {
    const auto current = get_environment(environment);
    if (!current) co_return std::unexpected(current.error());
    auto decision = decide_deployment(*current, asked);
    if (!decision) co_return std::unexpected(decision.error());
    std::vector<Environment> environments{decision->environment};
    std::vector<Deployment> deployments = std::move(decision->superseded);
    deployments.push_back(decision->deployment);
    const auto written = co_await repository_.put(std::move(environments), std::move(deployments));
    if (written) co_return std::move(decision->deployment);
    if (!must_decide_again(written)) co_return std::unexpected(written.error());
  }
  co_return fail_contended(environment);
}

// Others change the records between two commits, so each of them is decided anew.
Async<Result<std::vector<Adoption>>> Operations::adopt(std::string environment,
                                                       std::vector<UnclaimedLine> tasks,
                                                       bool dry_run) {
  std::optional<EnvironmentUid> uid;  // Its name may come to be that of another one.
  std::set<DeploymentId> adopted;
  int overtaken_count = 0;
  while (overtaken_count < kDecideCountMax) {
    const auto current = get_environment(environment);
    if (!current) co_return std::unexpected(current.error());
    if (uid.value_or(current->uid) != current->uid) co_return fail_missing_environment(environment);
    uid = current->uid;
    auto decision =
        decide_adoption(repository_.records(), *current, tasks, adopted, executor_.wall_now());
    if (dry_run || decision.deployments.empty()) co_return std::move(decision.adoptions);
    auto& deployments = decision.deployments;
    deployments.resize(std::min(deployments.size(), kAdoptedPerCommit));
    std::set<DeploymentId> written_ids;
    for (const auto& deployment : deployments) written_ids.insert(deployment.id);
    std::vector<Environment> environments{*current};
    const auto written = co_await repository_.put(std::move(environments), std::move(deployments));
    if (written) {
      adopted.merge(written_ids);
      overtaken_count = 0;
    } else if (must_decide_again(written)) {
      ++overtaken_count;
    } else {
      co_return std::unexpected(written.error());
    }
  }
  co_return fail(ErrorKind::kConflict, "Environment " + environment +
                                           " is being changed by others; what was adopted stays "
                                           "so, try again for the rest");
}

Result<Deployment> Operations::get_deployment(const std::string& environment,
                                              const std::string& id) const {
  const auto owner = get_environment(environment);
  if (!owner) return std::unexpected(owner.error());
  const auto& deployments = repository_.records().deployments;
  const auto found = deployments.find(DeploymentId{id});
  if (found == deployments.end() || found->second.environment != owner->uid) {
    return fail(ErrorKind::kNotFound,
                "Deployment " + id + " does not exist for environment " + environment);
  }
  return found->second;
}

Result<RecordPage<Deployment>> Operations::list_deployments(const std::string& environment,
                                                            const PageRequest& page) const {
  const auto owner = get_environment(environment);
  if (!owner) return std::unexpected(owner.error());
  return cut_page(deployments_of(owner->uid), page, &newest_first_key);
}

}  // namespace blox::scheduler
