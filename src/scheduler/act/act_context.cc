#include "scheduler/act/act_context.h"

#include <algorithm>
#include <set>

#include "base/log.h"

namespace blox::scheduler {

ActMetrics::ActMetrics(Metrics& metrics)
    : starts(metrics.counter("blox_scheduler_starts_total", "Tasks that ECS said it started")),
      refusals(metrics.counter("blox_scheduler_start_refusals_total", "Starts that ECS refused")),
      stops(metrics.counter("blox_scheduler_stops_total", "StopTask calls that ECS accepted")),
      disproved_stops(metrics.counter("blox_scheduler_disproved_stops_total",
                                      "Stops of which ECS said in the end that they had no "
                                      "effect")),
      withdrawn_stops(
          metrics.counter("blox_scheduler_withdrawn_stops_total", "Stops that were taken back")),
      unknown_outcomes(metrics.counter("blox_scheduler_unknown_outcomes_total",
                                       "Starts whose outcome was not known at first")),
      unknown_found(metrics.counter("blox_scheduler_unknown_resolved_total",
                                    "Unknown starts that were resolved", {{"as", "started"}})),
      unknown_absent(metrics.counter("blox_scheduler_unknown_resolved_total",
                                     "Unknown starts that were resolved", {{"as", "not_started"}})),
      confirmations(metrics.counter("blox_scheduler_confirmations_total",
                                    "Times that ECS was asked before a start or a stop")),
      health_questions(metrics.counter("blox_scheduler_health_questions_total",
                                       "Times that ECS was asked whether new tasks are healthy")),
      unknown_checks(metrics.counter("blox_scheduler_unknown_health_checks_total",
                                     "Times that ECS did not say whether a task definition has a "
                                     "health check")),
      wanted_to_start(metrics.seconds(
          "blox_scheduler_wanted_to_start_seconds",
          "From an eligible instance without a task to its StartTask, first attempts")) {}

const Intent* ActContext::find_open(const Intent& intent) const {
  const auto found = records().intents.find(key_of(intent));
  if (found == records().intents.end() || found->second.launch_id != intent.launch_id) {
    return nullptr;
  }
  return &found->second;
}

IntentKey key_of(const Intent& intent) { return {intent.environment, intent.instance}; }

IntentClosing closing_of(const Intent& intent) { return {key_of(intent), intent.mod_revision, {}}; }

Emptied emptied_by(const ActContext& context, const Intent& intent, TaskArn task) {
  const auto is_shown_alive = [&](const TaskArn& arn) {
    const auto shown = context.tasks.find(arn);
    return shown != context.tasks.end() && !shown->second.object.last_status.is_final() &&
           shown->second.object.container_instance == intent.instance;
  };
  std::set<TaskArn> over;
  auto created_at = intent.task_created_at;
  const auto noted = context.records().emptied.find(key_of(intent));
  if (noted != context.records().emptied.end()) {
    over.insert(noted->second.task);
    over.insert(noted->second.also_over.begin(), noted->second.also_over.end());
    if (!created_at) created_at = noted->second.task_created_at;
  }
  for (const auto& [arn, end] : context.memory.ended) over.insert(arn);
  std::erase_if(over, [&](const TaskArn& arn) { return arn == task || !is_shown_alive(arn); });
  return {intent.environment,         intent.instance, context.executor.wall_now(), std::move(task),
          {over.begin(), over.end()}, created_at};
}

Outcome outcome_of(const Intent& intent, TaskArn task) {
  Outcome outcome;
  outcome.environment = intent.environment;
  outcome.instance = intent.instance;
  outcome.cluster = intent.cluster;
  outcome.deployment = intent.deployment;
  outcome.task_definition = intent.task_definition;
  outcome.task = std::move(task);
  outcome.started_at = intent.created_at;
  return outcome;
}

Async<void> close_durably(ActContext& context, std::vector<IntentClosing> closings) {
  // Ends when all are stored: each failure but a conflict says that nothing was, or (unknown) has
  // made the repository read again which of them are still open.
  for (int failure_count = 0; !closings.empty();) {
    auto attempt = closings;
    const Status closed = co_await context.log.close(std::move(attempt));
    if (closed) co_return;
    log::warn("act", "cannot close {} intents yet: {}", closings.size(), closed.error().message);
    ++failure_count;
    co_await sleep_for(context.executor, context.options.write_retry.after(failure_count));
    std::erase_if(closings, [&](const IntentClosing& closing) {
      const auto found = context.records().intents.find(closing.intent);
      return found == context.records().intents.end() ||
             found->second.mod_revision != closing.mod_revision;
    });
  }
}

}  // namespace blox::scheduler
