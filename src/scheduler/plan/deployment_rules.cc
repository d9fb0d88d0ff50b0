#include "scheduler/plan/deployment_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
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

// Counts and ages grow from round to round; numbers within a name are none.
std::string without_numbers(std::string_view text) {
  std::string kept;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size() - 1) + 1;
    const std::string_view word = text.substr(at, end - at);
    kept += word.find_first_not_of("0123456789 ") == word.npos ? "# " : word;
    at = end;
  }
  return kept;
}

// The count alone, or the count and one of them.
bool names_only(const std::vector<ContainerInstanceArn>& instances, std::string_view reason,
                std::string_view count, std::string_view first) {
  if (!reason.starts_with(count)) return false;
  reason.remove_prefix(count.size());
  if (reason.empty()) return true;
  if (!reason.starts_with(first)) return false;
  reason.remove_prefix(first.size());
  const ContainerInstanceArn named{std::string{reason.substr(0, reason.find(": "))}};
  return std::ranges::binary_search(instances, named);
}

// How many are left out, and why the first of which that can be told: a process that is new may
// know of none. What is stored stays while it is true, as each change of it is a write.
std::string why_left_out(const World& world, const InstanceRules& rules,
                         const std::vector<ContainerInstanceArn>& failed) {
  if (failed.empty()) return {};
  const std::string& stored = world.desired.deployment->reason;
  const std::string count =
      fmt::format("{} {} left out", count_of(static_cast<int>(failed.size()), "instance"),
                  failed.size() == 1 ? "is" : "are");
  constexpr std::string_view kFirst = ", first ";
  const bool is_true = names_only(failed, stored, count, kFirst);
  for (const auto& instance : world.instances) {
    if (!std::ranges::binary_search(failed, instance.arn)) continue;
    const std::string why = rules.why_failed(instance);
    if (why.empty()) continue;
    std::string reason = fmt::format("{}{}{}: {}", count, kFirst, instance.arn.value, why);
    return is_true && without_numbers(reason) == without_numbers(stored) ? stored : reason;
  }
  return is_true ? stored : count;
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
  DeploymentChange change{deployment->status, {}, deployment->reason};
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
  if (change.status == RolloutStatus::kCompleted) {
    change.reason = why_left_out(world, rules, change.failed_instances);
  }
  const bool stays = change.status == deployment->status && change.reason == deployment->reason &&
                     change.failed_instances == deployment->failed_instances;
  if (stays) return std::nullopt;
  return change;
}

}  // namespace blox::scheduler
