#include "scheduler/act/actor.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace blox::scheduler {
Actor::Actor(ActContext& context)
    : context_(context),
      launcher_(context),
      stopper_(context),
      resolver_(context, launcher_),
      outcome_watch_(context),
      sightings_(context),
      confirmer_(context, sightings_),
      kept_check_(context),
      health_watch_(context),
      remover_(context),
      scope_(context.executor) {}

void Actor::carry_out(const Environment& environment, const Plan& plan) {
  if (!plan.decided) stop_advice_.undecided.insert(environment.uid);
  begin_closings(environment, plan);
  begin_starts(environment, plan);
  begin_stops(environment, plan);
  watch_health(environment, plan);
}

void Actor::watch_health(const Environment& environment, const Plan& plan) {
  if (!environment.deployment) return;
  const auto deployment = context_.records().deployments.find(*environment.deployment);
  if (deployment == context_.records().deployments.end()) return;
  health_watch_.watch(environment, deployment->second.task_definition, plan.health_wanted);
}

void Actor::drive() {
  stopper_.drive(std::exchange(stop_advice_, {}));
  resolver_.drive();
  outcome_watch_.drive();
  remover_.drive();
}

std::optional<TimePoint> Actor::next_due() const {
  std::optional<TimePoint> due;
  for (const auto& candidate :
       {stopper_.next_due(), resolver_.next_due(), outcome_watch_.next_due(), remover_.next_due(),
        confirmer_.next_due(), kept_check_.next_due(), health_watch_.next_due(),
        launcher_.next_due(), std::optional{stops_paused_until_}}) {
    if (candidate && *candidate > context_.now() && (!due || *candidate < *due)) due = candidate;
  }
  return due;
}

std::string Actor::why_held(const EnvironmentUid& environment,
                            const ContainerInstanceArn& instance) const {
  std::string why = confirmer_.why_held(environment, instance);
  return why.empty() ? kept_check_.why_held(environment, instance) : why;
}

// Of a stop that ended a task that served, or may have done so: of one that the picture does not
// show any more it cannot tell. A picture that is read anew may show a task alive that has ended.
std::optional<Emptied> Actor::find_emptied(const Intent& intent) const {
  if (intent.kind != IntentKind::kStop || intent.known_tasks.empty()) return std::nullopt;
  const TaskArn& task = intent.known_tasks.front();
  if (const auto found = context_.tasks.find(task); found != context_.tasks.end()) {
    const Task& shown = found->second.object;
    if (!shown.last_status.is_final() || shown.started_at.empty() ||
        !shown.stopped_reason.starts_with(kStopReasonPrefix)) {
      return std::nullopt;
    }
    return emptied_by(context_, intent, task);
  }
  if (!stopper_.may_have_sent(intent)) return std::nullopt;
  const auto end = context_.memory.ended.find(task);
  if (end != context_.memory.ended.end() && end->second.started_at.empty()) return std::nullopt;
  return emptied_by(context_, intent, TaskArn{});
}

void Actor::begin_closings(const Environment& environment, const Plan& plan) {
  for (const auto& instance : plan.silent_stops) {
    stop_advice_.held.insert({environment.uid, instance});
  }
  std::vector<IntentClosing> closings;
  for (const auto& over : plan.closings) {
    const IntentKey key{environment.uid, over.instance};
    stop_advice_.held.insert(key);
    const auto found = context_.records().intents.find(key);
    // One that a call works on is closed by that call, with all that it learns.
    if (found == context_.records().intents.end() || launcher_.is_busy(key)) continue;
    if (!writing_.insert(key).second) continue;
    closings.push_back(closing_of(found->second));
    closings.back().emptied = find_emptied(found->second);
    // A picture that is read anew may lack what it shows now.
    for (const auto& task : over.started) {
      closings.back().outcomes.push_back(outcome_of(found->second, task));
    }
  }
  for (const auto& instance : plan.withdrawals) {
    const IntentKey key{environment.uid, instance};
    const auto found = context_.records().intents.find(key);
    if (found == context_.records().intents.end()) continue;
    if (writing_.contains(key) || !stopper_.withdraw(found->second)) {
      stop_advice_.unwanted.insert(key);
      continue;
    }
    context_.metrics.withdrawn_stops.Increment();
    log::info("act", "no stop on {} for {} after all", instance.value, found->second.group);
    writing_.insert(key);
    closings.push_back(closing_of(found->second));
  }
  if (!closings.empty()) scope_.spawn(close(std::move(closings)));
}

