#include "scheduler/observe/recall.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace blox::scheduler {
namespace {

constexpr Duration kOldMax = std::chrono::days{1};
// So far our date may be off from ECS's. Source: AwsClock::kErrorMax.
constexpr Duration kDateErrorMax = std::chrono::seconds{3};

std::string resources_text(const std::vector<Resource>& resources) {
  std::string text;
  for (const auto& resource : resources) text += resource.name + "=" + resource.value + ";";
  return text;
}

/// What changes when somebody mended or resized the instance. Remaining resources are not part of
/// it: each task of ours that fails changes them.
std::string standing_text(const ContainerInstance& instance) {
  return std::string{format(instance.status)} + (instance.agent_connected ? " on " : " off ") +
         resources_text(instance.registered_resources);
}

// Of a task that was created at `created_at` and is over, it was the predecessor, or is it itself:
// nothing is started beside a live task.
bool was_over_with(const ObservedTask& task, WallTime created_at) {
  return task.created_at != WallTime{} && task.created_at <= created_at;
}

std::string in_words_of_end(const Ended& ended) {
  if (!ended.stopped_reason.empty()) return std::string{ended.stopped_reason};
  return fmt::format("its task ended after {} s",
                     std::chrono::floor<std::chrono::seconds>(ended.served_for()).count());
}

}  // namespace

void Recall::recall(const RefusalKey& key, Past& past, InstanceRow& row,
                    const DesiredState& desired) {
  ObservedInstance& instance = row.instance;
  note_phases(past, instance);
  note_intent(key, past, instance);
  const bool serves = std::ranges::any_of(
      instance.tasks, [](const ObservedTask& task) { return task.phase == TaskPhase::kServing; });
  const bool in_use = instance.status.is_active() || instance.status.is_draining();
  set_since(past.draining_since, instance.status.is_draining());
  set_since(past.disconnected_since, in_use && !instance.agent_connected);
  set_since(past.unserved_since, desired.deployment && instance.status.is_active() &&
                                     instance.agent_connected && !serves);
  set_since(past.held_up_since, !instance.unclaimed.empty() || instance.predecessor_starts);
  instance.held_up_since = past.held_up_since;
  instance.draining_since = past.draining_since;
  instance.disconnected_since = past.disconnected_since;
  instance.unserved_since = past.unserved_since;

  std::ranges::sort(row.ended, [](const Ended& a, const Ended& b) {
    return std::tie(b.stopped_at, b.arn) < std::tie(a.stopped_at, a.arn);
  });
  count_deaths(past, row);
  doubt(key, past, row);
  past.emptied_by_us = is_emptied(key, past, row, desired.min_healthy);
  instance.is_supposed_emptied = !past.emptied_by_us && is_supposed_emptied(past, instance);
  instance.emptied_by_us = past.emptied_by_us || instance.is_supposed_emptied;
  if (!desired.deployment) return;
  recall_failures(key, past, row, desired.deployment->id);
  recall_early_death(past, row, desired);
}

void Recall::note_phases(Past& past, ObservedInstance& instance) const {
  std::vector<Past::Phase> phases;
  for (ObservedTask& task : instance.tasks) {
    const auto known = std::ranges::find(past.phases, task.arn, &Past::Phase::task);
    const bool is_known = known != past.phases.end();
    const bool goes_on = is_known && known->phase == task.phase;
    Past::Phase phase{task.arn, task.phase, goes_on ? known->since : now_};
    // Older than this process: by half of what ECS's date says, as dates differ.
    if (!is_known && task.phase == TaskPhase::kServing) {
      const Duration age = time_between(task.started_at, wall_now_);
      phase.since -= std::clamp<Duration>(age - kDateErrorMax, {}, kOldMax) / 2;
    }
    phase.seen = task.seen;
    phase.is_new = !is_known || !known->seen;
    if (is_known) phase.doubted_since = known->doubted_since;
    if (task.unhealthy) phase.unhealthy_since = is_known ? known->unhealthy_since : std::nullopt;
    if (task.unhealthy && !phase.unhealthy_since) phase.unhealthy_since = now_;
    task.phase_since = phase.since;
    task.unhealthy_since = phase.unhealthy_since;
    phases.push_back(std::move(phase));
  }
  past.phases = std::move(phases);
}

// By this process's own clock: of the time in which nobody looked nothing is known, and the date
// may be set meanwhile.
void Recall::note_intent(const RefusalKey& key, Past& past, ObservedInstance& instance) const {
  const auto found = records_.intents.find({EnvironmentUid{key.first}, key.second});
  if (!instance.intent || found == records_.intents.end()) return;
  if (!past.open_since || past.launch != found->second.launch_id) {
    past.launch = found->second.launch_id;
    past.open_since = now_;
  }
  instance.intent->since = past.open_since;
}

