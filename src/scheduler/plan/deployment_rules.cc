#include "scheduler/plan/deployment_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace blox::scheduler {
namespace {

// Whether anything was stored or done for the deployment in force: what is planned may come to
// nothing.
bool has_begun(const World& world) {
  const std::string& id = world.desired.deployment->id;
  return std::ranges::any_of(world.instances, [&](const ObservedInstance& instance) {
    const auto& intent = instance.intent;
    if (intent && intent->kind == OpenIntentKind::kStart) {
      if (intent->started_by == id) return true;
    } else if (intent && standing_of(instance) == Standing::kEligible) {
      return true;
    }
    return instance.failures.count > 0 ||
           std::ranges::find(instance.tasks, id, &ObservedTask::started_by) != instance.tasks.end();
  });
}

// Of the first of which that can be told: a process that is new may not know it.
std::string why_left_out(const World& world, const InstanceRules& rules,
                         const DeploymentChange& change) {
  for (const auto& instance : world.instances) {
    if (!std::ranges::binary_search(change.failed_instances, instance.arn)) continue;
    const std::string why = rules.why_failed(instance);
    if (why.empty()) continue;
    const int count = static_cast<int>(change.failed_instances.size());
    return fmt::format("{} {} left out, first {}: {}", count_of(count, "instance"),
                       count == 1 ? "is" : "are", instance.arn.value, why);
  }
  return {};
}

// What a picture shows that may be old ends no deployment: that is never taken back.
bool is_picture_fresh(const Picture& picture, const PlanLimits& limits) {
  return picture.confirmed && picture.contact_age.value_or(Duration{}) <= limits.contact_age_max;
}

}  // namespace

std::optional<DeploymentChange> decide_deployment(const World& world, const PlanLimits& limits,
                                                  const InstanceRules& rules,
                                                  const LostPlaces& lost) {
  const auto& deployment = world.desired.deployment;
  if (!deployment || world.desired.deleting) return std::nullopt;
  DeploymentChange change{deployment->status, {}, ""};
  std::vector<ContainerInstanceArn> with_lost;
  bool complete = true;
  const bool has_failed = change.status == RolloutStatus::kFailed;
  const bool ended = has_failed || change.status == RolloutStatus::kCompleted;
  for (const auto& instance : world.instances) {
    if (standing_of(instance) != Standing::kEligible) continue;
    if (rules.runs_wanted(instance) && !rules.has_lasting_death(instance)) continue;
    // What was listed for something that has passed only waits for its turn while it serves, and
    // has it while its stop is open.
    const bool has_turn = instance.intent && instance.intent->kind == OpenIntentKind::kStop;
    const bool waits = !ended && (has_turn || (rules.serving_count(instance) > 0 &&
                                               !rules.is_current(rules.best_of(instance))));
    const bool failed = rules.has_failed(instance) || (rules.is_listed(instance) && !waits);
    if (failed) change.failed_instances.push_back(instance.arn);
    if (failed || !rules.why_lost(instance).empty()) with_lost.push_back(instance.arn);
    complete = complete && failed;
  }
  // Instances that do not come back to service by themselves fill the budget, so that what an
  // earlier deployment runs will never be replaced. A first deployment has nothing to replace.
  const bool is_given_up = world.desired.has_predecessor && lost.count >= lost.unavailable_max;
  const bool may_end = is_picture_fresh(world.picture, limits);
  // One that left instances out may go on with them, and fail with them. Who fails after it was
  // completed whole tells nothing of it.
  const bool done = ended && !has_failed && !deployment->left_some_out;
  if (!done && !has_failed && is_given_up && !with_lost.empty() && may_end) {
    change.failed_instances = std::move(with_lost);
    change.status = RolloutStatus::kFailed;
    change.reason = fmt::format("{} {} lost to it, where {} may be without service, first {}",
                                count_of(lost.count, "instance"), lost.count == 1 ? "is" : "are",
                                lost.unavailable_max, lost.why_first);
  } else if (complete && !ended && may_end) {
    change.status = RolloutStatus::kCompleted;
  } else if (change.status == RolloutStatus::kPending && has_begun(world)) {
    change.status = RolloutStatus::kRunning;
  }
  if (change.status == deployment->status &&
      change.failed_instances == deployment->failed_instances) {
    return std::nullopt;
  }
  if (change.status == RolloutStatus::kCompleted) {
    change.reason = why_left_out(world, rules, change);
  }
  return change;
}

}  // namespace blox::scheduler
