#include "scheduler/act/launcher.h"

#include <algorithm>

#include "base/log.h"

namespace blox::scheduler {
namespace {

double seconds_between(TimePoint from, TimePoint to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

const Launcher::Pause* Launcher::find_pause(const ClusterArn& cluster) const {
  if (context_.now() < pause_.until) return &pause_;
  const auto found = by_cluster_.find(cluster);
  return found != by_cluster_.end() && context_.now() < found->second.until ? &found->second
                                                                            : nullptr;
}

std::string Launcher::why_paused(const ClusterArn& cluster) const {
  const Pause* found = find_pause(cluster);
  return found ? found->why : std::string{};
}

std::optional<TimePoint> Launcher::next_due() const {
  std::optional<TimePoint> due;
  if (context_.now() < pause_.until) due = pause_.until;
  for (const auto& [cluster, paused] : by_cluster_) {
    if (context_.now() < paused.until && (!due || paused.until < *due)) due = paused.until;
  }
  return due;
}

std::size_t Launcher::free_calls(const ClusterArn& cluster) const {
  if (find_pause(cluster)) return 0;
  return context_.options.start_calls_max - std::min(context_.options.start_calls_max, call_count_);
}

void Launcher::start(std::vector<Launch> launches) {
  for (const auto& launch : launches) busy_.insert(key_of(launch.intent));
  ++call_count_;
  scope_.spawn(run(std::move(launches)));
}

Async<void> Launcher::run(std::vector<Launch> launches) {
  std::vector<IntentKey> keys;
  for (const auto& launch : launches) keys.push_back(key_of(launch.intent));
  co_await open_and_call(std::move(launches));
  for (const auto& key : keys) busy_.erase(key);
  --call_count_;
  context_.changed.notify_all();
}

Async<void> Launcher::open_and_call(std::vector<Launch> launches) {
  std::vector<Intent> intents;
  for (const auto& launch : launches) intents.push_back(launch.intent);
  const auto opened = co_await context_.log.open(std::move(intents));
  if (!opened) {
    // Overtaken by a change of the records: the next round decides from them as they are now.
    if (opened.error().kind == ErrorKind::kConflict) co_return;
    pause(pause_, context_, "cannot open intents: " + opened.error().message);
    co_await drop_unsent(std::move(launches));
    co_return;
  }
  const TimePoint now = context_.now();
  std::vector<Intent> sent;
  std::vector<IntentClosing> unsent;
  for (std::size_t i = 0; i < launches.size(); ++i) {
    const Intent& intent = (*opened)[i];
    if (!context_.stopping &&
        now - launches[i].confirmed_at < context_.options.assumptions.observation_age_max) {
      sent.push_back(intent);
      if (launches[i].wanted_since) {
        context_.metrics.wanted_to_start.Observe(seconds_between(*launches[i].wanted_since, now));
      }
    } else {
      unsent.push_back(closing_of(intent));
    }
  }
  if (!unsent.empty()) co_await close_durably(context_, std::move(unsent));
  if (sent.empty()) co_return;

  aws::StartRequest request;
  request.cluster = sent.front().cluster;
  request.task_definition = sent.front().task_definition;
  request.started_by = sent.front().deployment.value;
  request.group = sent.front().group;
  for (const auto& intent : sent) {
    request.instances.push_back(intent.instance);
    log::info("act", "start {} on {} for {}, attempt {}: {}", intent.task_definition.value,
              intent.instance.value, intent.group, intent.attempt, intent.reason);
  }
  auto answer = co_await context_.control.start_task(std::move(request));
  co_await settle(std::move(sent), std::move(answer));
}

// The store may have taken the intents although it could not say so. None of them was sent.
Async<void> Launcher::drop_unsent(std::vector<Launch> launches) {
  std::vector<IntentClosing> closings;
  for (const auto& launch : launches) {
    if (const Intent* open = context_.find_open(launch.intent)) {
      closings.push_back(closing_of(*open));
    }
  }
  if (!closings.empty()) co_await close_durably(context_, std::move(closings));
}

Async<void> Launcher::settle(std::vector<Intent> intents, Answer answer) {
  if (!answer) {
    const Error& error = answer.error();
    log::warn("act", "StartTask on {} instances for {}: {}: {}", intents.size(),
              intents.front().group, to_text(error.kind), error.message);
    pause_for(intents.front().cluster, error);
  } else {
    pause_.count = 0;
    by_cluster_.erase(intents.front().cluster);
  }
  std::vector<IntentClosing> closings;
  for (const auto& intent : intents) {
    auto closing = conclude(intent, answer);
    if (closing) {
      closings.push_back(std::move(*closing));
    } else {
      context_.metrics.unknown_outcomes.Increment();
    }
  }
  if (!closings.empty()) co_await close_durably(context_, std::move(closings));
}

// None: nobody knows what happened.
std::optional<IntentClosing> Launcher::conclude(const Intent& intent, const Answer& answer) {
  IntentClosing closing = closing_of(intent);
  if (!answer) {
    switch (answer.error().kind) {
      case ErrorKind::kUnknown: return std::nullopt;
      case ErrorKind::kThrottled:
      case ErrorKind::kUnavailable:
      case ErrorKind::kDenied:
      case ErrorKind::kNotFound: return closing;  // Nobody looked at the instance; starts pause.
      case ErrorKind::kInvalid:
      case ErrorKind::kConflict:
      case ErrorKind::kCompacted:
      case ErrorKind::kInternal: break;
    }
    refuse(intent, answer.error().message);
    return closing;
  }
  const auto entry = std::ranges::find(*answer, intent.instance, &aws::StartedOn::instance);
  if (entry == answer->end()) return std::nullopt;  // It was asked for and not spoken of.
  if (!entry->task) {
    const aws::StartFailure& failure = entry->task.error();
    refuse(intent, failure.detail.empty() ? failure.reason : failure.reason + " " + failure.detail);
    return closing;
  }
  context_.metrics.starts.Increment();
  context_.memory.forget_refusals({intent.environment.value, intent.instance});
  closing.outcomes.push_back(outcome_of(intent, *entry->task));
  return closing;
}

void Launcher::refuse(const Intent& intent, const std::string& reason) {
  context_.metrics.refusals.Increment();
  log::warn("act", "no start on {} for {}: {}", intent.instance.value, intent.group, reason);
  context_.memory.note_refusal({intent.environment.value, intent.instance}, intent.deployment.value,
                               context_.now(), reason);
}

void Launcher::pause_for(const ClusterArn& cluster, const Error& error) {
  if (error.kind == ErrorKind::kThrottled || error.kind == ErrorKind::kUnavailable) {
    pause(pause_, context_, error.message);
  } else if (error.kind == ErrorKind::kDenied || error.kind == ErrorKind::kNotFound) {
    pause(by_cluster_[cluster], context_, error.message);
  }
}

void Launcher::pause(Pause& pause, const ActContext& context, const std::string& why) {
  // Calls that were sent together and fail together count once.
  if (context.now() < pause.until) return;
  pause.until = context.now() + context.options.call_retry.after(++pause.count);
  pause.why = why;
  log::warn("act", "starts pause for {}: {}", format_duration(pause.until - context.now()), why);
}

}  // namespace blox::scheduler
