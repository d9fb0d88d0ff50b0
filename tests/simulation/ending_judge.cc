#include "simulation/ending_judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "simulation/own_numbers.h"
#include "simulation/seam_json.h"

namespace blox::simulation {
namespace {

// What the store of the cluster state holds is known to the scheduler: see RolloutJudge.
constexpr Duration kOnItsWay = std::chrono::seconds{12};

bool is_serving(const simulator::TaskState& state) {
  return state.is_running() && state.desired_status == TaskStatusKind::kRunning;
}

}  // namespace

std::string EndingJudge::revision_of(const simulator::Task& task) {
  return task.group + " " + task.definition->arn;
}

std::string EndingJudge::revision_of(const DeploymentRecord& deployment) {
  return deployment.group + " " + deployment.definition;
}

void EndingJudge::on_task(const simulator::Task& task, const simulator::TaskState*) {
  if (!simulator::is_blox_group(task.group)) return;
  const auto& state = task.present();
  const TimePoint now = world_.executor().now();
  auto& services = services_[{task.instance->arn, revision_of(task)}];
  const auto service = services.find(task.arn);
  if (is_serving(state)) {
    services.try_emplace(task.arn,
                         Service{.from = now, .has_check = has_health_check(*task.definition)});
  } else if (service != services.end() && service->second.ended == 0) {
    service->second.until = now;
    service->second.ended = state.version;
  }
}

void EndingJudge::on_instance(const simulator::Instance& instance,
                              const simulator::InstanceState*) {
  const auto& state = instance.present();
  if (state.status == InstanceStatusKind::kActive && state.agent_connected) {
    fit_.try_emplace(instance.arn, Fit{state.version, world_.executor().now()});
  } else {
    fit_.erase(instance.arn);
  }
}

void EndingJudge::on_record(const std::string& key, const std::string& value) {
  if (!key.starts_with(kDeploymentRecords)) return;
  const auto deployment = read_deployment(value);
  judge_named(deployment);
  if (deployment.status != "completed") return;
  if (completed_.insert(deployment.id).second) judge_completed(deployment);
}

// What it was stored for may be over.
void EndingJudge::on_held(const std::string& key, const std::string& value) {
  if (!key.starts_with(kDeploymentRecords)) return;
  const auto deployment = read_deployment(value);
  failed_[deployment.id] = deployment.failed;
  if (deployment.status == "completed") completed_.insert(deployment.id);
}

// Whom a deployment names it names until it serves: what it was named for may be over by then.
void EndingJudge::judge_named(const DeploymentRecord& deployment) {
  auto& before = failed_[deployment.id];
  for (const auto& arn : deployment.failed) {
    ++named_;
    if (before.contains(arn) || strikes_.may_have_failed(deployment, arn)) continue;
    // One such death loses its instance to it, and is no reason to go on without that one.
    if (deployment.status == "failed" && strikes_.has_died_early(deployment, arn)) continue;
    if (!broken_.empty()) continue;
    broken_ = fmt::format(
        "failed instances: {} is among those of {} ({}), and nothing failed there by {}", arn,
        deployment.id, deployment.status, format_time(world_.executor().wall_now()));
  }
  before = deployment.failed;
}

// Or whoever has not heard of its end may think so.
bool EndingJudge::has_run(const simulator::Instance& instance,
                          const DeploymentRecord& deployment) const {
  const TimePoint now = world_.executor().now();
  const auto found = services_.find({instance.arn, revision_of(deployment)});
  if (found == services_.end()) return false;
  return std::ranges::any_of(found->second, [&](const auto& entry) {
    const Service& service = entry.second;
    if (service.has_check && !health_.was_told_healthy(entry.first)) return false;
    if (std::min(now, service.until) - service.from >= kMinHealthy) return true;
    if (now - service.from < kMinHealthy) return false;
    const auto known = state_.find_task(entry.first);
    return !known || known->version < service.ended || now - known->at < kOnItsWay;
  });
}

// For a while, or the deployment has started a task there long after it became so.
bool EndingJudge::is_known_fit(const simulator::Instance& instance,
                               const DeploymentRecord& deployment) const {
  const auto fit = fit_.find(instance.arn);
  const auto known = state_.find_instance(instance.arn);
  if (fit == fit_.end() || !known || !known->live) return false;
  if (known->version < fit->second.version) return false;
  if (world_.executor().now() - known->at >= kOnItsWay) return true;
  const auto services = services_.find({instance.arn, revision_of(deployment)});
  return services != services_.end() &&
         std::ranges::any_of(services->second, [&](const auto& entry) {
           return entry.second.from >= fit->second.since + kOnItsWay;
         });
}

void EndingJudge::judge_completed(const DeploymentRecord& deployment) {
  for (const auto& [name, cluster] : world_.clusters()) {
    for (const auto& [id, instance] : cluster->instances) {
      if (!is_known_fit(*instance, deployment) || deployment.failed.contains(instance->arn))
        continue;
      if (has_run(*instance, deployment)) continue;
      if (!broken_.empty()) return;
      broken_ = fmt::format("completed: {} is, without {}, where it never ran well for {}",
                            deployment.id, instance->arn, format_duration(kMinHealthy));
    }
  }
}

void EndingJudge::note_coverage(Coverage& coverage) const {
  coverage.add("failed instances of deployments", named_);
  coverage.add("completed deployments", completed_.size());
}

}  // namespace blox::simulation
