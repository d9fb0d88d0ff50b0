#include "scheduler/act/stopper.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "scheduler/act/ecs_errors.h"
#include "scheduler/act/report_fields.h"
#include "scheduler/plan/launch_memory.h"

namespace blox::scheduler {
namespace {

// Bytes of the reason that StopTask takes. Source: API/StopTask.
constexpr std::size_t kReasonBytesMax = 255;

// Those of tasks that no open stop is about any more.
void forget_refusals(std::map<TaskArn, StopRefusals>& refusals,
                     const std::map<IntentKey, Intent>& intents) {
  if (refusals.empty()) return;
  std::set<TaskArn> wanted;
  for (const auto& [key, intent] : intents) {
    if (intent.kind != IntentKind::kStop) continue;
    wanted.insert(intent.known_tasks.begin(), intent.known_tasks.end());
  }
  std::erase_if(refusals, [&](const auto& refused) { return !wanted.contains(refused.first); });
}

}  // namespace

Stopper::Entry Stopper::new_entry(const Intent& intent) const {
  Entry entry;
  entry.launch_id = intent.launch_id;
  entry.cluster = intent.cluster;
  entry.next_at = entry.called_at = context_.now();
  entry.ask_at = context_.now() + context_.options.stop_repeat.first;
  return entry;
}

void Stopper::expect(const Intent& intent) {
  Entry entry = new_entry(intent);
  entry.opening = true;
  entry.sent = false;
  entries_.insert_or_assign(key_of(intent), std::move(entry));
}

void Stopper::told(const IntentKey& key) {
  const auto found = entries_.find(key);
  if (found != entries_.end()) found->second.opening = false;
}

bool Stopper::may_have_sent(const Intent& intent) const {
  const auto found = entries_.find(key_of(intent));
  return found == entries_.end() || found->second.launch_id != intent.launch_id ||
         found->second.sent;
}

bool Stopper::withdraw(const Intent& intent) {
  Entry* entry = find_entry(intent);
  if (!entry || may_have_sent(intent)) return false;
  entry->withdrawn = true;
  return true;
}

void Stopper::drive(const StopAdvice& advice) {
  const auto& intents = context_.records().intents;
  std::erase_if(entries_, [&](const auto& entry) {
    if (entry.second.opening) return false;
    const auto found = intents.find(entry.first);
    return found == intents.end() || found->second.launch_id != entry.second.launch_id;
  });
  forget_refusals(context_.memory.stop_refusals, intents);
  Due due = take_due(advice);
  while (!due.empty() && call_count_ < context_.options.stop_calls_max) {
    auto next = due.upper_bound(turn_);
    if (next == due.end()) next = due.begin();
    turn_ = next->first;
    begin_call(*next->second.back());
    next->second.pop_back();
    if (next->second.empty()) due.erase(next);
  }
}

// What may be called for or asked about now, by environment; of each the first one last.
Stopper::Due Stopper::take_due(const StopAdvice& advice) {
  Due due;
  for (const auto& [key, intent] : context_.records().intents) {
    if (intent.kind != IntentKind::kStop || intent.known_tasks.empty()) continue;
    const auto [at, is_new] = entries_.try_emplace(key);
    Entry& entry = at->second;
    if (is_new) entry = new_entry(intent);
    entry.wanted = !advice.undecided.contains(key.first) && !advice.unwanted.contains(key);
    if (entry.calling || entry.withdrawn || entry.due_at() > context_.now()) continue;
    if (advice.held.contains(key)) {
      entry.next_at = entry.ask_at = context_.now() + context_.options.stop_repeat.first;
      continue;
    }
    if (!is_paused(intent.cluster)) due[key.first].push_back(&intent);
  }
  for (auto& [uid, stops] : due) std::ranges::reverse(stops);
  return due;
}

void Stopper::begin_call(const Intent& intent) {
  Entry& entry = entries_.at(key_of(intent));
  entry.calling = true;
  ++call_count_;
  scope_.spawn(entry.wanted ? call(intent, std::exchange(entry.sent, true)) : ask(intent));
}

bool Stopper::is_paused(const ClusterArn& cluster) const {
  const auto found = pauses_.find(cluster);
  return found != pauses_.end() && found->second.is_on(context_.now());
}

std::optional<TimePoint> Stopper::next_due() const {
  std::optional<TimePoint> due;
  for (const auto& [key, entry] : entries_) {
    if (entry.calling || entry.withdrawn || entry.opening) continue;
    TimePoint at = entry.due_at();
    const auto pause = pauses_.find(entry.cluster);
    if (pause != pauses_.end()) at = std::max(at, pause->second.until);
    if (!due || at < *due) due = at;
  }
  return due;
}

// None: the intent was closed while it was called for.
Stopper::Entry* Stopper::find_entry(const Intent& intent) {
  const auto found = entries_.find(key_of(intent));
  if (found == entries_.end() || found->second.launch_id != intent.launch_id) return nullptr;
  return &found->second;
}

Async<void> Stopper::call(Intent intent, bool was_sent) {
  // Ours alone is stopped, whatever the record says: who started it is in our store.
  if (!context_.records().deployments.contains(intent.deployment)) {
    log::warn("act", "no stop of {}: no deployment of ours started it",
              intent.known_tasks.front().value);
    co_await close(intent);
  } else {
    const Status stopped = co_await call_ecs(intent);
    if (stopped) {
      pauses_.erase(intent.cluster);
      context_.memory.stop_refusals.erase(intent.known_tasks.front());
    } else if (is_access_denied(stopped.error()) || stopped.error().kind == ErrorKind::kInvalid) {
      context_.memory.note_stop_refusal(intent.known_tasks.front(), stopped.error().message);
    }
    if (!stopped && stopped.error().kind == ErrorKind::kDenied) {
      pauses_[intent.cluster].begin(context_.now(), context_.options.call_retry,
                                    stopped.error().message);
    }
    Entry* entry = find_entry(intent);
    const bool not_done = !stopped && is_outcome_known(stopped.error().kind);
    if (entry && not_done) entry->sent = was_sent;
    if (entry && !not_done) entry->called_at = context_.now();
    const bool gone = !stopped && (stopped.error().kind == ErrorKind::kNotFound ||
                                   is_cluster_missing(stopped.error()));
    if (entry && (gone || (stopped && entry->accepted_count > 0))) co_await look(intent);
    if (Entry* called = find_entry(intent)) {
      if (stopped) {
        called->refused_count = 0;
        called->next_at =
            context_.now() + context_.options.stop_repeat.after(++called->accepted_count);
      } else {
        called->next_at =
            context_.now() + context_.options.call_retry.after(++called->refused_count);
      }
    }
  }
  end_call(intent);
}

// A repeated call would end what is to stay, should the earlier ones not have done so.
Async<void> Stopper::ask(Intent intent) {
  co_await look(intent);
  if (Entry* entry = find_entry(intent)) {
    const TimePoint now = context_.now();
    const TimePoint settled = entry->called_at + context_.options.assumptions.settle_time();
    entry->ask_at = now + context_.options.stop_repeat.after(++entry->ask_count);
    // The last question is asked in time, not a whole wait later.
    if (now < settled) entry->ask_at = std::min(entry->ask_at, settled);
  }
  end_call(intent);
}

void Stopper::end_call(const Intent& intent) {
  --call_count_;
  if (Entry* entry = find_entry(intent)) entry->calling = false;
  context_.changed.notify_all();
}

Async<Status> Stopper::call_ecs(const Intent& intent) {
  const TaskArn task = intent.known_tasks.front();
  log::info("act", "stop {} on {} of {}: {}", task.value, intent.instance.value, intent.group,
            intent.reason);
  std::string reason = std::string{kStopReasonPrefix} + intent.reason;
  reason.resize(std::min(reason.size(), kReasonBytesMax));
  auto stopped = co_await context_.control.stop_task(intent.cluster, task, std::move(reason));
  if (stopped) {
    context_.metrics.stops.Increment();
  } else {
    log::warn("act", "StopTask {}: {}: {}", task.value, to_text(stopped.error().kind),
              stopped.error().message);
  }
  co_return stopped;
}

// An event may be lost, and the picture may show the task long after its end: so ask.
Async<void> Stopper::look(const Intent& intent) {
  const TaskArn& task = intent.known_tasks.front();
  const TimePoint asked_at = context_.now();
  std::vector<TaskArn> asked{task};
  const auto described = co_await context_.query.describe_tasks(intent.cluster, std::move(asked));
  if (!described && !is_cluster_missing(described.error())) {
    log::warn("act", "cannot ask what became of the stop of {}: {}", task.value,
              described.error().message);
    co_return;
  }
  const bool missing = !described || std::ranges::count(described->missing, task) > 0;
  Entry* entry = find_entry(intent);
  if (described) {
    for (const auto& [arn, why, is_passing] : described->undescribed) {
      log::warn("act", "ECS could not describe {}, which is to be stopped: {}", arn, why);
    }
    for (const auto& report : described->tasks) {
      if (report.arn != task) continue;
      if (report.last_status.is_final()) {
        auto emptied = note_end(intent, entry, end_of(report, context_.executor.wall_now()));
        co_return co_await close(intent, std::move(emptied));
      } else if (entry && desired_status(report).kind == TaskStatusKind::kRunning &&
                 asked_at >= entry->called_at + context_.options.assumptions.settle_time()) {
        if (std::exchange(entry->sent, false)) context_.metrics.disproved_stops.Increment();
      }
    }
  }
  if (!entry) co_return;
  if (!missing) {
    entry->missing_since.reset();
    co_return;
  }
  if (!entry->missing_since) entry->missing_since = asked_at;
  if (asked_at - *entry->missing_since < context_.options.assumptions.visible_time()) co_return;
  auto emptied = note_missing(intent, *entry);
  co_await close(intent, std::move(emptied));
}

// The picture may go on showing it. It would be stopped again and again, and never be replaced.
// That we ended it counts wherever a call of ours, or of an earlier process, may have done so; that
// is stored with the closing, as the next process has the picture alone.
std::optional<Emptied> Stopper::note_missing(const Intent& intent, const Entry& entry) {
  const TaskArn& task = intent.known_tasks.front();
  const auto shown = context_.tasks.find(task);
  if (shown == context_.tasks.end()) {
    if (!entry.sent) return std::nullopt;
    return emptied_by(context_, intent, TaskArn{});
  }
  EndedTask end;
  end.created_at = shown->second.object.created_at;
  end.started_at = shown->second.object.started_at;
  // It may have begun to serve unseen before our call reached it.
  if (entry.sent && end.started_at.empty()) end.started_at = format_time(intent.created_at);
  end.stopped_at = format_time(context_.executor.wall_now());
  end.stopped_reason =
      entry.sent ? std::string{kStopReasonPrefix} + intent.reason : "ECS does not know it any more";
  context_.memory.ended.insert_or_assign(task, std::move(end));
  if (!entry.sent) return std::nullopt;
  return emptied_by(context_, intent, task);
}

// The event of its end may be lost, and the next full read far. That we ended what served is
// stored with the closing, and with it that the task is over: a crash would forget it.
std::optional<Emptied> Stopper::note_end(const Intent& intent, const Entry* entry, EndedTask end) {
  const TaskArn& task = intent.known_tasks.front();
  const bool ours = !end.started_at.empty() && entry && entry->sent &&
                    std::string_view{end.stopped_reason}.starts_with(kStopReasonPrefix);
  context_.memory.ended.insert_or_assign(task, std::move(end));
  if (!ours) return std::nullopt;
  return emptied_by(context_, intent, task);
}

Async<void> Stopper::close(const Intent& intent, std::optional<Emptied> emptied) {
  if (const Intent* open = context_.find_open(intent)) {
    std::vector<IntentClosing> closings{closing_of(*open)};
    closings.front().emptied = std::move(emptied);
    co_await close_durably(context_, std::move(closings));
  }
}

}  // namespace blox::scheduler
