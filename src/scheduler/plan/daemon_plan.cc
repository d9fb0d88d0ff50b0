#include "scheduler/plan/daemon_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "scheduler/plan/deployment_rules.h"
#include "scheduler/plan/instance_rules.h"

namespace blox::scheduler {
namespace {

Duration backoff_after(int failure_count, const PlanLimits& limits) {
  Duration wait = limits.backoff_first;
  for (int i = 1; i < failure_count && wait < limits.backoff_max; ++i) wait *= 2;
  return std::min(wait, limits.backoff_max);
}

std::ptrdiff_t count_seen(const ObservedInstance& instance) {
  return std::ranges::count_if(instance.tasks, &ObservedTask::seen);
}

// The oldest task that is not on its way down yet.
const ObservedTask* find_stoppable(const ObservedInstance& instance) {
  const auto found = std::ranges::find_if(
      instance.tasks, [](const ObservedTask& task) { return task.phase != TaskPhase::kEnding; });
  return found == instance.tasks.end() ? nullptr : &*found;
}

// Makes one plan. Lives for one call of plan_daemon.
class Round {
 public:
  Round(const World& world, const PlanLimits& limits)
      : world_(world), limits_(limits), rules_(world, limits) {}

  Plan decide() {
    note_doubled();
    if (std::string why = why_not_trusted(); !why.empty()) {
      plan_.decided = false;
      plan_.reason = "nothing is decided: " + why;
      plan_.healthy = !deployment() || world_.desired.deleting;
      for (const auto& instance : world_.instances) {
        if (standing_of(instance) == Standing::kOther) continue;
        add_line(instance, InstanceState::kWaiting, plan_.reason);
      }
      return std::move(plan_);
    }
    count_standings();
    for (const auto& instance : world_.instances) {
      if (instance.intent) sort_intent(instance);
    }
    for (const auto& instance : world_.instances) decide_instance(instance);
    const int starts = static_cast<int>(plan_.starts.size());
    const bool many =
        world_.desired.deployed_before && starts * 100 > eligible_ * limits_.confirm_above_percent;
    plan_.needs_confirmation = many || (starts > 0 && world_.picture.lacks_tasks);
    plan_.needs_listing = starts > 0 && !world_.picture.confirmed;
    plan_.deployment =
        decide_deployment(world_, limits_, rules_, {lost_, unavailable_max_, why_lost_});
    decide_health();
    return std::move(plan_);
  }

 private:
  using Instance = ObservedInstance;

  const std::optional<DesiredDeployment>& deployment() const { return world_.desired.deployment; }

  std::string why_not_trusted() const {
    const Picture& picture = world_.picture;
    if (!picture.loaded) return "the cluster state is not read yet";
    if (!picture.synced_age) return "the cluster state was never compared with ECS";
    if (picture.awaits_read) {
      return "the scheduler's store was copied back, and the cluster was not read from ECS since";
    }
    const Duration age = std::max(*picture.synced_age, picture.contact_age.value_or(Duration{}));
    if (age <= limits_.picture_age_max) return {};
    return fmt::format("the cluster state is {} old, more than {}", in_words(age),
                       in_words(limits_.picture_age_max));
  }

  void note_doubled() {
    if (!world_.picture.loaded || !world_.picture.confirmed) return;
    for (const auto& instance : world_.instances) {
      const Standing standing = standing_of(instance);
      if (standing == Standing::kOther || standing == Standing::kSuperseded) continue;
      if (count_seen(instance) > 1) plan_.doubled.push_back(instance.arn);
    }
  }

  // Requires: an intent is open.
  void sort_intent(const Instance& instance) {
    if (rules_.is_over(instance)) {
      return plan_.closings.push_back({instance.arn, instance.intent->started});
    }
    if (instance.intent->kind != OpenIntentKind::kStop) return;
    if (!rules_.is_stop_wanted(instance)) return plan_.withdrawals.push_back(instance.arn);
    if (rules_.is_silent(instance)) plan_.silent_stops.push_back(instance.arn);
  }

  void count_standings() {
    int in_use = 0;
    int lost = 0;
    for (const auto& instance : world_.instances) {
      const Standing standing = standing_of(instance);
      if (standing == Standing::kEligible) ++eligible_;
      if (rules_.is_unavailable(instance)) ++unavailable_;
      if (rules_.holds_place(instance)) note_place(instance);
      for (const TimePoint at : rules_.dues_of(instance)) due(at);
      note_health(instance);
      if (standing == Standing::kSuperseded || standing == Standing::kOther) continue;
      ++in_use;
      if (standing == Standing::kDisconnected && rules_.is_recent(instance.disconnected_since)) {
        ++lost;
        due(*instance.disconnected_since + limits_.unreachable_release);
      }
    }
    rollout_paused_ = lost * 3 > in_use;
    const int amount = world_.desired.unavailable_max;
    unavailable_max_ =
        std::max(1, world_.desired.unavailable_is_percent ? eligible_ * amount / 100 : amount);
  }

