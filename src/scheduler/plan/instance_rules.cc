#include "scheduler/plan/instance_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace blox::scheduler {

Standing standing_of(const ObservedInstance& instance) {
  const bool in_use = instance.status.is_active() || instance.status.is_draining();
  if (!in_use) return Standing::kOther;
  if (instance.superseded) return Standing::kSuperseded;
  if (!instance.agent_connected) return Standing::kDisconnected;
  return instance.status.is_active() ? Standing::kEligible : Standing::kDraining;
}

std::string in_words(Duration duration) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(std::max(duration, Duration{}));
  if (seconds < std::chrono::minutes{2}) return fmt::format("{} s", seconds.count());
  return fmt::format("{} min", std::chrono::ceil<std::chrono::minutes>(seconds).count());
}

std::string count_of(int count, std::string_view thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

bool InstanceRules::serves(const Instance& instance, const ObservedTask& task) const {
  const bool told_to_stop = instance.intent && instance.intent->kind == OpenIntentKind::kStop &&
                            instance.intent->task == task.arn;
  return task.phase == TaskPhase::kServing && !told_to_stop;
}

int InstanceRules::serving_count(const Instance& instance) const {
  return static_cast<int>(std::ranges::count_if(
      instance.tasks, [&](const ObservedTask& task) { return serves(instance, task); }));
}

bool InstanceRules::is_proven(const Instance& instance, const ObservedTask& task) const {
  return serves(instance, task) && !task.unhealthy && !task.awaits_health && !task.doubted_since &&
         has_passed(task.phase_since, world_.desired.min_healthy);
}

bool InstanceRules::has_proven(const Instance& instance) const {
  return std::ranges::any_of(instance.tasks,
                             [&](const ObservedTask& task) { return is_proven(instance, task); });
}

bool InstanceRules::is_current(const ObservedTask& task) const {
  return deployment() && task.task_definition == deployment()->task_definition;
}

const ObservedTask& InstanceRules::best_of(const Instance& instance) const {
  return *std::ranges::max_element(instance.tasks, {}, [&](const ObservedTask& task) {
    return std::tuple{task.phase != TaskPhase::kEnding, is_current(task),
                      task.phase == TaskPhase::kServing, !task.unhealthy};
  });  // Of equals the first, which is the oldest.
}

bool InstanceRules::hangs(const ObservedTask& task) const {
  auto since = task.phase_since;
  if (task.phase == TaskPhase::kServing) {
    since = task.unhealthy_since ? task.unhealthy_since
            : task.silent_since  ? task.silent_since
                                 : task.doubted_since;
  }
  return since && has_passed(since, limits_.stuck_after);
}

const ObservedTask* InstanceRules::find_stuck(const Instance& instance) const {
  const auto found = std::ranges::find_if(instance.tasks, [&](const ObservedTask& task) {
    // An outdated one that does not come up is stopped, once it is seen: nobody waits for it.
    const bool waited_for = task.phase == TaskPhase::kEnding || is_current(task) || !task.seen;
    return waited_for && hangs(task);
  });
  return found == instance.tasks.end() ? nullptr : &*found;
}

std::string InstanceRules::in_words_of_stuck(const ObservedTask& task) const {
  if (task.phase == TaskPhase::kServing) {
    if (task.unhealthy_since) {
      return fmt::format("task {} is UNHEALTHY for {}", task.arn.value,
                         in_words(world_.now - *task.unhealthy_since));
    }
    if (task.silent_since) {
      return fmt::format("the health check of task {} has said nothing for {}", task.arn.value,
                         in_words(world_.now - *task.silent_since));
    }
    return fmt::format(
        "the cluster state shows task {} for {}, which is older than one that we stopped there, so "
        "it must be over (aws ecs describe-tasks tells)",
        task.arn.value, in_words(world_.now - *task.doubted_since));
  }
  const std::string age = in_words(world_.now - *task.phase_since);
  return fmt::format("task {} is on its way {} for {}", task.arn.value,
                     task.phase == TaskPhase::kStarting ? "up" : "down", age);
}

bool InstanceRules::runs_wanted(const Instance& instance) const {
  return std::ranges::any_of(instance.tasks, [&](const ObservedTask& task) {
    return is_current(task) && is_proven(instance, task);
  });
}

bool InstanceRules::is_listed(const Instance& instance) const {
  return deployment() && std::ranges::binary_search(deployment()->failed_instances, instance.arn);
}

std::string InstanceRules::why_failed(const Instance& instance) const {
  if (const ObservedTask* task = find_stuck(instance)) return in_words_of_stuck(*task);
  if (std::string why = why_blocked(instance); !why.empty()) return why;
  if (is_barred_by_others(instance)) return why_held_up(instance);
  if (has_failed_starts(instance)) {
    return fmt::format("{} failed: {}", count_of(instance.failures.count, "start"),
                       instance.failures.reason);
  }
  if (has_hung(instance)) return trouble_of(*instance.intent);
  if (has_lasting_death(instance)) return instance.early_death->reason;
  return is_overdue(instance) ? why_overdue(instance) : std::string{};
}

bool InstanceRules::has_lasting_death(const Instance& instance) const {
  return instance.early_death && instance.early_death->outlived_since &&
         has_passed(instance.early_death->outlived_since, limits_.stuck_after);
}

bool InstanceRules::is_overdue(const Instance& instance) const {
  return instance.unserved_since && has_waited_since(*instance.unserved_since);
}

// What lasts from before the deployment has had no time to fail it.
bool InstanceRules::has_waited_since(TimePoint since) const {
  return deployment() && has_passed(since, limits_.stuck_after) &&
         has_passed(deployment()->since, limits_.stuck_after);
}

bool InstanceRules::has_hung(const Instance& instance) const {
  // What the picture tells is no riddle.
  if (!instance.intent || instance.intent->effect_seen) return false;
  const OpenIntent& intent = *instance.intent;
  if (intent.refused_count >= limits_.failed_after && is_stop_wanted(instance)) return true;
  return intent.since && has_waited_since(*intent.since);
}

std::string InstanceRules::trouble_of(const OpenIntent& intent) const {
  if (intent.refused_count > 0) {
    return fmt::format("ECS refused {} of task {}: {}", count_of(intent.refused_count, "stop"),
                       intent.task.value, intent.refusal);
  }
  if (!intent.since || !has_passed(intent.since, limits_.stuck_after)) return {};
  return fmt::format("nobody knows for {} whether the {} took place",
                     in_words(world_.now - *intent.since),
                     intent.kind == OpenIntentKind::kStart ? "start" : "stop");
}

bool InstanceRules::is_barred_by_others(const Instance& instance) const {
  const auto lasts = [](const UnclaimedTask& task) { return !task.will_end; };
  if (std::ranges::any_of(instance.unclaimed, lasts)) return true;
  // What ends by itself should have done so by then.
  return !why_held_up(instance).empty() && instance.held_up_since &&
         has_passed(instance.held_up_since, limits_.stuck_after);
}

std::string InstanceRules::why_blocked(const Instance& instance) const {
  const auto lasting = std::ranges::find_if_not(
      instance.unclaimed, [](const UnclaimedTask& task) { return task.will_end; });
  if (lasting != instance.unclaimed.end()) {
    return "task " + lasting->arn.value +
           " has our group, but no deployment of this environment started it: waits until it "
           "ends, is adopted (blox environments adopt) or somebody stops it (aws ecs stop-task)";
  }
  if (instance.failures.refused && !instance.tasks.empty() && !is_current(best_of(instance))) {
    return fmt::format("ECS refused {} of the wanted one, so it stays: {}",
                       count_of(instance.failures.count, "start"), instance.failures.reason);
  }
  return {};
}

std::string InstanceRules::why_held_up(const Instance& instance) const {
  if (!instance.unclaimed.empty()) {
    return "waits for task " + instance.unclaimed.front().arn.value +
           " of the environment of this name that is being deleted";
  }
  if (instance.predecessor_starts) {
    return "waits for a start of the environment of this name that was deleted";
  }
  return {};
}

bool InstanceRules::is_over(const Instance& instance) const {
  if (instance.intent->effect_seen) return true;
  if (instance.intent->kind != OpenIntentKind::kStop) return false;
  return is_silent(instance) && !is_recent(instance.disconnected_since);
}

bool InstanceRules::is_silent(const Instance& instance) const {
  const Standing standing = standing_of(instance);
  return standing == Standing::kDisconnected || standing == Standing::kSuperseded;
}

bool InstanceRules::is_stop_wanted(const Instance& instance) const {
  const auto task = std::ranges::find(instance.tasks, instance.intent->task, &ObservedTask::arn);
  if (task == instance.tasks.end() || standing_of(instance) != Standing::kEligible) return true;
  if (world_.desired.deleting) return world_.desired.terminate_tasks;
  if (task->phase == TaskPhase::kEnding) return true;  // It was sent, or somebody else did it.
  if (&*task != &best_of(instance)) return true;
  if (is_current(*task)) return false;
  const bool given_up = deployment() && deployment()->status == RolloutStatus::kFailed;
  return !given_up && why_blocked(instance).empty();
}

bool InstanceRules::is_unavailable(const Instance& instance) const {
  if (holds_place(instance)) return true;
  if (serving_count(instance) > 0 || standing_of(instance) != Standing::kEligible) return false;
  return !has_failed(instance);
}

bool InstanceRules::holds_place(const Instance& instance) const {
  const bool can_be_served = instance.intent || !is_barred_by_others(instance) ||
                             (!instance.tasks.empty() && is_current(best_of(instance)));
  const bool emptied =
      !has_proven(instance) && ((instance.emptied_by_us && can_be_served) || is_emptying(instance));
  if (!emptied && !instance.early_death) return false;
  const Standing standing = standing_of(instance);
  return standing == Standing::kEligible || instance.hidden_until ||
         (standing == Standing::kDisconnected && is_recent(instance.disconnected_since));
}

bool InstanceRules::is_emptying(const Instance& instance) const {
  const bool served = std::ranges::any_of(instance.tasks, [&](const ObservedTask& task) {
    return serves(instance, task) && !task.doubted_since;
  });
  if (served) return false;
  return (instance.intent && instance.intent->kind == OpenIntentKind::kStop) ||
         std::ranges::any_of(instance.tasks, &ObservedTask::stopped_by_us);
}

bool InstanceRules::waits_in_own_place(const Instance& instance) const {
  if (instance.intent || instance.tasks.empty()) return false;
  const ObservedTask& best = best_of(instance);
  return best.phase != TaskPhase::kEnding && !is_current(best) && best.seen && hangs(best);
}

std::vector<TimePoint> InstanceRules::dues_of(const Instance& instance) const {
  std::vector<TimePoint> dues;
  for (const ObservedTask& task : instance.tasks) {
    if (!task.phase_since) continue;
    if (task.phase == TaskPhase::kServing) {
      dues.push_back(*task.phase_since + world_.desired.min_healthy);
    }
    dues.push_back(task.unhealthy_since.value_or(
                       task.silent_since.value_or(task.doubted_since.value_or(*task.phase_since))) +
                   limits_.stuck_after);
  }
  if (instance.held_up_since) dues.push_back(*instance.held_up_since + limits_.stuck_after);
  if (instance.hidden_until) dues.push_back(*instance.hidden_until);
  if (instance.early_death && instance.early_death->outlived_since) {
    dues.push_back(*instance.early_death->outlived_since + limits_.stuck_after);
  }
  const auto add_wait = [&](TimePoint since) {
    dues.push_back(since + limits_.stuck_after);
    if (!deployment() || !deployment()->since) return;
    dues.push_back(*deployment()->since + limits_.stuck_after);
  };
  if (instance.unserved_since) {
    dues.push_back(*instance.unserved_since + limits_.unhealthy_after);
    add_wait(*instance.unserved_since);
  }
  if (instance.intent && instance.intent->since) add_wait(*instance.intent->since);
  return dues;
}

std::string InstanceRules::why_lost(const Instance& instance) const {
  if (!holds_place(instance)) return {};
  if (instance.early_death) return instance.early_death->reason;
  if (const ObservedTask* task = find_stuck(instance)) return in_words_of_stuck(*task);
  if (has_hung(instance)) return trouble_of(*instance.intent);
  // A stop that is not wanted any more may never have been sent: then it leaves all as it was.
  const bool is_decided = !instance.intent || instance.intent->kind != OpenIntentKind::kStop ||
                          is_stop_wanted(instance);
  if (is_decided && !is_barred_by_others(instance)) {
    if (std::string why = why_blocked(instance); !why.empty()) return why;
  }
  const bool long_unserved =
      instance.unserved_since && has_passed(instance.unserved_since, limits_.unhealthy_after);
  if (has_failed_starts(instance) && long_unserved) return instance.failures.reason;
  return is_overdue(instance) ? why_overdue(instance) : std::string{};
}

std::string InstanceRules::why_overdue(const Instance& instance) const {
  std::string why = "no task runs there for " + in_words(world_.now - *instance.unserved_since);
  return instance.failures.count > 0 ? why + ": " + instance.failures.reason : why;
}

}  // namespace blox::scheduler
