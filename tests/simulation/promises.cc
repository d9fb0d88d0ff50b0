#include "simulation/promises.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "simulation/own_numbers.h"

namespace blox::simulation {
namespace {

using std::chrono::seconds;

std::string broken_s2(const Situation& situation) {
  // The call comes late by its fault, and A2 lets what was asked for be older.
  const auto& faults = situation.scenario.faults;
  const Duration bound = kObservationAgeMax + seconds{4} + faults.overtime.high +
                         (faults.list_lagging > 0 ? faults.list_lag_max : Duration{});
  for (const auto& start : situation.simulator.judge.bad_starts()) {
    if (start.since <= bound) continue;
    return fmt::format("S2: a start on {}, {} for {}", start.instance_arn, start.instance_status,
                       format_duration(start.since));
  }
  return {};
}

std::string broken_s3(const Situation& situation, const std::string& group) {
  const auto& judge = situation.simulator.judge;
  const std::size_t budget = places_of(situation.scenario, situation.eligible_max);
  if (judge.out_of_service_max(group) <= budget) return {};
  std::string now;
  for (const auto& out : judge.out_of_service(group)) {
    now += fmt::format("\n  {} since {}, task {}", short_id(out.instance_arn), format_time(out.at),
                       short_id(out.task_arn));
  }
  return fmt::format("S3: {} instances out of service by our stops, {} allowed; now:{}",
                     judge.out_of_service_max(group), budget, now);
}

std::string open_records(const SchedulerRecords& records) {
  if (const auto* intent = records.find("scheduler/intents/")) {
    return "an intent is open: " + boost::json::serialize(*intent);
  }
  if (records.find("scheduler/outcomes/") != nullptr) return "an outcome is unresolved";
  const auto* deployment = records.find(kDeploymentRecords, [](const auto& record) {
    return goes_on(text_of(record, "status")) &&
           text_of(record, "environmentName") != kSecondEnvironment;
  });
  return deployment == nullptr ? "" : "a deployment has not ended";
}

std::vector<const simulator::Task*> live_tasks(const Situation& situation,
                                               const simulator::Instance& instance,
                                               std::string_view group) {
  std::vector<const simulator::Task*> live;
  for (const auto& [id, task] : instance.tasks) {
    if (task->present().is_live() && task->group == group &&
        situation.simulator.judge.is_ours(*task)) {
      live.push_back(task);
    }
  }
  return live;
}

// A deleted environment is there until its tasks have stopped, if they are to stop at all; on an
// instance that is out of reach they cannot.
std::string remaining_environment(const Situation& situation) {
  const bool remains =
      situation.records.find("scheduler/environments/", [](const auto& environment) {
        return text_of(environment, "name") == kSecondEnvironment;
      }) != nullptr;
  const auto& cluster = *situation.simulator.world.find_cluster(kCluster);
  const bool may_remain = std::ranges::any_of(cluster.instances, [&](const auto& entry) {
    return !entry.second->present().agent_connected &&
           !live_tasks(situation, *entry.second, kSecondGroup).empty();
  });
  return remains && !may_remain ? "a deleted environment is still there" : "";
}

// Tasks that are not ours: nothing of ours is stopped or started beside them.
std::vector<std::string> unclaimed_on(const Situation& situation,
                                      const simulator::Instance& instance,
                                      const std::string& group) {
  std::vector<std::string> arns;
  for (const auto& [id, task] : instance.tasks) {
    if (task->present().is_live() && task->group == group &&
        !situation.simulator.judge.is_ours(*task)) {
      arns.push_back(task->arn);
    }
  }
  return arns;
}

// The environment's line of the instance says why, with one of those words in it where there are
// any.
std::string missing_reason(const Situation& situation, const simulator::Instance& instance,
                           const std::string& group, const std::vector<std::string>& words) {
  const std::string uid = situation.records.uid_of(group.substr(std::string_view{"blox:"}.size()));
  const auto& environments = situation.scheduler->service()->board().environments;
  const auto status = environments.find(scheduler::EnvironmentUid{uid});
  if (status == environments.end()) return "nothing is told of environment " + uid;
  for (const auto& line : status->second.instances) {
    if (line.instance.value != instance.arn || line.reason.empty()) continue;
    const auto says = [&](const std::string& word) { return line.reason.contains(word); };
    if (words.empty() || std::ranges::any_of(words, says)) return {};
    return fmt::format("the reason given for {} lacks '{}': {}", instance.id, words.front(),
                       line.reason);
  }
  return "no reason is given for " + instance.id;
}

// Of an environment that stays.
struct Wish {
  std::string group;
  std::string definition;
};

std::vector<Wish> wishes_of(const User& user) {
  std::vector<Wish> wishes{{kGroup, user.wanted()}};
  for (const auto& [name, wanted] : user.wanted_by()) wishes.push_back({"blox:" + name, wanted});
  return wishes;
}

std::string wrong_with(const Situation& situation, const simulator::Instance& instance,
                       const Wish& wish) {
  const auto& present = instance.present();
  const auto live = live_tasks(situation, instance, wish.group);
  if (!present.agent_connected) return {};
  // Who deleted it with its tasks, and put back a copy of before, has both again, or neither.
  if (situation.scenario.delete_terminates && !situation.scenario.is_scheduler_restored() &&
      !live_tasks(situation, instance, kSecondGroup).empty()) {
    return "a task of the deleted environment runs on " + instance.id;
  }
  if (present.status == InstanceStatusKind::kDraining && !live.empty()) {
    return "a drained instance still runs a task: " + instance.id;
  }
  if (present.status != InstanceStatusKind::kActive) return {};
  if (!DataCentre::has_room(instance)) {
    if (!live.empty()) return "a task runs where there is no room: " + instance.id;
    return missing_reason(situation, instance, wish.group,
                          situation.calls.words_of_refusal(wish.group, instance.arn));
  }
  const bool runs_wanted = live.size() == 1 && live.front()->definition->arn == wish.definition;
  const auto unclaimed = unclaimed_on(situation, instance, wish.group);
  if (!unclaimed.empty() && live.size() <= 1) {
    return missing_reason(situation, instance, wish.group,
                          runs_wanted ? std::vector<std::string>{} : unclaimed);
  }
  if (live.size() != 1) return fmt::format("instance {} has {} tasks", instance.id, live.size());
  if (!live.front()->present().is_running()) return "a task is not RUNNING on " + instance.id;
  if (live.front()->definition->arn != wish.definition) {
    return "an outdated task runs on " + instance.id;
  }
  return {};
}

}  // namespace

// The event of an agent's return may be lost, and only a full read makes that good.
bool judges_s3(const Scenario& scenario) {
  return scenario.faults.agent_disconnects == 0 ||
         scenario.belief_age_max() < simulator::kUnreachableRelease;
}

std::string broken_safety(const Situation& situation) {
  const auto& judge = situation.simulator.judge;
  for (const auto& peak : judge.doubled()) {
    return fmt::format("S1: {} live tasks of {} on {} at {}", peak.live_max, peak.group,
                       peak.instance_arn, format_time(peak.at));
  }
  if (judge.foreign_stop_count() > 0) {
    return "S4: a task was stopped that is not ours: " +
           judge.foreign_stops().front().task.task_arn;
  }
  if (auto broken = broken_s2(situation); !broken.empty()) return broken;
  if (judges_s3(situation.scenario)) {
    for (const auto& wish : wishes_of(situation.user)) {
      if (auto broken = broken_s3(situation, wish.group); !broken.empty()) return broken;
    }
  }
  return situation.state_judge.broken();
}

std::string what_is_missing(const Situation& situation) {
  if (!situation.user.is_done()) return "the user's wishes are not all accepted";
  if (situation.scheduler == nullptr || situation.scheduler->service() == nullptr) {
    return "the scheduler is not up";
  }
  if (situation.state == nullptr) return "the state service is not up";
  if (situation.records.uid_of(kEnvironment).empty())
    return "the scheduler has read no environment";
  std::string open = open_records(situation.records);
  if (!open.empty()) return open;
  std::string remaining = remaining_environment(situation);
  if (!remaining.empty()) return remaining;
  const auto& cluster = *situation.simulator.world.find_cluster(kCluster);
  for (const auto& [id, instance] : cluster.instances) {
    for (const auto& wish : wishes_of(situation.user)) {
      std::string wrong = wrong_with(situation, *instance, wish);
      if (!wrong.empty()) return wrong;
    }
  }
  const auto shown = situation.state->service().view().snapshot();
  if (!shown) return "the view is not read yet";
  return situation.state_judge.difference(*shown, cluster);
}

}  // namespace blox::simulation