  void note_place(const Instance& instance) {
    ++places_;
    if (!rules_.waits_in_own_place(instance)) ++busy_places_;
    std::string why = rules_.why_lost(instance);
    if (why.empty()) return;
    if (lost_++ == 0) why_lost_ = fmt::format("{}: {}", instance.arn.value, why);
  }

  // While the deployment goes on, and where it left an instance out or a place is taken.
  bool is_health_awaited(const Instance& instance) const {
    if (!deployment() || world_.desired.deleting) return false;
    if (standing_of(instance) != Standing::kEligible) return false;
    const RolloutStatus status = deployment()->status;
    const bool ended = status == RolloutStatus::kCompleted || status == RolloutStatus::kFailed;
    return !ended || rules_.is_listed(instance) || rules_.holds_place(instance);
  }

  void note_health(const Instance& instance) {
    if (!is_health_awaited(instance)) return;
    for (const ObservedTask& task : instance.tasks) {
      if (!rules_.is_current(task) || !rules_.serves(instance, task)) continue;
      if (task.awaits_health || task.unhealthy) plan_.health_wanted.push_back(task.arn);
    }
  }

  void due(TimePoint time) {
    if (time <= world_.now) return;
    if (!plan_.next_due || time < *plan_.next_due) plan_.next_due = time;
  }

  void add_line(const Instance& instance, InstanceState state, std::string reason) {
    InstanceLine line{instance.arn, state, std::move(reason), std::nullopt};
    if (!instance.tasks.empty()) line.task = rules_.best_of(instance).arn;
    plan_.lines.push_back(std::move(line));
  }

  void decide_instance(const Instance& instance) {
    switch (standing_of(instance)) {
      case Standing::kOther: return;
      case Standing::kSuperseded:
        return add_line(instance, InstanceState::kSkipped,
                        "a newer registration of the same machine is connected");
      case Standing::kDisconnected:
        return add_line(instance, InstanceState::kSkipped,
                        "its agent is disconnected, so its tasks are unknown");
      case Standing::kDraining:
      case Standing::kEligible: break;
    }
    if (instance.intent) return add_intent_line(instance, *instance.intent);
    if (world_.desired.deleting) return decide_deleted(instance);
    if (instance.status.is_draining()) return decide_draining(instance);
    if (instance.tasks.empty()) return decide_empty(instance);
    decide_occupied(instance);
  }

  void add_intent_line(const Instance& instance, const OpenIntent& intent) {
    const bool start = intent.kind == OpenIntentKind::kStart;
    const std::string_view what = start ? "a start is under way: "
                                  : rules_.is_stop_wanted(instance)
                                      ? "a stop is under way: "
                                      : "a stop that is not wanted any more may be under way: ";
    std::string reason = std::string{what} + intent.reason;
    const std::string trouble = rules_.trouble_of(intent);
    if (!trouble.empty()) reason += "; " + trouble;
    add_line(instance, start ? InstanceState::kStarting : InstanceState::kStopping,
             std::move(reason));
  }

  // `kept`: the task that stays, if there is one.
  void stop(const Instance& instance, const ObservedTask& task, std::string reason,
            const ObservedTask* kept = nullptr) {
    plan_.stops.push_back({instance.arn, task.arn, task.started_by, reason,
                           kept ? std::optional{kept->arn} : std::nullopt});
    add_line(instance, InstanceState::kStopping, std::move(reason));
  }

  void decide_deleted(const Instance& instance) {
    if (instance.tasks.empty()) return;
    if (!world_.desired.terminate_tasks) {
      return add_line(instance, InstanceState::kSkipped,
                      "its environment is deleted and its task is left alone");
    }
    const ObservedTask* task = find_stoppable(instance);
    if (task) return stop(instance, *task, "its environment is deleted with its tasks");
    add_line(instance, InstanceState::kStopping, "waits for its task to stop");
  }

  void decide_draining(const Instance& instance) {
    if (instance.tasks.empty()) {
      return add_line(instance, InstanceState::kSkipped, "drains: nothing is started there");
    }
    const ObservedTask* task = find_stoppable(instance);
    if (!task) {
      return add_line(instance, InstanceState::kStopping, "drains: waits for its task to stop");
    }
    if (waits_for_read(instance, "drains")) return;
    if (instance.other_task_count == 0) {
      return stop(instance, *task, "drains, and all other tasks are gone");
    }
    const TimePoint deadline =
        instance.draining_since.value_or(world_.now) + world_.desired.drain_deadline;
    if (deadline <= world_.now) {
      return stop(instance, *task,
                  fmt::format("drains for {} already; {} will not wait longer",
                              in_words(world_.desired.drain_deadline),
                              count_of(instance.other_task_count, "other task")));
    }
    due(deadline);
    add_line(instance, InstanceState::kServing,
             fmt::format("drains: serves until {} gone, {} at most",
                         instance.other_task_count == 1
                             ? std::string{"1 other task is"}
                             : fmt::format("{} other tasks are", instance.other_task_count),
                         in_words(deadline - world_.now)));
  }