// Those that came since the last round; what this process finds at first may be of any age.
void Recall::count_deaths(Past& past, InstanceRow& row) const {
  if (row.source == nullptr) return;      // Of a picture that is not read yet, or not there.
  for (const Ended& ended : row.ended) {  // Newest first.
    if (!past.ends_known || ended.stopped_at <= past.newest_end) break;
    if (ended.is_death()) ++row.instance.new_deaths;
  }
  if (!row.ended.empty()) past.newest_end = std::max(past.newest_end, row.ended.front().stopped_at);
  past.ends_known = true;
}

void Recall::set_since(std::optional<TimePoint>& since, bool holds) const {
  if (!holds) {
    since.reset();
  } else if (!since) {
    since = now_;
  }
}

// A picture that has gone backwards may show a task alive that was over before our stop emptied the
// instance, for as long as no Describe tells of it; or one that has ended since. What is there when
// another one ends lives beside it. A start that no picture shows has its age by our clock, which
// says nothing beside ECS's.
void Recall::doubt(const RefusalKey& key, Past& past, InstanceRow& row) const {
  // Of most instances nothing is kept, and there are thousands.
  const bool is_kept = row.instance.intent.has_value() || !records_.emptied.empty();
  const auto over = is_kept ? find_emptied_from(key) : std::nullopt;
  if (over) {
    past.newest_over = std::max(past.newest_over.value_or(*over), *over);
    for (const Ended& ended : row.ended) {
      past.newest_over = std::max(*past.newest_over, time_or_epoch(ended.created_at));
    }
  } else {
    past.newest_over.reset();
  }
  const auto& intent = row.instance.intent;
  for (ObservedTask& task : row.instance.tasks) {
    auto& phase = *std::ranges::find(past.phases, task.arn, &Past::Phase::task);
    const auto was_over = [&](WallTime end) { return task.seen && was_over_with(task, end); };
    const bool is_over = over && (phase.doubted_since || was_over(*over) ||
                                  (phase.is_new && was_over(*past.newest_over)));
    set_since(phase.doubted_since, is_over && !(intent && intent->task == task.arn));
    task.doubted_since = phase.doubted_since;
  }
}

// When ECS created the last task there that our stop has ended, or is about to end.
std::optional<WallTime> Recall::find_emptied_from(const RefusalKey& key) const {
  const IntentKey here{EnvironmentUid{key.first}, key.second};
  std::optional<WallTime> from;
  if (const auto noted = records_.emptied.find(here); noted != records_.emptied.end()) {
    from = noted->second.task_created_at;
  }
  if (const auto open = records_.intents.find(here); open != records_.intents.end()) {
    from = std::max(from, open->second.task_created_at);  // None is less than any.
  }
  return from;
}

// Whether our stop ended the last task there that served. What is stored counts until something
// newer is seen; a task that is being stopped serves no more, whatever the picture shows.
bool Recall::is_emptied(const RefusalKey& key, Past& past, const InstanceRow& row,
                        Duration min_healthy) const {
  const auto& intent = row.instance.intent;
  const auto noted = records_.emptied.find({EnvironmentUid{key.first}, key.second});
  const bool is_noted = noted != records_.emptied.end();
  const bool holds = past.emptied_by_us || is_noted;
  const bool proven = std::ranges::any_of(row.instance.tasks, [&](const ObservedTask& task) {
    const bool doomed = intent && intent->kind == OpenIntentKind::kStop && intent->task == task.arn;
    // One that was proven before is ill at most: nobody has emptied the instance since.
    const bool is_well = !task.unhealthy && !task.awaits_health;
    return task.phase == TaskPhase::kServing && !doomed && !task.doubted_since &&
           (is_well || !holds) && now_ - *task.phase_since >= min_healthy;
  });
  if (proven) {
    past.may_be_emptied = false;
    return false;
  }
  for (const Ended& ended : row.ended) {  // Newest first.
    if (is_noted && ended.stopped_at <= noted->second.noted_at) break;
    const bool ours = ended.is_by_us();
    if (ours && ended.started_at.empty()) continue;  // It never served.
    if (!ours && ended.served_for() < std::max(options_.proven_after, min_healthy)) continue;
    return ours;
  }
  return holds;
}

// Where a copy of the records may lack a stop of ours, a task that comes up comes after one. Not
// for longer than any place is waited for: what is only supposed has no deployment fail.
bool Recall::is_supposed_emptied(const Past& past, const ObservedInstance& instance) const {
  const auto is_recent = [&](TimePoint since) {
    return now_ - since < options_.early_death_within;
  };
  if (!past.may_be_emptied || (past.unserved_since && !is_recent(*past.unserved_since)))
    return false;
  return std::ranges::any_of(
      instance.tasks, [&](const ObservedTask& task) { return is_recent(*task.phase_since); });
}

