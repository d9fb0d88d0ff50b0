#include "scheduler/act/resolver.h"

#include <algorithm>

#include "base/log.h"
#include "scheduler/act/describe.h"
#include "scheduler/act/ecs_errors.h"
#include "scheduler/act/report_fields.h"

namespace blox::scheduler {
bool Resolver::is_unknown(const IntentKey& key, const Intent& intent) const {
  return intent.kind == IntentKind::kStart && !launcher_.is_busy(key);
}

void Resolver::drive() {
  const auto& intents = context_.records().intents;
  std::erase_if(entries_, [&](const auto& entry) {
    const auto found = intents.find(entry.first);
    return found == intents.end() || found->second.launch_id != entry.second.launch_id;
  });
  const TimePoint now = context_.now();
  std::set<Group> due;
  for (const auto& [key, intent] : intents) {
    if (!is_unknown(key, intent)) continue;
    const auto [at, is_new] = entries_.try_emplace(key);
    Entry& entry = at->second;
    if (is_new) entry = {intent.launch_id, now, now + context_.options.lookup.after(1), 0};
    if (entry.next_at <= now) due.insert({intent.cluster, intent.deployment});
  }
  for (const auto& group : due) {
    if (looking_.size() >= context_.options.lookup_calls_max) return;
    if (looking_.insert(group).second) scope_.spawn(look(group));
  }
}

std::optional<TimePoint> Resolver::next_due() const {
  std::optional<TimePoint> due;
  for (const auto& [key, entry] : entries_) {
    if (!due || entry.next_at < *due) due = entry.next_at;
  }
  return due;
}

Async<void> Resolver::look(Group group) {
  const TimePoint asked_at = context_.now();
  auto sightings = co_await find_tasks(group);
  if (sightings && !sightings->unplaced.empty()) {
    co_await find_spared(group, asked_at, *sightings);
  }
  if (!sightings) {
    log::warn("act", "cannot look for tasks of deployment {}: {}", group.second.value,
              sightings.error().message);
  }
  auto closings = conclude(group, asked_at, sightings);
  if (!closings.empty()) co_await close_durably(context_, std::move(closings));
  looking_.erase(group);
  context_.changed.notify_all();
}

// All tasks of the deployment, but for those of which the picture knows where they are: they are
// found there. Both desired statuses, as a task may have started and ended since.
Async<Result<Resolver::Sightings>> Resolver::find_tasks(Group group) {
  Sightings sightings;
  std::vector<TaskArn> unplaced;
  for (const bool stopped : {false, true}) {
    aws::TaskFilter filter;
    filter.started_by = group.second.value;
    filter.stopped = stopped;
    const auto listed = co_await context_.query.list_tasks(group.first, std::move(filter));
    if (!listed && is_cluster_missing(listed.error())) co_return sightings;
    if (!listed) co_return std::unexpected(listed.error());
    for (const auto& arn : *listed) {
      const auto shown = context_.tasks.find(arn);
      if (shown == context_.tasks.end()) {
        unplaced.push_back(arn);
      } else if (shown->second.object.container_instance) {
        const Task& task = shown->second.object;
        // How it ended the picture itself will tell.
        sightings.tasks.push_back({arn, *task.container_instance,
                                   parse_time(task.created_at).value_or(WallTime{}),
                                   task.last_status.is_final(), std::nullopt});
      }
    }
  }
  std::ranges::sort(unplaced);
  unplaced.erase(std::ranges::unique(unplaced).begin(), unplaced.end());
  if (unplaced.empty()) co_return sightings;
  // Whatever the answer says of the others, or does not say.
  sightings.unplaced.insert(unplaced.begin(), unplaced.end());
  const auto described = co_await describe_tasks(context_.query, group.first, std::move(unplaced));
  if (!described) co_return std::unexpected(described.error());
  for (const auto& arn : described->missing) sightings.unplaced.erase(arn);
  for (const auto& report : described->tasks) {
    if (!report.container_instance) continue;
    sightings.unplaced.erase(report.arn);
    const bool ended = report.last_status.is_final();
    Sighting sighting{report.arn, *report.container_instance, created_at(report), ended, {}};
    if (ended) sighting.end = end_of(report, context_.executor.wall_now());
    sightings.tasks.push_back(std::move(sighting));
  }
  co_return sightings;
}

// One task that nobody can describe leaves open only the instance that it is on: ECS lists the
// tasks of an instance without describing them. Asked for where the wait is over, a few at a time
// and by turns: some may stay open for as long as their task does.
Async<void> Resolver::find_spared(Group group, TimePoint asked_at, Sightings& sightings) {
  constexpr std::size_t kInstancesMax = 10;
  std::vector<std::pair<TimePoint, IntentKey>> due;
  for (const auto& [key, entry] : entries_) {
    const auto found = context_.records().intents.find(key);
    if (found == context_.records().intents.end()) continue;
    const Intent& intent = found->second;
    if (Group{intent.cluster, intent.deployment} != group) continue;
    if (asked_at >= entry.first_seen + context_.options.assumptions.settle_time()) {
      due.emplace_back(entry.listed_at, key);
    }
  }
  std::ranges::sort(due);  // Who has waited longest comes first.
  due.resize(std::min(due.size(), kInstancesMax));
  for (const auto& [listed_at, key] : due) entries_.at(key).listed_at = asked_at;
  for (const auto& [listed_at, key] : due) {
    const ContainerInstanceArn& instance = key.second;
    bool spared = true;
    for (const bool stopped : {false, true}) {
      aws::TaskFilter filter;
      filter.container_instance = instance;
      filter.stopped = stopped;
      const auto listed = co_await context_.query.list_tasks(group.first, std::move(filter));
      spared = spared && listed && std::ranges::none_of(*listed, [&](const TaskArn& task) {
                 return sightings.unplaced.contains(task);
               });
    }
    if (spared) sightings.spared.insert(instance);
  }
}

std::vector<IntentClosing> Resolver::conclude(const Group& group, TimePoint asked_at,
                                              const Result<Sightings>& sightings) {
  std::vector<IntentClosing> closings;
  const auto seen = sightings ? sightings->tasks : std::vector<Sighting>{};
  for (auto& [key, entry] : entries_) {
    const auto found = context_.records().intents.find(key);
    if (found == context_.records().intents.end()) continue;
    const Intent& intent = found->second;
    if (Group{intent.cluster, intent.deployment} != group) continue;
    if (intent.launch_id != entry.launch_id || entry.first_seen > asked_at) continue;

    IntentClosing closing = closing_of(intent);
    const TaskArn* found_new = nullptr;
    for (const auto& sighting : seen) {
      if (sighting.instance != intent.instance) continue;
      // An old one that nobody remembers. If it is alive, nothing may start beside it; or our clock
      // is ahead, and it is the new one.
      const bool is_old = !may_be_of(intent, sighting.created_at);
      if (sighting.ended && is_old) continue;
      if (std::ranges::find(intent.known_tasks, sighting.task) != intent.known_tasks.end())
        continue;
      if (context_.records().outcomes.contains(sighting.task)) continue;
      if (std::ranges::find(closing.outcomes, sighting.task, &Outcome::task) !=
          closing.outcomes.end()) {
        continue;
      }
      if (sighting.end) context_.memory.ended.insert_or_assign(sighting.task, *sighting.end);
      closing.outcomes.push_back(outcome_of(intent, sighting.task));
      if (!is_old) found_new = &sighting.task;
    }
    const TimePoint settled = entry.first_seen + context_.options.assumptions.settle_time();
    if (found_new) {
      log::info("act", "the unknown start on {} for {} took place: {}", intent.instance.value,
                intent.group, found_new->value);
      context_.metrics.unknown_found.Increment();
      closings.push_back(std::move(closing));
    } else if (sightings && sightings->tells_all_of(intent.instance) && asked_at >= settled) {
      log::info("act", "the unknown start on {} for {} did not take place", intent.instance.value,
                intent.group);
      context_.metrics.unknown_absent.Increment();
      closings.push_back(std::move(closing));
    } else {
      const TimePoint next = context_.now() + context_.options.lookup.after(++entry.look_count + 1);
      // The last look is made in time, not a whole wait later.
      entry.next_at = asked_at < settled ? std::min(next, std::max(settled, context_.now())) : next;
    }
  }
  return closings;
}

}  // namespace blox::scheduler
