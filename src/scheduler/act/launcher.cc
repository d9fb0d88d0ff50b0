#include "scheduler/act/launcher.h"

#include <algorithm>
#include <utility>

#include "base/bisection.h"
#include "base/log.h"
#include "scheduler/act/ecs_errors.h"

namespace blox::scheduler {
namespace {

double seconds_between(TimePoint from, TimePoint to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

const Pause* Launcher::find_pause(const ClusterArn& cluster) const {
  if (pause_.is_on(context_.now())) return &pause_;
  const auto found = lanes_.find(cluster);
  const bool paused = found != lanes_.end() && found->second.pause.is_on(context_.now());
  return paused ? &found->second.pause : nullptr;
}

std::string Launcher::why_paused(const ClusterArn& cluster) const {
  const Pause* found = find_pause(cluster);
  return found ? found->why : std::string{};
}

std::optional<TimePoint> Launcher::next_due() const {
  std::optional<TimePoint> due;
  if (pause_.is_on(context_.now())) due = pause_.until;
  for (const auto& [cluster, lane] : lanes_) {
    if (lane.pause.is_on(context_.now()) && (!due || lane.pause.until < *due)) {
      due = lane.pause.until;
    }
  }
  return due;
}

std::size_t Launcher::free_calls(const ClusterArn& cluster, const DeploymentId& deployment) const {
  if (find_pause(cluster)) return 0;
  const std::size_t free =
      context_.options.start_calls_max - std::min(context_.options.start_calls_max, call_count_);
  const auto lane = lanes_.find(cluster);
  bool one_at_a_time = false;
  if (lane != lanes_.end() && lane->second.unsure) {
    if (lane->second.call_count > 0) return 0;
    one_at_a_time = true;
  }
  if (context_.memory.denials.contains(deployment.value)) {
    if (calling_.contains(deployment)) return 0;
    one_at_a_time = true;
  }
  return one_at_a_time ? std::min<std::size_t>(free, 1) : free;
}

void Launcher::start(std::vector<Launch> launches) {
  for (const auto& launch : launches) busy_.insert(key_of(launch.intent));
  ++call_count_;
  ++lanes_[launches.front().intent.cluster].call_count;
  calling_.insert(launches.front().intent.deployment);
  scope_.spawn(run(std::move(launches)));
}

Async<void> Launcher::run(std::vector<Launch> launches) {
  std::vector<IntentKey> keys;
  for (const auto& launch : launches) keys.push_back(key_of(launch.intent));
  const ClusterArn cluster = launches.front().intent.cluster;
  const DeploymentId deployment = launches.front().intent.deployment;
  co_await open_and_call(std::move(launches));
  for (const auto& key : keys) busy_.erase(key);
  --call_count_;
  calling_.erase(calling_.find(deployment));
  const auto lane = lanes_.find(cluster);
  if (--lane->second.call_count == 0 && !lane->second.unsure && lane->second.pause.count == 0) {
    lanes_.erase(lane);
  }
  context_.changed.notify_all();
}

Async<void> Launcher::open_and_call(std::vector<Launch> launches) {
  std::vector<Intent> intents;
  for (const auto& launch : launches) intents.push_back(launch.intent);
  auto opened = co_await context_.log.open(std::move(intents));
  if (!opened) {
    // Overtaken by a change of the records: the next round decides from them as they are now.
    if (opened.error().kind == ErrorKind::kConflict) co_return;
    begin(pause_, "cannot open intents: " + opened.error().message);
    co_await drop_unsent(std::move(launches));
    co_return;
  }
  const TimePoint now = context_.now();
  std::vector<Opened> stored;
  for (std::size_t i = 0; i < launches.size(); ++i) {
    stored.push_back({std::move((*opened)[i]), launches[i].confirmed_at});
    if (launches[i].wanted_since && is_fresh(stored.back())) {
      context_.metrics.wanted_to_start.Observe(seconds_between(*launches[i].wanted_since, now));
    }
  }
  co_await call_by_halves(std::move(stored));
}

// A call that is refused as a whole is made again by halves, until it shows which instances are to
// blame. Once a call says something else, the rest is left to a later round.
Async<void> Launcher::call_by_halves(std::vector<Opened> launches) {
  Bisection<Opened> parts{std::move(launches)};
  bool goes_on = true;
  while (!parts.empty()) {
    std::vector<Opened> part = parts.next();
    std::vector<Opened> fresh;
    if (goes_on) fresh = take_fresh(part);
    if (!part.empty()) co_await close_unsent(std::move(part));
    if (fresh.empty()) continue;
    const TimePoint sent_at = context_.now();
    auto answer = co_await call(fresh);
    const bool refused =
        !answer && answer.error().kind == ErrorKind::kInvalid && !blames_definition(answer.error());
    if (refused && fresh.size() > 1) {
      parts.split(std::move(fresh));
      continue;
    }
    goes_on = answer.has_value() || refused;
    co_await settle(std::move(fresh), std::move(answer), sent_at);
  }
}

bool Launcher::is_fresh(const Opened& launch) const {
  return !context_.stopping &&
         context_.now() - launch.confirmed_at < context_.options.assumptions.observation_age_max;
}

// Those that may be sent; what is left is too old, as the disk was slow or calls were.
std::vector<Launcher::Opened> Launcher::take_fresh(std::vector<Opened>& launches) const {
  std::vector<Opened> fresh;
  std::vector<Opened> old;
  for (auto& launch : launches) (is_fresh(launch) ? fresh : old).push_back(std::move(launch));
  launches = std::move(old);
  return fresh;
}

Async<Launcher::Answer> Launcher::call(std::vector<Opened> launches) {
  const Intent& first = launches.front().intent;
  aws::StartRequest request;
  request.cluster = first.cluster;
  request.task_definition = first.task_definition;
  request.started_by = first.deployment.value;
  request.group = first.group;
  for (const auto& launch : launches) {
    const Intent& intent = launch.intent;
    request.instances.push_back(intent.instance);
    log::info("act", "start {} on {} for {}, attempt {}: {}", intent.task_definition.value,
              intent.instance.value, intent.group, intent.attempt, intent.reason);
  }
  co_return co_await context_.control.start_task(std::move(request));
}

Async<void> Launcher::close_unsent(std::vector<Opened> launches) {
  std::vector<IntentClosing> closings;
  for (const auto& launch : launches) closings.push_back(closing_of(launch.intent));
  co_await close_durably(context_, std::move(closings));
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

Async<void> Launcher::settle(std::vector<Opened> launches, Answer answer, TimePoint sent_at) {
  const Intent& first = launches.front().intent;
  if (!answer) {
    log::warn("act", "StartTask on {} instances for {}: {}: {}", launches.size(), first.group,
              to_text(answer.error().kind), answer.error().message);
  }
  note_answer(first, answer, sent_at);
  std::vector<IntentClosing> closings;
  for (const auto& launch : launches) {
    auto closing = conclude(launch.intent, answer);
    if (closing) {
      closings.push_back(std::move(*closing));
    } else {
      context_.metrics.unknown_outcomes.Increment();
    }
  }
  if (!closings.empty()) co_await close_durably(context_, std::move(closings));
}

// What the answer says of others than the instances it was asked for.
void Launcher::note_answer(const Intent& first, const Answer& answer, TimePoint sent_at) {
  Lane& lane = lanes_[first.cluster];
  if (answer || answer.error().kind == ErrorKind::kInvalid || blames_definition(answer.error())) {
    pause_.count = 0;
    lane.pause = {};
    lane.unsure = false;
    if (!answer && blames_definition(answer.error())) {
      context_.metrics.refusals.Increment();
      context_.memory.note_denial(first.deployment.value, sent_at, context_.now(),
                                  answer.error().message);
    }
    return;
  }
  const Error& error = answer.error();
  if (error.kind == ErrorKind::kThrottled || error.kind == ErrorKind::kUnavailable) {
    return begin(pause_, error.message);
  }
  lane.unsure = lane.unsure || error.kind == ErrorKind::kUnknown;
  begin(lane.pause, error.message);
}

// None: nobody knows what happened.
std::optional<IntentClosing> Launcher::conclude(const Intent& intent, const Answer& answer) {
  IntentClosing closing = closing_of(intent);
  if (!answer) {
    const Error& error = answer.error();
    if (error.kind == ErrorKind::kUnknown) return std::nullopt;
    // Else nobody looked at the instance; starts pause, or the deployment is to blame.
    if (error.kind == ErrorKind::kInvalid && !blames_definition(error)) {
      refuse(intent, error.message);
    }
    return closing;
  }
  const auto entry = std::ranges::find(*answer, intent.instance, &aws::StartedOn::instance);
  if (entry == answer->end()) return std::nullopt;  // It was asked for and not spoken of.
  // Whatever it says of the instance, we may start it.
  context_.memory.denials.erase(intent.deployment.value);
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

void Launcher::begin(Pause& pause, const std::string& why) {
  const TimePoint now = context_.now();
  if (!pause.begin(now, context_.options.call_retry, why)) return;
  log::warn("act", "starts pause for {}: {}", format_duration(pause.until - now), why);
}

}  // namespace blox::scheduler
