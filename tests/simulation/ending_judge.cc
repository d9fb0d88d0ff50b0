#include "simulation/ending_judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "simulation/own_numbers.h"
#include "simulation/seam_json.h"

namespace blox::simulation {
namespace {

// What the store of the cluster state holds is known to the scheduler: see RolloutJudge.
constexpr Duration kOnItsWay = std::chrono::seconds{12};
// A task that is on its way, or not HEALTHY, for so long hangs, or is about to.
constexpr Duration kHangs = std::chrono::minutes{9};

bool is_serving(const simulator::TaskState& state) {
  return state.is_running() && state.desired_status == TaskStatusKind::kRunning;
}

}  // namespace

std::string EndingJudge::revision_of(const simulator::Task& task) {
  return task.group + " " + task.definition->arn;
}

std::string EndingJudge::revision_of(const Deployment& deployment) {
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
  if (!state.is_live()) gone_[task.instance->arn].try_emplace(task.arn, now);
  const bool ended = state.desired_status == TaskStatusKind::kStopped || !state.is_live();
  if (!judge_.is_ours(task) || (ended && state.stop_code != "UserInitiated")) {
    struck_.insert(task.instance->arn);
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

// Its task may come late.
void EndingJudge::on_sent(const std::string& operation, const std::string& body) {
  if (operation != "StartTask") return;
  const auto request = parse_seam(body);
  for (const auto& instance : texts_of(request, "containerInstances")) {
    starters_[{instance, text_of(request, "group")}].insert(text_of(request, "startedBy"));
  }
}

// Of what was asked and not told nothing is known either.
void EndingJudge::on_answer(const std::string& operation, const std::string& body, TimePoint,
                            const Result<http::Answer>& answer) {
  if (operation != "DescribeTasks") return;
  std::set<std::string> healthy;
  if (answer && answer->status == 200) {
    for (const auto& task : objects_of(parse_seam(answer->body), "tasks")) {
      if (text_of(task, "healthStatus") == "HEALTHY") healthy.insert(text_of(task, "taskArn"));
    }
  }
  for (const auto& arn : texts_of(parse_seam(body), "tasks")) {
    if (healthy.contains(arn)) {
      unwell_from_.erase(arn);
    } else {
      unwell_from_.try_emplace(arn, world_.executor().now());
    }
  }
}

void EndingJudge::on_record(const std::string& key, const std::string& value) {
  if (!key.starts_with("scheduler/deployments/")) return;
  const auto record = parse_seam(value);
  Deployment deployment{text_of(record, "id"),
                        text_of(record, "environment"),
                        "blox:" + text_of(record, "environmentName"),
                        text_of(record, "taskDefinition"),
                        text_of(record, "status"),
                        {}};
  for (auto& arn : texts_of(record, "failedInstances")) deployment.failed.insert(std::move(arn));
  owners_[deployment.id] = deployment.environment;
  judge_named(deployment);
  if (deployment.status != "completed") return;
  if (completed_.insert(deployment.id).second) judge_completed(deployment);
}

// Whom a deployment names it names until it serves: what it was named for may be over by then.
void EndingJudge::judge_named(const Deployment& deployment) {
  auto& before = failed_[deployment.id];
  for (const auto& arn : deployment.failed) {
    ++named_;
    if (before.contains(arn) || is_struck(arn) || has_foreign(deployment, arn)) continue;
    if (calls_.was_refused(deployment.id, arn) || is_held_up(deployment, arn)) continue;
    if (!broken_.empty()) continue;
    broken_ = fmt::format(
        "failed instances: {} is among those of {} ({}), and nothing failed there by {}", arn,
        deployment.id, deployment.status, format_time(world_.executor().wall_now()));
  }
  before = deployment.failed;
}

bool EndingJudge::is_held_up(const Deployment& deployment, const std::string& arn) const {
  return hold_ups_.was_stop_refused(arn) ||
         hold_ups_.has_old_intent(deployment.environment, deployment.id, arn) ||
         hold_ups_.is_unserved(deployment.group, deployment.id, arn);
}

// What an environment of that name before this one has left there blocks the start.
bool EndingJudge::has_foreign(const Deployment& deployment, const std::string& arn) const {
  const auto found = starters_.find({arn, deployment.group});
  if (found == starters_.end()) return false;
  return std::ranges::any_of(found->second, [&](const std::string& starter) {
    const auto owner = owners_.find(starter);
    return owner == owners_.end() || owner->second != deployment.environment;
  });
}

bool EndingJudge::is_struck(const std::string& arn) const {
  if (struck_.contains(arn) || has_ghost(arn)) return true;
  const auto* instance = world_.find_instance(arn);
  if (instance == nullptr) return true;  // Forgotten, with all that happened there.
  return std::ranges::any_of(instance->tasks,
                             [&](const auto& entry) { return hangs(*entry.second); });
}

// A task that is gone, maybe from ECS's memory as well, and whose end was not heard of: it is taken
// for one that does not come to its end.
bool EndingJudge::has_ghost(const std::string& arn) const {
  const auto gone = gone_.find(arn);
  const TimePoint now = world_.executor().now();
  return gone != gone_.end() && std::ranges::any_of(gone->second, [&](const auto& entry) {
           const auto known = state_.find_task(entry.first);
           const bool unheard = known && (known->live || now - known->at < kOnItsWay);
           return unheard && now - entry.second >= kHangs;
         });
}

// Or whoever knows what the scheduler does may think so.
bool EndingJudge::hangs(const simulator::Task& task) const {
  const auto& state = task.present();
  const auto known = state_.find_task(task.arn);
  const TimePoint now = world_.executor().now();
  if (!state.is_live()) return false;
  // Whoever has not heard that it runs takes it for one that is still on its way.
  if (!known || known->version < state.version || now - known->at < kOnItsWay) return true;
  if (!is_serving(state)) return now - task.states.since() >= kHangs;
  const auto unwell = unwell_from_.find(task.arn);
  return has_health_check(*task.definition) && unwell != unwell_from_.end() &&
         now - unwell->second >= kHangs;
}

// Or whoever has not heard of its end may think so.
bool EndingJudge::has_run(const simulator::Instance& instance, const Deployment& deployment) const {
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
                               const Deployment& deployment) const {
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

void EndingJudge::judge_completed(const Deployment& deployment) {
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