  void decide_empty(const Instance& instance) {
    if (!deployment()) {
      return add_line(instance, InstanceState::kWaiting, "nothing is deployed yet");
    }
    for (std::string why : {rules_.why_blocked(instance), rules_.why_held_up(instance)}) {
      if (!why.empty()) return add_line(instance, InstanceState::kBlocked, std::move(why));
    }
    const StartFailures& failures = instance.failures;
    std::string reason = "no task there";
    if (failures.count > 0) {
      const TimePoint retry_at = failures.last_at + backoff_after(failures.count, limits_);
      if (retry_at > world_.now) {
        due(retry_at);
        return add_line(instance, InstanceState::kWaiting,
                        fmt::format("waits {} after {}: {}", in_words(retry_at - world_.now),
                                    count_of(failures.count, "failed start"), failures.reason));
      }
      reason = fmt::format("no task there; again after {}: {}",
                           count_of(failures.count, "failed start"), failures.reason);
    }
    plan_.starts.push_back({instance.arn, failures.count + 1, reason, instance.known_tasks,
                            instance.confirmed_at, instance.unserved_since});
    add_line(instance, InstanceState::kStarting, std::move(reason));
  }

  // Stops what is too much or outdated, one task a round: first what costs no service.
  void decide_occupied(const Instance& instance) {
    const ObservedTask& best = rules_.best_of(instance);
    if (best.phase == TaskPhase::kEnding) {
      const ObservedTask* stuck = rules_.find_stuck(instance);
      return add_line(instance, InstanceState::kStopping,
                      stuck ? "waits for its task to stop: " + rules_.in_words_of_stuck(*stuck)
                            : "waits for its task to stop");
    }
    if (instance.tasks.size() > 1 && count_seen(instance) < std::ssize(instance.tasks)) {
      return add_line(instance, InstanceState::kWaiting,
                      "waits to see whether a task that was started there lives");
    }
    const int serving = rules_.serving_count(instance);
    const ObservedTask* costly = nullptr;
    for (const auto& task : instance.tasks) {
      if (task.phase == TaskPhase::kEnding || &task == &best) continue;
      if (rules_.serves(instance, task) && serving == 1) {
        costly = &task;
      } else {
        return stop(instance, task, "one task too many there", &best);
      }
    }
    if (costly == nullptr && rules_.is_current(best)) {
      return add_current_line(instance, best);
    }
    if (!deployment()) return add_line(instance, InstanceState::kSkipped, "nothing is deployed");
    std::string reason = costly ? "one task too many there" : "its task is outdated";
    const ObservedTask& doomed = costly ? *costly : best;
    if (!costly && keeps_outdated(instance, reason)) return;
    if (!doomed.seen) {
      // What a task that nobody sees gave, nobody could tell after its end: the budget would lose
      // it.
      return add_line(instance, InstanceState::kWaiting,
                      reason + "; waits until the cluster state shows it");
    }
    if (waits_for_read(instance, reason)) return;
    const bool costs_service = rules_.serves(instance, doomed);
    // One that holds a place already takes no further one; the others have to leave it its own.
    // Where more are taken than there are, as a budget may shrink, they could all wait for each
    // other for ever: those that hang so do not count against each other.
    const bool has_place = rules_.holds_place(instance);
    const bool hangs = has_place && rules_.waits_in_own_place(instance);
    const bool by_service = costs_service && !has_place;
    const int out = by_service ? unavailable_
                    : hangs    ? busy_places_
                               : places_ - (has_place ? 1 : 0);
    if (out >= unavailable_max_) {
      return add_line(
          instance, InstanceState::kWaiting,
          fmt::format("{}; waits: {} of {} instances are {}, {} may be", reason, out, eligible_,
                      by_service ? "without proven service" : "emptied by stops",
                      unavailable_max_));
    }
    if (by_service) ++unavailable_;
    if (!has_place) ++places_;
    if (hangs) ++busy_places_;
    stop(instance, doomed, std::move(reason), costly ? &best : nullptr);
  }

