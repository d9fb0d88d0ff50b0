#include "scheduler/act/health_watch.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "scheduler/act/describe.h"
#include "scheduler/act/ecs_errors.h"
#include "scheduler/act/report_fields.h"

namespace blox::scheduler {
namespace {

void take_earlier(std::optional<TimePoint>& due, TimePoint other) {
  if (!due || other < *due) due = other;
}

// Then it says nothing of what was asked about. A right that is missing stays so.
bool is_passing(const Error& error) {
  return error.kind == ErrorKind::kThrottled || error.kind == ErrorKind::kUnavailable ||
         (error.kind == ErrorKind::kDenied && !is_access_denied(error));
}

}  // namespace

void HealthWatch::watch(const Environment& environment, const TaskDefinitionArn& definition,
                        const std::vector<TaskArn>& tasks) {
  std::erase_if(dues_, [this](const auto& entry) {
    return !context_.records().environments.contains(entry.first);
  });
  if (tasks.empty()) {
    dues_.erase(environment.uid);
    return;
  }
  watch_definition(definition);
  const auto checked = context_.memory.checked_containers.find(definition);
  if (checked == context_.memory.checked_containers.end() || checked->second.empty()) {
    dues_.erase(environment.uid);
    return;
  }
  Dues dues;
  Dues& before = dues_[environment.uid];
  std::vector<TaskArn> due;
  for (const auto& task : tasks) {
    const auto known = before.find(task);
    const TimePoint at = known == before.end() ? context_.now() : known->second;
    dues.emplace(task, at);
    if (at <= context_.now()) due.push_back(task);
  }
  before = std::move(dues);
  if (due.empty() || asking_.size() >= context_.options.ask_calls_max ||
      !asking_.insert(environment.uid).second) {
    return;
  }
  // Those that are left out are asked about when these are answered.
  due.resize(std::min(due.size(), context_.options.ask_instances_max));
  scope_.spawn(ask_tasks(environment.uid, environment.cluster, definition, std::move(due)));
}

std::optional<TimePoint> HealthWatch::next_due() const {
  std::optional<TimePoint> due;
  for (const auto& [uid, dues] : dues_) {
    for (const auto& [task, at] : dues) take_earlier(due, at);
  }
  for (const auto& [arn, definition] : definitions_) {
    if (definition.next_at > context_.now()) take_earlier(due, definition.next_at);
  }
  return due;
}

void HealthWatch::watch_definition(const TaskDefinitionArn& definition) {
  // What is forgotten is asked again: a call each, and a wait for the rollouts that need it.
  if (definitions_.size() >= kDefinitionsMax && !definitions_.contains(definition)) {
    std::erase_if(definitions_, [](const auto& entry) { return !entry.second.asking; });
    context_.memory.checked_containers.clear();
  }
  Definition& entry = definitions_[definition];
  if (entry.asking || context_.now() < entry.next_at) return;
  entry.asking = true;
  scope_.spawn(ask_definition(definition));
}

Async<void> HealthWatch::ask_definition(TaskDefinitionArn definition) {
  std::string name = definition.value;
  auto described = co_await context_.query.describe_task_definition(std::move(name));
  Definition& entry = definitions_[definition];
  entry.asking = false;
  const ActOptions& options = context_.options;
  if (described) {
    entry = {false, 0, TimePoint::max()};
    context_.memory.checked_containers.insert_or_assign(definition,
                                                        std::move(described->checked_containers));
  } else if (is_passing(described.error())) {
    entry.next_at = context_.now() + options.call_retry.after(++entry.failure_count);
  } else {
    entry.next_at = context_.now() + options.definition_retry;
    context_.metrics.unknown_checks.Increment();
    log::warn("act", "cannot find out whether {} has a health check, so it counts as without: {}",
              definition.value, described.error().message);
    context_.memory.checked_containers.insert_or_assign(definition, std::vector<std::string>{});
  }
  context_.changed.notify_all();
}

Async<void> HealthWatch::ask_tasks(EnvironmentUid environment, ClusterArn cluster,
                                   TaskDefinitionArn definition, std::vector<TaskArn> tasks) {
  context_.metrics.health_questions.Increment();
  auto asked = tasks;
  const auto described =
      co_await describe_tasks(context_.query, std::move(cluster), std::move(asked));
  const auto checked = context_.memory.checked_containers.find(definition);
  if (!described) {
    log::warn("act", "cannot ask whether {} tasks are healthy: {}", tasks.size(),
              described.error().message);
  } else if (checked != context_.memory.checked_containers.end()) {
    for (const auto& report : described->tasks) note(report, checked->second);
  }
  if (described || !is_passing(described.error())) {
    auto silent = tasks;
    if (described) {
      for (const auto& left_out : described->undescribed) {
        if (left_out.is_passing) std::erase(silent, TaskArn{left_out.arn});
      }
    }
    note_silence(silent);
  }
  if (const auto dues = dues_.find(environment); dues != dues_.end()) {
    for (const auto& task : tasks) {
      const auto due = dues->second.find(task);
      if (due != dues->second.end()) due->second = context_.now() + wait_for_next(task);
    }
  }
  std::erase_if(context_.memory.health,
                [this](const auto& entry) { return !context_.tasks.contains(entry.first); });
  asking_.erase(environment);
  context_.changed.notify_all();
}

void HealthWatch::note(const TaskReport& report, const std::vector<std::string>& checked) {
  if (report.last_status.is_final()) {
    context_.memory.ended.insert_or_assign(report.arn,
                                           end_of(report, context_.executor.wall_now()));
    return;
  }
  const auto shown = context_.tasks.find(report.arn);
  if (shown == context_.tasks.end()) return;
  const HealthWord word = health_of(report, checked);
  auto& known = context_.memory.health[report.arn];
  if (known.since == TimePoint{} || known.word != word) known.since = context_.now();
  known.word = word;
  known.shown = shown->second.object.health_status;
}

// What ECS does not tell may never be told: it counts as what a check does that says nothing. No
// answer is no newer word than the picture's.
void HealthWatch::note_silence(const std::vector<TaskArn>& asked) {
  for (const TaskArn& task : asked) {
    const auto shown = context_.tasks.find(task);
    if (shown == context_.tasks.end() || context_.memory.ended.contains(task)) continue;
    const std::string& told = shown->second.object.health_status;
    if (told == "HEALTHY" || told == "UNHEALTHY") continue;
    AskedHealth silence{HealthWord::kSilent, context_.now(), told};
    context_.memory.health.try_emplace(task, std::move(silence));
  }
}

// One that has said the same for long may never say anything else.
Duration HealthWatch::wait_for_next(const TaskArn& task) const {
  const auto known = context_.memory.health.find(task);
  const bool is_slow = known != context_.memory.health.end() &&
                       context_.now() - known->second.since >= context_.options.health_slow_after;
  return is_slow ? context_.options.health_check_slow : context_.options.health_check;
}

}  // namespace blox::scheduler
