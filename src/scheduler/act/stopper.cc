#include "scheduler/act/stopper.h"

#include "base/log.h"
#include "scheduler/act/report_fields.h"
#include "scheduler/plan/launch_memory.h"

namespace blox::scheduler {
namespace {

// Bytes of the reason that StopTask takes. Source: API/StopTask.
constexpr std::size_t kReasonBytesMax = 255;

}  // namespace

void Stopper::drive() {
  const auto& intents = context_.records().intents;
  std::erase_if(entries_, [&](const auto& entry) {
    const auto found = intents.find(entry.first);
    return !entry.second.calling &&
           (found == intents.end() || found->second.launch_id != entry.second.launch_id);
  });
  for (const auto& [key, intent] : intents) {
    if (intent.kind != IntentKind::kStop || intent.known_tasks.empty()) continue;
    if (call_count_ >= context_.options.stop_calls_max) return;
    const auto [at, is_new] = entries_.try_emplace(key);
    Entry& entry = at->second;
    if (is_new) {
      entry.launch_id = intent.launch_id;
      entry.next_at = context_.now();
    }
    if (entry.calling || entry.next_at > context_.now()) continue;
    entry.calling = true;
    ++call_count_;
    scope_.spawn(call(intent));
  }
}

std::optional<TimePoint> Stopper::next_due() const {
  std::optional<TimePoint> due;
  for (const auto& [key, entry] : entries_) {
    if (!entry.calling && (!due || entry.next_at < *due)) due = entry.next_at;
  }
  return due;
}

Stopper::Entry* Stopper::find_entry(const Intent& intent) {
  const auto found = entries_.find(key_of(intent));
  return found == entries_.end() ? nullptr : &found->second;
}

Async<void> Stopper::call(Intent intent) {
  const TaskArn task = intent.known_tasks.front();
  // Ours alone is stopped, whatever the record says: who started it is in our store.
  const bool ours = context_.records().deployments.contains(intent.deployment);
  Status stopped = done();
  if (ours) {
    log::info("act", "stop {} on {} of {}: {}", task.value, intent.instance.value, intent.group,
              intent.reason);
    std::string reason = std::string{kStopReasonPrefix} + intent.reason;
    reason.resize(std::min(reason.size(), kReasonBytesMax));
    stopped = co_await context_.control.stop_task(intent.cluster, task, std::move(reason));
  } else {
    stopped = fail(ErrorKind::kNotFound, "no deployment of ours started it");
  }
  if (!stopped) {
    log::warn("act", "StopTask {}: {}: {}", task.value, to_text(stopped.error().kind),
              stopped.error().message);
  }
  if (!stopped && stopped.error().kind == ErrorKind::kNotFound) {
    // Over as far as ECS knows. If the picture shows it still, the next round asks again.
    if (const Intent* open = context_.find_open(intent)) {
      std::vector<IntentClosing> closings{closing_of(*open)};
      co_await close_durably(context_, std::move(closings));
    }
  } else if (stopped) {
    context_.metrics.stops.Increment();
    const Entry* entry = find_entry(intent);
    if (entry && entry->accepted_count > 0) co_await look(intent);
  }
  --call_count_;
  if (Entry* entry = find_entry(intent)) {
    entry->calling = false;
    if (stopped) {
      entry->refused_count = 0;
      entry->next_at = context_.now() + context_.options.stop_repeat.after(++entry->accepted_count);
    } else {
      entry->next_at = context_.now() + context_.options.call_retry.after(++entry->refused_count);
    }
  }
  context_.changed.notify_all();
}

// An event may be lost, and the picture may show the task long after its end: so ask.
Async<void> Stopper::look(const Intent& intent) {
  const TaskArn& task = intent.known_tasks.front();
  std::vector<TaskArn> asked{task};
  const auto described = co_await context_.query.describe_tasks(intent.cluster, std::move(asked));
  if (!described) co_return;
  for (const auto& report : described->tasks) {
    if (report.arn != task || !report.last_status.is_final()) continue;
    context_.memory.ended.insert_or_assign(task, end_of(report, context_.executor.wall_now()));
  }
}

}  // namespace blox::scheduler
