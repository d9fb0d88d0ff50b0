#include "simulation/budget_judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "simulation/own_numbers.h"
#include "simulator/foreign_tasks.h"

namespace blox::simulation {
namespace {

bool is_serving(const simulator::TaskState* state) {
  return state != nullptr && state->is_running() &&
         state->desired_status == TaskStatusKind::kRunning;
}

}  // namespace

// Of what an earlier deployment runs its time is enough.
void BudgetJudge::note_deployment() {
  newest_.clear();
  wanted_.clear();
  for (auto& [instance, place] : places_) place.needs_health = false;
  std::erase_if(places_, [](const auto& entry) { return !entry.second.died_of.empty(); });
}

void BudgetJudge::on_task(const simulator::Task& task, const simulator::TaskState* before) {
  if (task.group != budget_.group) return;
  const simulator::TaskState& now = task.present();
  if (!judge_.is_ours(task)) {
    if (now.is_live()) give_back(task.instance->arn);
    return;
  }
  if (before == nullptr && task.started_by != newest_) {
    note_deployment();
    newest_ = task.started_by;
    if (deployments_.insert(newest_).second) wanted_ = newest_;
  }
  const std::string& instance = task.instance->arn;
  if (is_serving(&now) && !is_serving(before)) {
    ++serving_[instance];
    note_start(task);
  } else if (!is_serving(&now) && is_serving(before)) {
    if (--serving_[instance] == 0) note_end(task, now);
  }
}

// Nothing may be started beside a task of others, which says nothing of what is rolled out. An
// early death does.
void BudgetJudge::give_back(const std::string& instance) {
  const auto place = places_.find(instance);
  if (place != places_.end() && place->second.died_of.empty()) places_.erase(place);
}

bool BudgetJudge::has_served(const Place& place) const {
  return place.serving_since && world_.executor().now() - *place.serving_since >= place.needs;
}

bool BudgetJudge::is_proven(const Place& place) const {
  return has_served(place) && (!place.needs_health || health_.was_told_healthy(place.task));
}

void BudgetJudge::note_start(const simulator::Task& task) {
  const auto found = places_.find(task.instance->arn);
  if (found == places_.end()) return;
  Place& place = found->second;
  place.serving_since = world_.executor().now();
  place.task = task.arn;
  place.needs_health = task.started_by == wanted_ && has_health_check(*task.definition);
}

// The last one that served there serves no more.
void BudgetJudge::note_end(const simulator::Task& task, const simulator::TaskState& state) {
  const TimePoint now = world_.executor().now();
  const std::string& instance = task.instance->arn;
  const bool active = task.instance->present().status == InstanceStatusKind::kActive;
  const bool by_stop = state.stop_code == "UserInitiated";
  const bool drained = drained_.contains(instance) &&
                       now - drained_.at(instance) <= budget_.belief_age + std::chrono::minutes{2};
  const auto served = world_.executor().wall_now() - state.started_at.value_or(WallTime{});
  const bool early =
      budget_.deaths_stay && !by_stop && task.started_by == newest_ && served < kEarlyDeath;
  auto place = places_.find(instance);
  if (place != places_.end()) {
    // Of one that was never well, and ended by itself, its death is what counts from then on.
    const bool over = is_proven(place->second) || (has_served(place->second) && !by_stop);
    place->second.serving_since.reset();
    if (over) {
      places_.erase(place);
      place = places_.end();
    }
  }
  if (!active || drained || (!by_stop && !early)) return;
  if (place == places_.end()) place = places_.emplace(instance, Place{now}).first;
  place->second.needs = std::max(place->second.needs, early ? kEarlyDeath : kMinHealthy);
  if (early) place->second.died_of = task.started_by;
}

void BudgetJudge::on_instance(const simulator::Instance& instance,
                              const simulator::InstanceState* before) {
  const simulator::InstanceState& now = instance.present();
  if (now.status == InstanceStatusKind::kDraining ||
      (before != nullptr && before->status == InstanceStatusKind::kDraining)) {
    drained_[instance.arn] = world_.executor().now();
  }
  const TimePoint time = world_.executor().now();
  if (!now.agent_connected) away_.try_emplace(instance.arn, time);
  // Whose agent was away for long may have been given up; who leaves has nothing to come back to.
  bool over = now.status != InstanceStatusKind::kActive;
  const auto away = away_.find(instance.arn);
  if (now.agent_connected && away != away_.end()) {
    over = over || time - away->second + budget_.belief_age >= simulator::kUnreachableRelease;
    away_.erase(away);
  }
  if (over) places_.erase(instance.arn);
}

std::size_t BudgetJudge::count_known_but(const std::string& instance) {
  const TimePoint now = world_.executor().now();
  std::erase_if(places_, [&](const auto& entry) {
    const Place& place = entry.second;
    const auto* where = world_.find_instance(entry.first);
    // A task of others may have been there before ours was stopped.
    if (place.died_of.empty() && where != nullptr &&
        simulator::has_foreign_task(judge_, *where, budget_.group)) {
      return true;
    }
    return is_proven(place);
  });
  return static_cast<std::size_t>(std::ranges::count_if(places_, [&](const auto& entry) {
    return entry.first != instance && now - entry.second.since >= budget_.belief_age &&
           !away_.contains(entry.first);
  }));
}

void BudgetJudge::on_stop_asked(const simulator::Task& task, std::string_view reason) {
  if (task.group != budget_.group || !judge_.is_ours(task)) return;
  if (!asked_.insert(task.arn).second) return;  // Decided before, and asked for again.
  const std::string& instance = task.instance->arn;
  const TimePoint now = world_.executor().now();
  const bool drained =
      task.instance->present().status == InstanceStatusKind::kDraining ||
      (drained_.contains(instance) &&
       now - drained_.at(instance) <= budget_.belief_age + std::chrono::minutes{2});
  if (drained || !is_serving(&task.present()) || serving_[instance] != 1) return;
  // One that holds a place already takes no other, whatever ends there.
  const std::size_t known = count_known_but(instance);
  known_max_ = std::max(known_max_, known);
  const std::size_t places = budget_.places(eligible_.most_lately());
  if (known < places || !broken_.empty()) return;
  broken_ = fmt::format("S3: a stop on {} ({}) while {} places of {} were known to be taken",
                        instance, reason, known, places);
  for (const auto& [arn, place] : places_) {
    broken_ += fmt::format("\n  {} since {} before, {}", arn, format_duration(now - place.since),
                           place.died_of.empty() ? "emptied" : "an early death");
  }
}

}  // namespace blox::simulation
