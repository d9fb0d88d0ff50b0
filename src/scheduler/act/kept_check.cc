#include "scheduler/act/kept_check.h"

#include <algorithm>

#include "base/log.h"
#include "scheduler/act/describe.h"
#include "scheduler/act/report_fields.h"

namespace blox::scheduler {

std::vector<StopAction> KeptCheck::admit(const Environment& environment, const Plan& plan) {
  forget_old();
  held_.clear(environment.uid);
  std::vector<StopAction> admitted;
  std::vector<TaskArn> doubtful;
  for (const auto& stop : plan.stops) {
    const auto answer = stop.kept ? answers_.find(*stop.kept) : answers_.end();
    if (!stop.kept || (answer != answers_.end() && answer->second.why_not.empty())) {
      admitted.push_back(stop);
    } else if (answer != answers_.end()) {
      held_.note(environment.uid, stop.instance, answer->second.why_not);
    } else {
      held_.note(environment.uid, stop.instance,
                 "ECS is asked first whether the task that stays lives");
      doubtful.push_back(*stop.kept);
    }
  }
  if (!doubtful.empty() && asking_.size() < context_.options.ask_calls_max &&
      asking_.insert(environment.uid).second) {
    // Those that are left out are asked about when these are answered.
    doubtful.resize(std::min(doubtful.size(), context_.options.ask_instances_max));
    scope_.spawn(ask(environment.uid, environment.cluster, std::move(doubtful)));
  }
  return admitted;
}

Async<void> KeptCheck::ask(EnvironmentUid environment, ClusterArn cluster,
                           std::vector<TaskArn> tasks) {
  context_.metrics.confirmations.Increment();
  auto asked = tasks;
  const auto described = co_await describe_tasks(context_.query, cluster, std::move(asked));
  std::map<TaskArn, std::string> why_not;
  for (const auto& arn : tasks) {
    why_not[arn] = described ? "ECS does not know the task that stays"
                             : "ECS could not be asked whether the task that stays lives: " +
                                   described.error().message;
  }
  if (!described) {
    log::warn("act", "cannot confirm {} tasks before others are stopped: {}", tasks.size(),
              described.error().message);
  } else {
    for (const auto& [arn, why, is_passing] : described->undescribed) {
      why_not[TaskArn{arn}] = "ECS could not describe the task that stays: " + why;
    }
    for (const auto& report : described->tasks) {
      const auto phase = phase_of(report.last_status, desired_status(report));
      why_not[report.arn] = report.last_status.is_final() ? "the task that stays has ended"
                            : phase == TaskPhase::kEnding ? "the task that stays is on its way down"
                                                          : "";
      if (!report.last_status.is_final()) continue;
      log::info("act", "the cluster state shows {} alive, which ECS says has ended",
                report.arn.value);
      context_.memory.ended.insert_or_assign(report.arn,
                                             end_of(report, context_.executor.wall_now()));
    }
  }
  for (const auto& arn : tasks) {
    answers_.insert_or_assign(arn, Answer{context_.now(), std::move(why_not[arn])});
  }
  asking_.erase(environment);
  context_.changed.notify_all();
}

std::optional<TimePoint> KeptCheck::next_due() const {
  std::optional<TimePoint> oldest;
  for (const auto& [arn, answer] : answers_) {
    if (!answer.why_not.empty() && (!oldest || answer.at < *oldest)) oldest = answer.at;
  }
  if (oldest) *oldest += context_.options.confirmation_age_max;
  return oldest;
}

void KeptCheck::forget_old() {
  std::erase_if(answers_, [this](const auto& entry) {
    return context_.now() - entry.second.at >= context_.options.confirmation_age_max;
  });
  held_.prune(context_.records());
}

}  // namespace blox::scheduler
