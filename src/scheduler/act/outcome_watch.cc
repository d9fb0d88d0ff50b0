#include "scheduler/act/outcome_watch.h"

#include <algorithm>

#include "base/log.h"
#include "scheduler/act/describe.h"
#include "scheduler/act/ecs_errors.h"
#include "scheduler/act/report_fields.h"

namespace blox::scheduler {

void OutcomeWatch::drive() {
  const auto& outcomes = context_.records().outcomes;
  std::erase_if(entries_, [&](const auto& entry) { return !outcomes.contains(entry.first); });
  prune_ended();
  const TimePoint now = context_.now();
  const Duration settle = context_.options.assumptions.settle_time();
  std::vector<TaskArn> over;
  std::map<ClusterArn, std::vector<TaskArn>> unseen;
  for (const auto& [arn, outcome] : outcomes) {
    const auto [at, is_new] = entries_.try_emplace(arn);
    Entry& entry = at->second;
    if (is_new) entry = {now, now + context_.options.outcome_check.after(1), 0, std::nullopt};
    const auto found = context_.tasks.find(arn);
    const bool shown = found != context_.tasks.end();
    const bool ended = shown && found->second.object.last_status.is_final();
    const bool settled = shown && now - entry.first_seen >= settle;
    const bool missing =
        !shown && entry.missing_at && *entry.missing_at - entry.first_seen >= settle;
    if (ended || settled || missing) {
      over.push_back(arn);
    } else if (shown) {
      entry.next_at = entry.first_seen + settle;
    } else if (entry.next_at <= now) {
      unseen[outcome.cluster].push_back(arn);
    }
  }
  if (!over.empty() && !removing_) {
    removing_ = true;
    scope_.spawn(remove(std::move(over)));
  }
  for (auto& [cluster, tasks] : unseen) {
    bool& describing = describing_[cluster];
    if (describing) continue;
    describing = true;
    scope_.spawn(describe(cluster, std::move(tasks)));
  }
}

std::optional<TimePoint> OutcomeWatch::next_due() const {
  std::optional<TimePoint> due;
  for (const auto& [arn, entry] : entries_) {
    if (!due || entry.next_at < *due) due = entry.next_at;
  }
  return due;
}

// What Describe called STOPPED stays noted while an outcome or the picture would say otherwise.
void OutcomeWatch::prune_ended() {
  std::erase_if(context_.memory.ended, [&](const auto& ended) {
    const auto shown = context_.tasks.find(ended.first);
    if (shown != context_.tasks.end()) return shown->second.object.last_status.is_final();
    return !context_.records().outcomes.contains(ended.first);
  });
}

Async<void> OutcomeWatch::describe(ClusterArn cluster, std::vector<TaskArn> tasks) {
  const TimePoint asked_at = context_.now();
  auto asked = tasks;
  auto described = co_await describe_tasks(context_.query, cluster, std::move(asked));
  if (!described && is_cluster_missing(described.error())) {
    described = aws::DescribedTasks{{}, tasks, {}, context_.executor.wall_now()};
  }
  if (!described) {
    log::warn("act", "cannot describe {} tasks that were started: {}", tasks.size(),
              described.error().message);
  } else {
    for (const auto& arn : described->missing) {
      const auto found = entries_.find(arn);
      if (found != entries_.end()) found->second.missing_at = asked_at;
    }
    for (const auto& report : described->tasks) {
      const auto found = entries_.find(report.arn);
      if (found == entries_.end()) continue;
      found->second.missing_at.reset();
      if (!report.last_status.is_final()) continue;
      context_.memory.ended.insert_or_assign(report.arn,
                                             end_of(report, context_.executor.wall_now()));
    }
  }
  for (const auto& arn : tasks) {
    const auto found = entries_.find(arn);
    if (found == entries_.end()) continue;
    Entry& entry = found->second;
    const TimePoint now = context_.now();
    const TimePoint next = now + context_.options.outcome_check.after(++entry.check_count + 1);
    // The first look that can end the watch is made in time, not a whole wait later.
    const TimePoint settled = entry.first_seen + context_.options.assumptions.settle_time();
    entry.next_at = asked_at < settled ? std::min(next, std::max(settled, now)) : next;
  }
  describing_[cluster] = false;
  context_.changed.notify_all();
}

Async<void> OutcomeWatch::remove(std::vector<TaskArn> tasks) {
  const Status removed = co_await context_.repository.remove_outcomes(std::move(tasks));
  if (!removed) {
    log::warn("act", "cannot forget outcomes yet: {}", removed.error().message);
    co_await sleep_for(context_.executor, context_.options.write_retry.last);
  }
  removing_ = false;
  context_.changed.notify_all();
}

}  // namespace blox::scheduler
