#include "simulation/strikes.h"

#include <algorithm>

#include "simulation/health_words.h"
#include "simulation/own_numbers.h"
#include "simulation/seam_json.h"

namespace blox::simulation {
namespace {

constexpr std::string_view kOutcomes = "scheduler/outcomes/";
// What the store of the cluster state holds is known to the scheduler: see RolloutJudge.
constexpr Duration kOnItsWay = std::chrono::seconds{12};
// A task that is on its way, or not HEALTHY, for so long hangs, or is about to.
constexpr Duration kHangs = kWaitedFor - std::chrono::minutes{1};
// Times pass the seams in milliseconds.
constexpr Duration kRounded = std::chrono::milliseconds{10};

bool is_serving(const simulator::TaskState& state) {
  return state.is_running() && state.desired_status == TaskStatusKind::kRunning;
}

// Of "…/UID/ARN".
std::string task_of(const std::string& key) {
  return key.substr(std::min(key.find("arn:"), key.size()));
}

}  // namespace

void Strikes::on_task(const simulator::Task& task, const simulator::TaskState*) {
  if (!simulator::is_blox_group(task.group)) return;
  Fate& fate = fates_[{task.instance->arn, task.group}]
                   .try_emplace(task.arn, Fate{now(), judge_.is_ours(task), task.started_by,
                                               task.definition->arn})
                   .first->second;
  const auto& state = task.present();
  if (is_serving(state)) {
    if (!fate.served_from) fate.served_from = now();
  } else if (fate.served_from && !fate.served_until) {
    fate.served_until = now();
  }
  if (state.is_live() || fate.gone_at) return;
  fate.gone_at = now();
  if (!fate.is_ours || state.stop_code == "UserInitiated") return;
  const WallTime ended = state.stopped_at.value_or(world_.executor().wall_now());
  const Duration served = ended - state.started_at.value_or(ended);
  fate.failed = served <= kFailedStart + kRounded;
  fate.died_early = state.started_at && state.stop_code != "TerminationNotice" &&
                    served <= kEarlyDeath + kRounded;
  if (fate.died_early) died_early_[fate.deployment].insert(task.instance->arn);
}

void Strikes::on_stop_asked(const simulator::Task& task, std::string_view) {
  if (judge_.is_ours(task)) stopped_.insert({task.instance->arn, task.group});
}

// Its task may come late.
void Strikes::on_sent(const std::string& operation, const std::string& body) {
  if (operation != "StartTask") return;
  const auto request = parse_seam(body);
  for (const auto& instance : texts_of(request, "containerInstances")) {
    starters_[{instance, text_of(request, "group")}].insert(text_of(request, "startedBy"));
  }
}

// Whoever was told of a task knows of it before it shows.
void Strikes::note_started(const http::Answer& answer) {
  for (const auto& task : objects_of(parse_seam(answer.body), "tasks")) {
    fates_[{text_of(task, "containerInstanceArn"), text_of(task, "group")}].try_emplace(
        text_of(task, "taskArn"),
        Fate{now(), true, text_of(task, "startedBy"), text_of(task, "taskDefinitionArn")});
  }
}

// Of what was asked and not told nothing is known either.
void Strikes::on_answer(const std::string& operation, const std::string& body, TimePoint,
                        const Result<http::Answer>& answer) {
  if (operation == "StartTask" && answer && answer->status == 200) note_started(*answer);
  if (operation != "DescribeTasks") return;
  const auto healthy = answer ? healthy_of(*answer) : std::set<std::string>{};
  for (const auto& arn : texts_of(parse_seam(body), "tasks")) {
    if (healthy.contains(arn)) {
      unwell_from_.erase(arn);
    } else {
      unwell_from_.try_emplace(arn, now());
    }
  }
}

void Strikes::on_record(const std::string& key, const std::string& value) {
  if (key.starts_with(kOutcomes)) outcomes_.insert(task_of(key));
  if (!key.starts_with(kDeploymentRecords)) return;
  const auto deployment = read_deployment(value);
  owners_[deployment.id] = deployment.environment;
}

void Strikes::on_erased(const std::string& key) {
  if (key.starts_with(kOutcomes)) outcomes_.erase(task_of(key));
}

void Strikes::on_restore(const std::map<std::string, std::string>& records) {
  owners_.clear();
  outcomes_.clear();
  for (const auto& [key, value] : records) on_record(key, value);
}

std::set<std::string> Strikes::instances_of(const std::string& group) const {
  std::set<std::string> instances;
  for (const auto& [where, fates] : fates_) {
    if (where.second != group) continue;
    const auto known = state_.find_instance(where.first);
    const bool may_be_there = known && (known->live || now() - known->at < kOnItsWay);
    if (may_be_there || world_.find_instance(where.first) != nullptr) instances.insert(where.first);
  }
  return instances;
}

const Strikes::Fates& Strikes::fates_of(const std::string& instance,
                                        const std::string& group) const {
  static const Fates none;
  const auto found = fates_.find({instance, group});
  return found == fates_.end() ? none : found->second;
}

// That a task is gone. That it is not shown any more says nothing to whom an outcome names it: such
// a one has to ask.
bool Strikes::is_unheard(const std::string& task) const {
  const auto known = state_.find_task(task);
  if (known && (known->live || now() - known->at < kOnItsWay)) return true;
  return (!known || known->erased) && outcomes_.contains(task);
}

bool Strikes::may_have_failed(const DeploymentRecord& deployment,
                              const std::string& instance) const {
  if (world_.find_instance(instance) == nullptr) return true;  // Forgotten, with all that happened.
  const Fates& fates = fates_of(instance, deployment.group);
  return count_failed_starts(deployment, instance) >= kFailedStarts || has_hanging(fates) ||
         has_unclaimed(fates) || has_predecessors(deployment, instance) ||
         is_barred(deployment, instance) || is_held_up(deployment, instance);
}

bool Strikes::has_died_early(const DeploymentRecord& deployment,
                             const std::string& instance) const {
  return std::ranges::any_of(fates_of(instance, deployment.group), [&](const auto& entry) {
    return entry.second.died_early && entry.second.deployment == deployment.id;
  });
}

// An early death takes a place; all else loses one that a stop of ours has taken.
bool Strikes::may_be_lost(const DeploymentRecord& deployment, const std::string& instance) const {
  if (has_died_early(deployment, instance)) return true;
  if (hold_ups_.was_stop_refused(deployment.group, instance) ||
      hold_ups_.has_old_intent(deployment.environment, deployment.id, instance)) {
    return true;
  }
  return stopped_.contains({instance, deployment.group}) && may_have_failed(deployment, instance);
}

std::map<std::string, TimePoint> Strikes::unredeemed_deaths(const DeploymentRecord& deployment,
                                                            TimePoint from, TimePoint until) const {
  std::map<std::string, TimePoint> deaths;
  const auto found = died_early_.find(deployment.id);
  if (found == died_early_.end()) return deaths;
  for (const auto& instance : found->second) {
    const Fates& fates = fates_of(instance, deployment.group);
    for (const auto& [arn, fate] : fates) {
      if (!fate.died_early || fate.deployment != deployment.id) continue;
      if (*fate.gone_at <= from || *fate.gone_at > until || is_unheard(arn)) continue;
      if (!has_served_since(fates, *fate.gone_at)) deaths.emplace(instance, *fate.gone_at);
    }
  }
  return deaths;
}

bool Strikes::has_served_since(const Fates& fates, TimePoint since) const {
  return std::ranges::any_of(fates, [&](const auto& entry) {
    const Fate& fate = entry.second;
    if (!fate.served_from) return false;
    const TimePoint until = fate.served_until.value_or(now());
    return until > since && until - *fate.served_from >= kEarlyDeath - std::chrono::minutes{1};
  });
}

int Strikes::count_failed_starts(const DeploymentRecord& deployment,
                                 const std::string& instance) const {
  const auto failed = [&](const auto& entry) {
    return entry.second.failed && entry.second.deployment == deployment.id;
  };
  const auto deaths = std::ranges::count_if(fates_of(instance, deployment.group), failed);
  return static_cast<int>(deaths) + calls_.refusals_of(deployment.id, instance);
}

bool Strikes::has_unclaimed(const Fates& fates) const {
  return std::ranges::any_of(fates, [&](const auto& entry) {
    const Fate& fate = entry.second;
    return !fate.is_ours && (!fate.gone_at || is_unheard(entry.first));
  });
}

// What an environment of that name before this one has left there blocks the start.
bool Strikes::has_predecessors(const DeploymentRecord& deployment,
                               const std::string& instance) const {
  const auto found = starters_.find({instance, deployment.group});
  if (found == starters_.end()) return false;
  return std::ranges::any_of(found->second, [&](const std::string& starter) {
    const auto owner = owners_.find(starter);
    return owner == owners_.end() || owner->second != deployment.environment;
  });
}

// One refusal is enough where a task would have to be stopped for the next try.
bool Strikes::is_barred(const DeploymentRecord& deployment, const std::string& instance) const {
  if (calls_.refusals_of(deployment.id, instance) == 0) return false;
  return std::ranges::any_of(fates_of(instance, deployment.group), [&](const auto& entry) {
    const Fate& fate = entry.second;
    return fate.definition != deployment.definition && (!fate.gone_at || is_unheard(entry.first));
  });
}

bool Strikes::has_hanging(const Fates& fates) const {
  return std::ranges::any_of(fates,
                             [&](const auto& entry) { return hangs(entry.first, entry.second); });
}

// Or whoever knows what the scheduler does may think so.
bool Strikes::hangs(const std::string& arn, const Fate& fate) const {
  if (now() - fate.from < kHangs) return false;
  if (fate.gone_at) return is_unheard(arn);
  const auto* task = world_.find_task(arn);
  if (task == nullptr) return false;
  const auto& state = task->present();
  const auto known = state_.find_task(arn);
  // Whoever has not heard that it runs takes it for one that is still on its way.
  if (!known || known->version < state.version || now() - known->at < kOnItsWay) return true;
  if (!is_serving(state)) return now() - task->states.since() >= kHangs;
  const auto unwell = unwell_from_.find(arn);
  return has_health_check(*task->definition) && unwell != unwell_from_.end() &&
         now() - unwell->second >= kHangs;
}

bool Strikes::is_held_up(const DeploymentRecord& deployment, const std::string& instance) const {
  return hold_ups_.was_stop_refused(deployment.group, instance) ||
         hold_ups_.has_old_intent(deployment.environment, deployment.id, instance) ||
         hold_ups_.is_unserved(deployment.group, deployment.id, instance);
}

}  // namespace blox::simulation