  void add_current_line(const Instance& instance, const ObservedTask& task) {
    const bool serves = task.phase == TaskPhase::kServing;
    const InstanceState state = serves ? InstanceState::kServing : InstanceState::kStarting;
    if (const ObservedTask* stuck = rules_.find_stuck(instance)) {
      return add_line(instance, state, rules_.in_words_of_stuck(*stuck));
    }
    if (!serves) return add_line(instance, state, "its task is on its way up");
    if (instance.early_death) {
      return add_line(
          instance, InstanceState::kServing,
          "runs the wanted task, which died early before: " + instance.early_death->reason);
    }
    if (task.unhealthy) {
      return add_line(instance, InstanceState::kServing,
                      "runs the wanted task, which its health check calls UNHEALTHY");
    }
    if (task.awaits_health && is_health_awaited(instance)) {
      return add_line(instance, InstanceState::kServing,
                      "runs the wanted task, which is not known to be HEALTHY yet");
    }
    add_line(instance, InstanceState::kServing, "runs the wanted task");
  }

  // True, and the line says why, when an outdated task stays whatever the budget says.
  bool keeps_outdated(const Instance& instance, const std::string& reason) {
    if (deployment()->status == RolloutStatus::kFailed) {
      add_line(instance, InstanceState::kServing,
               "keeps the task of an earlier deployment, as the newest has failed");
      return true;
    }
    for (const std::string& why : {rules_.why_blocked(instance), rules_.why_held_up(instance)}) {
      if (why.empty()) continue;
      add_line(instance, InstanceState::kBlocked, reason + "; " + why);
      return true;
    }
    if (rollout_paused_) {
      add_line(instance, InstanceState::kWaiting,
               reason + "; waits: too many instances are disconnected at once");
    }
    return rollout_paused_;
  }

  // True, and the line says so, while the picture may have gone backwards: what a stop would cost
  // nobody can tell from it, nor which places are taken.
  bool waits_for_read(const Instance& instance, std::string reason) {
    if (world_.picture.confirmed) return false;
    add_line(instance, InstanceState::kWaiting,
             std::move(reason) +
                 "; waits until the cluster is read from ECS, as the store of the "
                 "cluster state was opened anew");
    return true;
  }

  // How many instances are blocked, if all are; and says why.
  int count_blocked() {
    int blocked = 0;
    for (const auto& line : plan_.lines) {
      if (line.state != InstanceState::kBlocked) continue;
      if (blocked++ == 0) plan_.reason = line.instance.value + " is blocked: " + line.reason;
    }
    if (blocked > 0 && blocked == eligible_) return blocked;
    plan_.reason.clear();
    return 0;
  }

  void decide_health() {
    if (!deployment() || world_.desired.deleting) return;
    int ill = 0;
    for (const auto& instance : world_.instances) {
      if (standing_of(instance) != Standing::kEligible) continue;
      std::string why;
      if (rules_.has_failed_starts(instance) && rules_.serving_count(instance) == 0) {
        why =
            fmt::format("the last {} on {} failed: {}", count_of(instance.failures.count, "start"),
                        instance.arn.value, instance.failures.reason);
      } else if (instance.unserved_since) {
        const TimePoint limit = *instance.unserved_since + limits_.unhealthy_after;
        due(limit);
        if (limit <= world_.now) {
          why = fmt::format("{} is without a running task for {}", instance.arn.value,
                            in_words(world_.now - *instance.unserved_since));
        }
      }
      if (why.empty()) continue;
      if (ill++ == 0) plan_.reason = std::move(why);
    }
    if (ill == 0) ill = count_blocked();
    plan_.healthy = ill == 0;
    if (ill > 1) plan_.reason += fmt::format(" (and {} more)", count_of(ill - 1, "instance"));
  }

  const World& world_;
  const PlanLimits& limits_;
  InstanceRules rules_;
  Plan plan_;
  int eligible_ = 0;
  int unavailable_ = 0;   // Eligible and without service, but for those that cannot take the task.
  int places_ = 0;        // Of these, by our stops or early deaths.
  int busy_places_ = 0;   // Of these, but for those that hang and could be replaced.
  int lost_ = 0;          // Of the places, for good.
  std::string why_lost_;  // Of the first of them.
  int unavailable_max_ = 1;
  bool rollout_paused_ = false;
};

}  // namespace

std::string_view to_text(InstanceState state) {
  switch (state) {
    case InstanceState::kServing: return "serving";
    case InstanceState::kStarting: return "starting";
    case InstanceState::kStopping: return "stopping";
    case InstanceState::kWaiting: return "waiting";
    case InstanceState::kBlocked: return "blocked";
    case InstanceState::kSkipped: return "skipped";
  }
  return "skipped";
}

Plan plan_daemon(const World& world, const PlanLimits& limits) {
  return Round{world, limits}.decide();
}

}  // namespace blox::scheduler