void Recall::recall_failures(const RefusalKey& key, Past& past, InstanceRow& row,
                             const std::string& deployment) {
  if (row.source != nullptr && past.standing_version != row.version) {
    past.standing_version = row.version;
    std::string standing = standing_text(*row.source);
    if (past.standing != standing) {
      if (!past.standing.empty()) {
        memory_.forget_refusals(key);
        if (!row.ended.empty()) past.failures_forgiven = row.ended.front().stopped_at;
      }
      past.standing = std::move(standing);
    }
  }
  StartFailures& failures = row.instance.failures;
  add_deaths(past, row, deployment, failures);
  add_refusals(key, row, deployment, failures);
  add_denials(deployment, failures);
}

// The newest one counts until a task that came after it has served for as long as a death is early.
// That the picture has forgotten it by then changes nothing.
void Recall::recall_early_death(Past& past, InstanceRow& row, const DesiredState& desired) const {
  const std::string& deployment = desired.deployment->id;
  const Duration within = std::max(options_.early_death_within, desired.min_healthy);
  if (past.early_death_of != deployment) past.early_death.reset();
  past.early_death_of = deployment;
  for (const Ended& ended : row.ended) {  // Newest first.
    if (ended.started_by != deployment || ended.served_for() >= within) break;
    if (!ended.is_death() || ended.started_at.empty()) continue;
    past.early_death_created = time_or_epoch(ended.created_at);
    past.early_death = EarlyDeath{
        ended.arn, fmt::format("task {} ended by itself {} s after its start: {}", ended.arn.value,
                               std::chrono::floor<std::chrono::seconds>(ended.served_for()).count(),
                               in_words_of_end(ended))};
    break;
  }
  bool proven = false;
  bool outlived = false;
  for (const ObservedTask& task : row.instance.tasks) {
    if (task.phase != TaskPhase::kServing || task.unhealthy || task.awaits_health) continue;
    const bool is_older = was_over_with(task, past.early_death_created);
    outlived = outlived || is_older;
    proven = proven || (!is_older && now_ - *task.phase_since >= within);
  }
  if (proven) past.early_death.reset();
  set_since(past.outlived_since, past.early_death && outlived);
  if (past.early_death) past.early_death->outlived_since = past.outlived_since;
  row.instance.early_death = past.early_death;
}

// Newest first, up to one that served for long or was stopped by us. What others stop again and
// again is no death, and yet a start that came to nothing: it waits like one.
void Recall::add_deaths(Past& past, const InstanceRow& row, const std::string& deployment,
                        StartFailures& failures) const {
  for (const Ended& ended : row.ended) {
    if (ended.started_by != deployment || ended.stopped_at <= past.failures_forgiven) break;
    if (ended.is_by_us() || ended.served_for() >= options_.proven_after) break;
    if (failures.count++ > 0) continue;
    if (past.newest_death != ended.arn) {
      past.newest_death = ended.arn;
      past.newest_death_at = now_;
    }
    failures.last_at = past.newest_death_at;
    failures.reason = in_words_of_end(ended);
  }
}

void Recall::add_refusals(const RefusalKey& key, const InstanceRow& row,
                          const std::string& deployment, StartFailures& failures) const {
  const auto found = memory_.refusals.find(key);
  if (found == memory_.refusals.end()) return;
  StartRefusals& refused = found->second;
  const std::string resources =
      row.source ? resources_text(row.source->remaining_resources) : std::string{};
  if (refused.resources.empty()) refused.resources = resources;
  if (refused.started_by != deployment || refused.resources != resources) {
    memory_.refusals.erase(found);
    return;
  }
  if (failures.count == 0 || refused.last_at > failures.last_at) {
    failures.last_at = refused.last_at;
    failures.reason = refused.reason;
  }
  failures.count += refused.count;
  failures.refused = true;
}

// Where nobody has tried for long there is nobody left to try: then it says nothing any more.
void Recall::add_denials(const std::string& deployment, StartFailures& failures) const {
  const auto found = memory_.denials.find(deployment);
  if (found == memory_.denials.end()) return;
  if (now_ - found->second.last_at > options_.denial_kept) {
    memory_.denials.erase(found);
    return;
  }
  const StartDenial& denial = found->second;
  if (failures.count == 0 || denial.last_at > failures.last_at) {
    failures.last_at = denial.last_at;
    failures.reason = denial.reason;
  }
  failures.count += denial.count;
  failures.refused = true;
}

}  // namespace blox::scheduler
