#include "scheduler/act/remover.h"

#include <algorithm>

#include "base/log.h"
#include "scheduler/act/ecs_errors.h"

namespace blox::scheduler {

void Remover::drive() {
  const auto& environments = context_.records().environments;
  std::erase_if(entries_, [&](const auto& entry) { return !environments.contains(entry.first); });
  for (const auto& [uid, environment] : environments) {
    if (!environment.deleting) continue;
    Entry& entry = entries_.try_emplace(uid, Entry{context_.now(), std::nullopt}).first->second;
    if (working_ || entry.next_at > context_.now()) continue;
    if (context_.repository.has_intents(uid) || context_.repository.has_outcomes(uid)) continue;
    working_ = true;
    scope_.spawn(work_on(environment));
  }
}

std::optional<TimePoint> Remover::next_due() const {
  std::optional<TimePoint> due;
  for (const auto& [uid, entry] : entries_) {
    if (!due || entry.next_at < *due) due = entry.next_at;
  }
  return due;
}

Async<void> Remover::work_on(Environment environment) {
  const TimePoint asked_at = context_.now();
  Result<bool> occupied = false;
  if (environment.terminate_tasks) occupied = co_await has_tasks(environment);
  const auto found = entries_.find(environment.uid);
  if (found != entries_.end()) {
    Entry& entry = found->second;
    entry.next_at = context_.now() + context_.options.removal_check;
    if (!occupied) {
      log::warn("act", "cannot see whether '{}' has tasks left: {}", environment.name.value,
                occupied.error().message);
    } else if (*occupied) {
      entry.empty_since.reset();
    } else {
      if (!entry.empty_since) entry.empty_since = asked_at;
      const bool settled =
          !environment.terminate_tasks ||
          asked_at - *entry.empty_since >= context_.options.assumptions.visible_time();
      if (settled) {
        const Status removed = co_await context_.repository.remove(environment.uid);
        if (removed) {
          log::info("act", "environment '{}' is gone", environment.name.value);
        } else {
          log::warn("act", "cannot remove '{}' yet: {}", environment.name.value,
                    removed.error().message);
        }
      }
    }
  }
  working_ = false;
  context_.changed.notify_all();
}

Async<Result<bool>> Remover::has_tasks(const Environment& environment) {
  std::vector<DeploymentId> deployments;
  for (const auto& [id, deployment] : context_.records().deployments) {
    if (deployment.environment == environment.uid) deployments.push_back(id);
  }
  for (const auto& id : deployments) {
    aws::TaskFilter filter;
    filter.started_by = id.value;
    const auto listed = co_await context_.query.list_tasks(environment.cluster, std::move(filter));
    if (!listed && is_cluster_missing(listed.error())) co_return false;
    if (!listed) co_return std::unexpected(listed.error());
    if (!listed->empty()) co_return true;
  }
  co_return false;
}

}  // namespace blox::scheduler
