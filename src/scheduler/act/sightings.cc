#include "scheduler/act/sightings.h"

#include <algorithm>

#include "base/log.h"
#include "scheduler/act/report_fields.h"

namespace blox::scheduler {

Async<void> Sightings::take(Environment environment, std::vector<TaskReport> reports,
                            std::vector<ContainerInstanceArn> about, TimePoint asked_at) {
  std::erase_if(seen_, [&](const auto& entry) {
    const auto& [uid, instance] = entry.first;
    const bool told = about.empty() || std::ranges::find(about, instance) != about.end();
    return uid == environment.uid && told && !entry.second.stored &&
           asked_at - entry.second.at >= context_.options.assumptions.visible_time();
  });
  std::vector<Outcome> ours;
  for (const auto& report : reports) note(environment, report, asked_at, ours);
  if (ours.empty()) co_return;
  auto outcomes = ours;
  const Status stored = co_await context_.repository.put_outcomes(std::move(outcomes));
  if (!stored) {
    log::warn("act", "cannot store yet which tasks of '{}' are live: {}", environment.name.value,
              stored.error().message);
    co_return;
  }
  for (const auto& outcome : ours) {
    const auto seen = seen_.find({outcome.environment, outcome.instance});
    if (seen != seen_.end() && seen->second.task == outcome.task) seen->second.stored = true;
  }
}

void Sightings::note(const Environment& environment, const TaskReport& report, TimePoint asked_at,
                     std::vector<Outcome>& ours) {
  if (!report.container_instance) return;
  const IntentKey key{environment.uid, *report.container_instance};
  if (report.last_status.is_final()) {
    const auto seen = seen_.find(key);
    if (seen != seen_.end() && seen->second.task == report.arn) seen_.erase(seen);
    return;
  }
  const auto& deployments = context_.records().deployments;
  const auto owner =
      deployments.find(DeploymentId{std::string{find_text(report.detail, "startedBy")}});
  const bool is_ours = owner != deployments.end() && owner->second.environment == environment.uid;
  if (!is_ours && find_text(report.detail, "group") != "blox:" + environment.name.value) return;
  log::warn("act", "the cluster state lacks {}, which lives on {}; nothing of '{}' starts there",
            report.arn.value, key.second.value, environment.name.value);
  seen_.insert_or_assign(key, Seen{report.arn, asked_at});
  if (!is_ours) return;
  ours.push_back({environment.uid, key.second, environment.cluster, owner->first,
                  owner->second.task_definition, report.arn, created_at(report)});
}

void Sightings::forget_shown() {
  std::erase_if(seen_, [this](const auto& entry) {
    const auto& [task, at, stored] = entry.second;
    return context_.tasks.contains(task) ||
           (stored && !context_.records().outcomes.contains(task)) ||
           !context_.records().environments.contains(entry.first.first);
  });
}

}  // namespace blox::scheduler
