#include "scheduler/rounds/rounds.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "scheduler/environments/record_codec.h"

namespace blox::scheduler {
namespace {

DeploymentStatus status_of(RolloutStatus status) {
  switch (status) {
    case RolloutStatus::kPending: return DeploymentStatus::kPending;
    case RolloutStatus::kRunning: return DeploymentStatus::kRunning;
    case RolloutStatus::kCompleted: return DeploymentStatus::kCompleted;
    case RolloutStatus::kFailed: return DeploymentStatus::kFailed;
  }
  return DeploymentStatus::kPending;
}

void take_earlier(std::optional<TimePoint>& due, std::optional<TimePoint> other) {
  if (other && (!due || *other < *due)) due = other;
}

// After a conflict the next round decides by the records as they have become: that is no trouble.
void report_not_stored(std::string_view what, const Error& error) {
  if (error.kind == ErrorKind::kConflict) {
    log::debug("rounds", "cannot store yet {}: {}", what, error.message);
  } else {
    log::warn("rounds", "cannot store yet {}: {}", what, error.message);
  }
}

}  // namespace

RoundsMetrics::RoundsMetrics(Metrics& metrics)
    : rounds(metrics.counter("blox_scheduler_rounds_total", "Rounds of observe, plan, act")),
      seconds(metrics.seconds("blox_scheduler_round_seconds", "Time a round took")),
      doubled(metrics.counter("doubled_tasks_total",
                              "Times that an instance was seen to have two live tasks of one "
                              "environment")),
      open_intents(metrics.gauge("blox_scheduler_open_intents", "Intents that are not closed")),
      unknown_intents(metrics.gauge("blox_scheduler_unknown_intents",
                                    "Starts whose outcome is being looked for")),
      outcomes(metrics.gauge("blox_scheduler_outcomes", "Started tasks that are being watched")) {}

Rounds::Rounds(const RoundsParts& parts, RoundsOptions options)
    : parts_(parts),
      options_(options),
      observer_(memory_, options.observe),
      context_{parts.executor,        parts.random,
               parts.repository,      parts.log,
               parts.control,         parts.query,
               parts.mirror.tasks(),  memory_,
               options.act,           ActMetrics{parts.metrics},
               Signal{parts.executor}},
      actor_(context_),
      metrics_(parts.metrics),
      environment_metrics_(parts.metrics),
      wake_(parts.executor),
      scope_(parts.executor) {}

Async<void> Rounds::watch(Signal& signal) {
  ++watching_;
  for (;;) {
    co_await signal.wait();
    dirty_ = true;
    wake_.notify_all();
  }
}

Async<void> Rounds::run() {
  scope_.spawn(watch(parts_.mirror.changed()));
  scope_.spawn(watch(parts_.repository.changed()));
  scope_.spawn(watch(context_.changed));
  // No change may come between the first look and the first wait.
  while (watching_ < 3) co_await yield(parts_.executor);
  while (!context_.stopping) {
    dirty_ = false;
    co_await run_once();
    const TimePoint latest = parts_.executor.now() + options_.idle_max;
    const TimePoint due = next_due_ ? std::min(*next_due_, latest) : latest;
    while (!dirty_ && parts_.executor.now() < due) co_await wake_.wait_until(due);
    if (dirty_) co_await sleep_for(parts_.executor, options_.join_window);
  }
}

void Rounds::stop() {
  context_.stopping = true;
  dirty_ = true;
  wake_.notify_all();
}

Async<void> Rounds::run_once() {
  // From here to the end of the loop nothing waits: what is decided rests on one picture.
  const TimePoint now = parts_.executor.now();
  next_due_.reset();
  context_.picture_number = parts_.mirror.list_count();
  const auto worlds = observer_.observe(parts_.repository.records(), view_of(parts_.mirror), now,
                                        parts_.executor.wall_now());
  std::erase_if(parts_.board.environments,
                [&](const auto& entry) { return !worlds.contains(entry.first); });
  std::erase_if(doubled_, [&](const auto& entry) { return !worlds.contains(entry.first); });
  // Environments take turns, as what is begun first takes the free calls.
  auto next = worlds.upper_bound(first_);
  for (std::size_t count = 0; count < worlds.size(); ++count, ++next) {
    if (next == worlds.end()) next = worlds.begin();
    if (count == 0) first_ = next->first;
    decide(parts_.repository.records().environments.at(next->first), next->second);
  }
  environment_metrics_.end_round();
  actor_.drive();
  take_earlier(next_due_, actor_.next_due());
  measure(now);
  co_await store_deployments();
  co_await store_emptied();
}

void Rounds::decide(const Environment& environment, const World& world) {
  const Plan plan = parts_.planner.plan(world);
  take_earlier(next_due_, plan.next_due);
  publish(environment, world, plan);
  note_metrics(environment, world, plan);
  note_doubled(environment, plan);
  note_deployment(environment, plan);
  note_emptied(environment, world);
  actor_.carry_out(environment, plan);
  explain_waits(environment, plan);
}

// The planner knows nothing of calls: what it wants may have to wait for them.
void Rounds::explain_waits(const Environment& environment, const Plan& plan) {
  const std::string pause = actor_.why_paused(environment.cluster);
  auto start = plan.starts.begin();  // All in the order of the instances.
  auto stop = plan.stops.begin();
  for (auto& line : parts_.board.environments.at(environment.uid).instances) {
    const bool starts = start != plan.starts.end() && line.instance == start->instance;
    const bool stops = stop != plan.stops.end() && line.instance == stop->instance;
    if (!starts && !stops) continue;
    if (starts) ++start;
    if (stops) ++stop;
    const std::string why = starts && !pause.empty()
                                ? "starts pause: " + pause
                                : actor_.why_held(environment.uid, line.instance);
    if (why.empty()) continue;
    line.state = to_text(InstanceState::kWaiting);
    line.reason += "; waits: " + why;
  }
}

void Rounds::publish(const Environment& environment, const World& world, const Plan& plan) {
  EnvironmentStatus& status = parts_.board.environments[environment.uid];
  status.healthy = plan.healthy;
  status.reason = plan.reason;
  status.is_decided = plan.decided;
  status.decided_at = parts_.executor.wall_now();
  status.instances.clear();
  for (const auto& line : plan.lines) {
    status.instances.push_back(
        {line.instance, std::string{to_text(line.state)}, line.reason, line.task});
  }
  status.unclaimed.clear();
  for (const auto& instance : world.instances) {
    for (const auto& task : instance.unclaimed) {
      status.unclaimed.push_back({task.arn, instance.arn, task.task_definition, task.started_by,
                                  task.will_end, task.created_at});
    }
  }
}

void Rounds::note_metrics(const Environment& environment, const World& world, const Plan& plan) {
  if (environment.deleting) return;
  const auto& deployments = parts_.repository.records().deployments;
  const auto found =
      environment.deployment ? deployments.find(*environment.deployment) : deployments.end();
  environment_metrics_.note(environment, found == deployments.end() ? nullptr : &found->second,
                            world, plan, parts_.executor.wall_now());
}

// Counts each time that an instance comes to be doubled, not each round that sees it so.
void Rounds::note_doubled(const Environment& environment, const Plan& plan) {
  for (const auto& instance : plan.doubled) {
    if (!doubled_.insert({environment.uid, instance}).second) continue;
    metrics_.doubled.Increment();
    log::error("rounds", "two tasks of '{}' are live on {}", environment.name.value,
               instance.value);
  }
  std::erase_if(doubled_, [&](const auto& entry) {
    return entry.first == environment.uid &&
           std::ranges::find(plan.doubled, entry.second) == plan.doubled.end();
  });
}

void Rounds::note_deployment(const Environment& environment, const Plan& plan) {
  if (!plan.deployment || !environment.deployment) return;
  const auto& deployments = parts_.repository.records().deployments;
  const auto found = deployments.find(*environment.deployment);
  if (found == deployments.end()) return;
  Deployment deployment = found->second;
  const DeploymentStatus before = deployment.status;
  const WallTime now = parts_.executor.wall_now();
  deployment.status = status_of(plan.deployment->status);
  deployment.failed_instances = plan.deployment->failed_instances;
  const bool completes =
      deployment.status == DeploymentStatus::kCompleted && before != DeploymentStatus::kCompleted;
  deployment.left_some_out =
      (completes || deployment.left_some_out) && !deployment.failed_instances.empty();
  deployment.reason = plan.deployment->reason;
  if (deployment.status != before) {
    if (!deployment.started_at) deployment.started_at = now;
    const bool ended = deployment.status == DeploymentStatus::kCompleted ||
                       deployment.status == DeploymentStatus::kFailed;
    if (ended) deployment.ended_at = now;
    log::info("rounds", "deployment {} of '{}' was {} and is {}, {} instances failed{}{}",
              deployment.id.value, environment.name.value, to_text(before),
              to_text(deployment.status), deployment.failed_instances.size(),
              deployment.reason.empty() ? "" : ": ", deployment.reason);
  }
  changed_deployments_.push_back(std::move(deployment));
}

// Each by itself: one that was superseded meanwhile must not keep back the others.
Async<void> Rounds::store_deployments() {
  for (auto& deployment : std::exchange(changed_deployments_, {})) {
    std::vector<Deployment> one{std::move(deployment)};
    const Status stored = co_await parts_.repository.put({}, std::move(one));
    if (!stored) {
      report_not_stored("how a deployment stands", stored.error());
      take_earlier(next_due_, parts_.executor.now() + std::chrono::seconds{1});
    }
  }
}

// The cluster state forgets a stopped task after hours; the records keep what the budget needs.
void Rounds::note_emptied(const Environment& environment, const World& world) {
  // A picture that was not read yet shows nothing, and one of another store may show old things.
  const Picture& picture = world.picture;
  if (environment.deleting || !picture.loaded || !picture.confirmed || !picture.synced_age ||
      picture.awaits_read) {
    return;
  }
  const auto& noted = parts_.repository.records().emptied;
  auto at = noted.lower_bound({environment.uid, ContainerInstanceArn{}});  // In the same order.
  const auto is_left = [&] { return at != noted.end() && at->first.first == environment.uid; };
  for (const auto& instance : world.instances) {
    // Registrations that are gone do not come back.
    while (is_left() && at->first.second < instance.arn) refilled_.push_back((at++)->first);
    if (is_left() && at->first.second == instance.arn) {
      if (!instance.emptied_by_us) refilled_.push_back(at->first);
      ++at;
    } else if (instance.emptied_by_us && !instance.is_supposed_emptied) {
      emptied_.push_back({environment.uid, instance.arn, parts_.executor.wall_now(), TaskArn{}});
    }
  }
  while (is_left()) refilled_.push_back((at++)->first);
}

Async<void> Rounds::store_emptied() {
  if (emptied_.empty() && refilled_.empty()) co_return;
  Status stored = co_await parts_.repository.remove_emptied(std::exchange(refilled_, {}));
  auto emptied = std::exchange(emptied_, {});
  if (stored) stored = co_await parts_.repository.put_emptied(std::move(emptied));
  if (stored) co_return;
  report_not_stored("which instances stops have emptied", stored.error());
  take_earlier(next_due_, parts_.executor.now() + std::chrono::seconds{1});
}

void Rounds::measure(TimePoint begun) {
  const auto took = std::chrono::duration<double>(parts_.executor.now() - begun);
  metrics_.rounds.Increment();
  metrics_.seconds.Observe(took.count());
  const Records& records = parts_.repository.records();
  metrics_.open_intents.Set(static_cast<double>(records.intents.size()));
  metrics_.unknown_intents.Set(static_cast<double>(actor_.unknown_count()));
  metrics_.outcomes.Set(static_cast<double>(records.outcomes.size()));
}

}  // namespace blox::scheduler