Async<void> Actor::close(std::vector<IntentClosing> closings) {
  std::vector<IntentKey> keys;
  for (const auto& closing : closings) keys.push_back(closing.intent);
  co_await close_durably(context_, std::move(closings));
  for (const auto& key : keys) writing_.erase(key);
  context_.changed.notify_all();
}

Intent Actor::intent_for(const Environment& environment, IntentKind kind,
                         const ContainerInstanceArn& instance, const std::string& reason) {
  Intent intent;
  intent.kind = kind;
  intent.environment = environment.uid;
  intent.instance = instance;
  intent.cluster = environment.cluster;
  intent.group = "blox:" + environment.name.value;
  intent.launch_id = context_.random.uuid();
  intent.reason = reason;
  intent.created_at = context_.executor.wall_now();
  return intent;
}

void Actor::begin_starts(const Environment& environment, const Plan& plan) {
  confirmer_.clear_held(environment.uid);
  if (plan.starts.empty() || !environment.deployment) return;
  const auto deployment = context_.records().deployments.find(*environment.deployment);
  if (deployment == context_.records().deployments.end()) return;
  // What could not be started anyway is not worth a question.
  const auto is_full = [&] {
    return launcher_.free_calls(environment.cluster, deployment->first) == 0;
  };
  if (is_full()) return;
  std::vector<Launch> launches;
  for (auto& start : confirmer_.admit(environment, plan)) {
    const IntentKey key{environment.uid, start.instance};
    if (launcher_.is_busy(key) || writing_.contains(key)) continue;
    if (is_full()) return;
    Launch launch;
    launch.intent = intent_for(environment, IntentKind::kStart, start.instance, start.reason);
    launch.intent.deployment = deployment->first;
    launch.intent.task_definition = deployment->second.task_definition;
    launch.intent.attempt = start.attempt;
    launch.intent.known_tasks = std::move(start.known_tasks);
    launch.confirmed_at = *start.confirmed_at;
    if (start.attempt == 1) launch.wanted_since = start.wanted_since;
    launches.push_back(std::move(launch));
    if (launches.size() < aws::kStartInstancesMax) continue;
    launcher_.start(std::exchange(launches, {}));
  }
  if (!launches.empty()) launcher_.start(std::move(launches));
}

void Actor::begin_stops(const Environment& environment, const Plan& plan) {
  const auto stops = kept_check_.admit(environment, plan);
  // Until they are stored the next plan does not see them in its budget: one lot at a time.
  if (context_.now() < stops_paused_until_ || opening_stops_.contains(environment.uid)) return;
  std::vector<Intent> intents;
  for (const auto& stop : stops) {
    const IntentKey key{environment.uid, stop.instance};
    if (intents.size() >= kRecordsPerCommit || launcher_.is_busy(key)) continue;
    if (!writing_.insert(key).second) continue;
    Intent intent = intent_for(environment, IntentKind::kStop, stop.instance, stop.reason);
    intent.deployment = DeploymentId{stop.started_by};
    const auto started = context_.records().deployments.find(intent.deployment);
    if (started != context_.records().deployments.end()) {
      intent.task_definition = started->second.task_definition;
    }
    intent.known_tasks = {stop.task};
    const auto shown = context_.tasks.find(stop.task);
    if (!stop.kept && shown != context_.tasks.end()) {
      const auto created_at = parse_time(shown->second.object.created_at);
      if (created_at) intent.task_created_at = *created_at;
    }
    stopper_.expect(intent);
    intents.push_back(std::move(intent));
  }
  if (intents.empty()) return;
  opening_stops_.insert(environment.uid);
  scope_.spawn(open_stops(environment.uid, std::move(intents)));
}

// The stopper finds them in the records, in the round that their being stored brings about.
Async<void> Actor::open_stops(EnvironmentUid environment, std::vector<Intent> intents) {
  std::vector<IntentKey> keys;
  for (const auto& intent : intents) keys.push_back(key_of(intent));
  const auto opened = co_await context_.log.open(std::move(intents));
  if (!opened) {
    log::warn("act", "cannot open {} stop intents: {}", keys.size(), opened.error().message);
    stops_paused_until_ = context_.now() + context_.options.call_retry.first;
  }
  opening_stops_.erase(environment);
  for (const auto& key : keys) {
    writing_.erase(key);
    stopper_.told(key);
  }
  context_.changed.notify_all();
}

}  // namespace blox::scheduler
