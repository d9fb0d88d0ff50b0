#include "scheduler/plan/daemon_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace blox::scheduler {
namespace {

enum class Standing { kEligible, kDraining, kDisconnected, kSuperseded, kOther };

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

Duration backoff_after(int failure_count, const PlanLimits& limits) {
  Duration wait = limits.backoff_first;
  for (int i = 1; i < failure_count && wait < limits.backoff_max; ++i) wait *= 2;
  return std::min(wait, limits.backoff_max);
}

std::string count_of(int count, std::string_view thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

// Makes one plan. Lives for one call of plan_daemon.
class Round {
 public:
  Round(const World& world, const PlanLimits& limits) : world_(world), limits_(limits) {}

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
    plan_.needs_confirmation =
        world_.desired.deployed_before && starts * 100 > eligible_ * limits_.confirm_above_percent;
    decide_deployment();
    decide_health();
    return std::move(plan_);
  }

 private:
  using Instance = ObservedInstance;

  const std::optional<DesiredDeployment>& deployment() const { return world_.desired.deployment; }

  std::string why_not_trusted() const {
    const Picture& picture = world_.picture;
    if (!picture.loaded) return "the cluster state is not read yet";
    if (picture.store_changed) return "the cluster state comes from another store and is read anew";
    if (!picture.synced_age) return "the cluster state was never compared with ECS";
    const Duration age = std::max(*picture.synced_age, picture.contact_age.value_or(Duration{}));
    if (age <= limits_.picture_age_max) return {};
    return fmt::format("the cluster state is {} old, more than {}", in_words(age),
                       in_words(limits_.picture_age_max));
  }

  static auto count_seen(const Instance& instance) {
    return std::ranges::count_if(instance.tasks, &ObservedTask::seen);
  }

  void note_doubled() {
    if (!world_.picture.loaded || world_.picture.store_changed) return;
    for (const auto& instance : world_.instances) {
      const Standing standing = standing_of(instance);
      if (standing == Standing::kOther || standing == Standing::kSuperseded) continue;
      if (count_seen(instance) > 1) plan_.doubled.push_back(instance.arn);
    }
  }

  bool has_open_stop_of(const Instance& instance, const TaskArn& task) const {
    return instance.intent && instance.intent->kind == OpenIntentKind::kStop &&
           instance.intent->task == task;
  }
  bool serves(const Instance& instance, const ObservedTask& task) const {
    return task.phase == TaskPhase::kServing && !has_open_stop_of(instance, task.arn);
  }
  int serving_count(const Instance& instance) const {
    return static_cast<int>(std::ranges::count_if(
        instance.tasks, [&](const ObservedTask& task) { return serves(instance, task); }));
  }
  bool is_current(const ObservedTask& task) const {
    return deployment() && task.task_definition == deployment()->task_definition;
  }
  bool has_failed(const Instance& instance) const {
    return instance.failures.count >= limits_.failed_after;
  }
  bool is_stopping(const Instance& instance) const {
    return (instance.intent && instance.intent->kind == OpenIntentKind::kStop) ||
           std::ranges::any_of(instance.tasks, [](const ObservedTask& task) {
             return task.phase == TaskPhase::kEnding;
           });
  }
  bool is_recent(std::optional<TimePoint> since) const {
    return since && world_.now - *since < limits_.unreachable_release;
  }

  // The picture shows what the intent was to bring about; or it was a stop on an instance that will
  // not answer, where it has held its place in the budget long enough. Should the instance come
  // back, a new round decides about it. Requires: an intent is open.
  bool is_over(const Instance& instance) const {
    if (instance.intent->effect_seen) return true;
    if (instance.intent->kind != OpenIntentKind::kStop) return false;
    return is_silent(instance) && !is_recent(instance.disconnected_since);
  }

  bool is_silent(const Instance& instance) const {
    const Standing standing = standing_of(instance);
    return standing == Standing::kDisconnected || standing == Standing::kSuperseded;
  }

  // Whether the stop would be decided on today. What the picture does not tell of stays as it was
  // decided.
  bool is_stop_wanted(const Instance& instance) const {
    const auto task = std::ranges::find(instance.tasks, instance.intent->task, &ObservedTask::arn);
    if (task == instance.tasks.end() || standing_of(instance) != Standing::kEligible) return true;
    if (world_.desired.deleting) return world_.desired.terminate_tasks;
    if (task->phase == TaskPhase::kEnding) return true;  // It was sent, or somebody else did it.
    return !is_current(*task) || &*task != &best_of(instance);
  }

  // Requires: an intent is open.
  void sort_intent(const Instance& instance) {
    if (is_over(instance)) return plan_.closings.push_back(instance.arn);
    if (instance.intent->kind != OpenIntentKind::kStop) return;
    if (!is_stop_wanted(instance)) return plan_.withdrawals.push_back(instance.arn);
    if (is_silent(instance)) plan_.silent_stops.push_back(instance.arn);
  }

  // What counts against the budget of stops: every eligible instance without service, but for
  // those that cannot take the task and were not emptied by us (they would hold up all others for
  // ever); and for a while those that fell silent after we emptied them.
  bool is_unavailable(const Instance& instance, Standing standing) const {
    if (serving_count(instance) > 0) return false;
    if (is_emptied(instance, standing)) return true;
    return standing == Standing::kEligible && !has_failed(instance);
  }

  // Without service by our doing, for all we know. A task that is on its way up may have begun to
  // serve before our stop reached it, so stopping such a one counts here as well.
  bool is_emptied(const Instance& instance, Standing standing) const {
    if (serving_count(instance) > 0) return false;
    if (!instance.emptied_by_us && !is_stopping(instance)) return false;
    return standing == Standing::kEligible ||
           (standing == Standing::kDisconnected && is_recent(instance.disconnected_since));
  }

  void count_standings() {
    int in_use = 0;
    int lost = 0;
    for (const auto& instance : world_.instances) {
      const Standing standing = standing_of(instance);
      if (standing == Standing::kEligible) ++eligible_;
      if (is_unavailable(instance, standing)) ++unavailable_;
      if (is_emptied(instance, standing)) ++emptied_;
      if (standing == Standing::kSuperseded || standing == Standing::kOther) continue;
      ++in_use;
      if (standing == Standing::kDisconnected && is_recent(instance.disconnected_since)) {
        ++lost;
        due(*instance.disconnected_since + limits_.unreachable_release);
      }
    }
    rollout_paused_ = lost * 3 > in_use;
    const int amount = world_.desired.unavailable_max;
    unavailable_max_ =
        std::max(1, world_.desired.unavailable_is_percent ? eligible_ * amount / 100 : amount);
  }

  void due(TimePoint time) {
    if (time <= world_.now) return;
    if (!plan_.next_due || time < *plan_.next_due) plan_.next_due = time;
  }

  void add_line(const Instance& instance, InstanceState state, std::string reason) {
    InstanceLine line{instance.arn, state, std::move(reason), std::nullopt};
    if (!instance.tasks.empty()) line.task = best_of(instance).arn;
    plan_.lines.push_back(std::move(line));
  }

  // Of several tasks the one that stays: the wanted revision, serving, healthy, oldest. Those on
  // their way down come last. Requires: there is one.
  const ObservedTask& best_of(const Instance& instance) const {
    return *std::ranges::max_element(instance.tasks, {}, [&](const ObservedTask& task) {
      return std::tuple{task.phase != TaskPhase::kEnding, is_current(task),
                        task.phase == TaskPhase::kServing, !task.unhealthy};
    });  // Of equals the first, which is the oldest.
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
    if (instance.intent) {
      const bool start = instance.intent->kind == OpenIntentKind::kStart;
      const std::string_view what = start                      ? "a start is under way: "
                                    : is_stop_wanted(instance) ? "a stop is under way: "
                                                               : "a stop that is not wanted any "
                                                                 "more may be under way: ";
      return add_line(instance, start ? InstanceState::kStarting : InstanceState::kStopping,
                      std::string{what} + instance.intent->reason);
    }
    if (world_.desired.deleting) return decide_deleted(instance);
    if (instance.status.is_draining()) return decide_draining(instance);
    if (instance.tasks.empty()) return decide_empty(instance);
    decide_occupied(instance);
  }

  // `kept`: the task that stays, if there is one.
  void stop(const Instance& instance, const ObservedTask& task, std::string reason,
            const ObservedTask* kept = nullptr) {
    plan_.stops.push_back({instance.arn, task.arn, task.started_by, reason,
                           kept ? std::optional{kept->arn} : std::nullopt});
    add_line(instance, InstanceState::kStopping, std::move(reason));
  }

  // The oldest task that is not on its way down yet.
  const ObservedTask* find_stoppable(const Instance& instance) const {
    const auto found = std::ranges::find_if(
        instance.tasks, [](const ObservedTask& task) { return task.phase != TaskPhase::kEnding; });
    return found == instance.tasks.end() ? nullptr : &*found;
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
    if (!instance.unclaimed.empty()) {
      return add_line(instance, InstanceState::kBlocked,
                      "task " + instance.unclaimed.front().value +
                          " has our group, but no deployment of this environment started it: "
                          "waits until it ends or somebody stops it (aws ecs stop-task)");
    }
    if (instance.predecessor_starts) {
      return add_line(instance, InstanceState::kBlocked,
                      "waits for a start of the environment of this name that was deleted");
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
    const ObservedTask& best = best_of(instance);
    if (best.phase == TaskPhase::kEnding) {
      return add_line(instance, InstanceState::kStopping, "waits for its task to stop");
    }
    if (instance.tasks.size() > 1 && count_seen(instance) < std::ssize(instance.tasks)) {
      return add_line(instance, InstanceState::kWaiting,
                      "waits to see whether a task that was started there lives");
    }
    const int serving = serving_count(instance);
    const ObservedTask* costly = nullptr;
    for (const auto& task : instance.tasks) {
      if (task.phase == TaskPhase::kEnding || &task == &best) continue;
      if (serves(instance, task) && serving == 1) {
        costly = &task;
      } else {
        return stop(instance, task, "one task too many there", &best);
      }
    }
    if (costly == nullptr && is_current(best)) {
      const bool runs = best.phase == TaskPhase::kServing;
      return add_line(instance, runs ? InstanceState::kServing : InstanceState::kStarting,
                      runs ? "runs the wanted task" : "its task is on its way up");
    }
    if (!deployment()) return add_line(instance, InstanceState::kSkipped, "nothing is deployed");
    std::string reason = costly ? "one task too many there" : "its task is outdated";
    const ObservedTask& doomed = costly ? *costly : best;
    if (!costly && rollout_paused_) {
      return add_line(instance, InstanceState::kWaiting,
                      reason + "; waits: too many instances are disconnected at once");
    }
    if (!doomed.seen) {
      // What a task that nobody sees gave, nobody could tell after its end: the budget would lose
      // it.
      return add_line(instance, InstanceState::kWaiting,
                      reason + "; waits until the cluster state shows it");
    }
    const bool costs_service = serves(instance, doomed);
    // One that is emptied already is in the count: the others have to leave it its place.
    const bool is_counted = !costs_service && is_emptied(instance, standing_of(instance));
    const int out = costs_service ? unavailable_ : emptied_ - (is_counted ? 1 : 0);
    if (out >= unavailable_max_) {
      return add_line(
          instance, InstanceState::kWaiting,
          fmt::format("{}; waits: {} of {} instances are {}, {} may be", reason, out, eligible_,
                      costs_service ? "without service" : "emptied by stops", unavailable_max_));
    }
    if (costs_service) ++unavailable_;
    if (!is_counted) ++emptied_;
    stop(instance, doomed, std::move(reason), costly ? &best : nullptr);
  }

  bool runs_wanted(const Instance& instance) const {
    return std::ranges::any_of(instance.tasks, [&](const ObservedTask& task) {
      return is_current(task) && serves(instance, task);
    });
  }

  // Whether anything was stored or done for the deployment in force: what is planned may come to
  // nothing.
  bool has_begun() const {
    return std::ranges::any_of(world_.instances, [&](const Instance& instance) {
      const auto& intent = instance.intent;
      if (intent && intent->kind == OpenIntentKind::kStart) {
        if (intent->started_by == deployment()->id) return true;
      } else if (intent && standing_of(instance) == Standing::kEligible) {
        return true;
      }
      return instance.failures.count > 0 ||
             std::ranges::find(instance.tasks, deployment()->id, &ObservedTask::started_by) !=
                 instance.tasks.end();
    });
  }

  // A process that is new knows of no refused starts: whom the record lists stays listed until it
  // serves.
  bool is_listed(const Instance& instance) const {
    return std::ranges::binary_search(deployment()->failed_instances, instance.arn);
  }

  void decide_deployment() {
    if (!deployment() || world_.desired.deleting) return;
    DeploymentChange change{deployment()->status, {}};
    bool complete = true;
    for (const auto& instance : world_.instances) {
      if (standing_of(instance) != Standing::kEligible || runs_wanted(instance)) continue;
      if (has_failed(instance) || is_listed(instance)) {
        change.failed_instances.push_back(instance.arn);
      } else {
        complete = false;
      }
    }
    if (complete) {
      change.status = RolloutStatus::kCompleted;
    } else if (change.status == RolloutStatus::kPending && has_begun()) {
      change.status = RolloutStatus::kRunning;
    }
    if (change.status == deployment()->status &&
        change.failed_instances == deployment()->failed_instances) {
      return;
    }
    plan_.deployment = std::move(change);
  }

  void decide_health() {
    if (!deployment() || world_.desired.deleting) return;
    int ill = 0;
    for (const auto& instance : world_.instances) {
      if (standing_of(instance) != Standing::kEligible) continue;
      std::string why;
      if (has_failed(instance) && serving_count(instance) == 0) {
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
    plan_.healthy = ill == 0;
    if (ill > 1) plan_.reason += fmt::format(" (and {} more)", count_of(ill - 1, "instance"));
  }

  const World& world_;
  const PlanLimits& limits_;
  Plan plan_;
  int eligible_ = 0;
  int unavailable_ = 0;  // Eligible and without service, but for those that cannot take the task.
  int emptied_ = 0;      // Of these, by our stops.
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
