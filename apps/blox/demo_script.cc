#include "blox/demo_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "blox/demo_promises.h"
#include "model/arn.h"

namespace blox::apps {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kCluster = "demo";
constexpr const char* kEnvironment = "agents";
constexpr const char* kGroup = "blox:agents";
constexpr Duration kLookEvery = milliseconds{100};
constexpr Duration kStepMax = seconds{60};

// True when all eligible instances run exactly one task, of that definition.
bool all_run(const Truth& truth, const std::string& definition, std::size_t instances) {
  std::size_t eligible = 0;
  for (const auto& instance : truth.instances) {
    if (!is_eligible(instance)) continue;
    ++eligible;
    if (!runs_exactly(instance, definition)) return false;
  }
  return eligible == instances;
}

std::string name_of(const std::string& arn) { return std::string{short_id(arn).substr(0, 8)}; }

}  // namespace

Async<Result<Truth>> DemoScript::look() { return parts_.world.look(kCluster, kGroup); }

Async<Status> DemoScript::await_serving(std::string definition, std::size_t instances) {
  const TimePoint begun = now();
  for (;;) {
    const auto status = co_await parts_.scheduler.list_instances(kEnvironment);
    if (status) parts_.screen.show_progress(now(), *status);
    const auto truth = co_await look();
    if (!truth) co_return std::unexpected(truth.error());
    if (all_run(*truth, definition, instances)) break;
    if (now() - begun > kStepMax) {
      co_return fail(ErrorKind::kUnavailable,
                     fmt::format("not every instance runs one task of {} after {}",
                                 short_id(definition), format_duration(kStepMax)));
    }
    co_await sleep_for(parts_.executor, kLookEvery);
  }
  const std::chrono::duration<double> took = now() - begun;
  parts_.screen.say(
      now(), fmt::format("{} of {} instances run exactly one task of {}, after {:.1f} s", instances,
                         instances, short_id(definition), took.count()));
  co_return done();
}

Async<Status> DemoScript::gather_instances() {
  parts_.screen.begin_step(now(), "20 container instances join the cluster \"demo\"");
  if (auto made = co_await parts_.world.create_cluster(kCluster); !made) co_return made;
  auto joined = co_await parts_.world.join(kCluster, 20);
  if (!joined) co_return std::unexpected(joined.error());
  instances_ = *std::move(joined);
  const TimePoint begun = now();
  for (;;) {
    const auto listed = co_await parts_.state.list_instances({.cluster = kCluster, .status = {}});
    if (listed && listed->items.size() == instances_.size()) break;
    if (now() - begun > kStepMax) {
      co_return fail(ErrorKind::kUnavailable, "the cluster-state-service does not show them all");
    }
    co_await sleep_for(parts_.executor, kLookEvery);
  }
  parts_.screen.say(now(), "the cluster-state-service shows all 20, by events from the queue");
  co_return done();
}

Async<Status> DemoScript::deploy() {
  parts_.screen.begin_step(now(), "deploy the daemon \"agents\", task definition agent:1");
  auto registered = co_await parts_.world.register_task_definition("agent", "agent:1.0");
  if (!registered) co_return std::unexpected(registered.error());
  definition_ = *std::move(registered);
  client::EnvironmentRequest request;
  request.name = kEnvironment;
  request.cluster = kCluster;
  request.task_definition = definition_;
  request.max_unavailable = "10%";
  request.min_healthy = "0s";  // So that the story is soon told.
  const auto created = co_await parts_.scheduler.create_environment(std::move(request));
  if (!created) co_return std::unexpected(created.error());
  const auto deployed = co_await parts_.scheduler.create_deployment(
      kEnvironment, created->deployment_token, /*supersede=*/false);
  if (!deployed) co_return std::unexpected(deployed.error());
  co_return co_await await_serving(definition_, instances_.size());
}

Async<Status> DemoScript::grow() {
  parts_.screen.begin_step(now(), "5 more instances join; nobody deploys anything");
  auto joined = co_await parts_.world.join(kCluster, 5);
  if (!joined) co_return std::unexpected(joined.error());
  instances_.insert(instances_.end(), joined->begin(), joined->end());
  co_return co_await await_serving(definition_, instances_.size());
}

Async<Status> DemoScript::lose_a_task() {
  const auto truth = co_await look();
  if (!truth) co_return std::unexpected(truth.error());
  const TrueInstance& victim = truth->instances.front();
  const std::string task = victim.daemon_arns.front();
  parts_.screen.begin_step(now(), fmt::format("the task {} on instance {} dies (out of memory)",
                                              name_of(task), name_of(victim.arn)));
  if (auto killed = co_await parts_.world.end_task(task, 137, "OutOfMemoryError"); !killed)
    co_return killed;
  // It counts as gone once the truth no longer shows it.
  const TimePoint begun = now();
  for (;;) {
    const auto seen = co_await look();
    if (!seen) co_return std::unexpected(seen.error());
    const bool there = std::ranges::any_of(seen->instances, [&](const TrueInstance& instance) {
      return std::ranges::find(instance.daemon_arns, task) != instance.daemon_arns.end();
    });
    if (!there) break;
    if (now() - begun > kStepMax) {
      co_return fail(ErrorKind::kInternal, "the killed task does not end");
    }
    co_await sleep_for(parts_.executor, kLookEvery);
  }
  co_return co_await await_serving(definition_, instances_.size());
}

Async<Status> DemoScript::await_no_daemon_on(std::string instance) {
  const TimePoint begun = now();
  for (;;) {
    const auto status = co_await parts_.scheduler.list_instances(kEnvironment);
    if (status) parts_.screen.show_progress(now(), *status);
    const auto truth = co_await look();
    if (!truth) co_return std::unexpected(truth.error());
    const auto found = std::ranges::find(truth->instances, instance, &TrueInstance::arn);
    if (found == truth->instances.end() || found->daemon_tasks.empty()) co_return done();
    if (now() - begun > kStepMax) {
      co_return fail(ErrorKind::kUnavailable, "the daemon does not leave the draining instance");
    }
    co_await sleep_for(parts_.executor, kLookEvery);
  }
}

Async<Status> DemoScript::drain_an_instance() {
  const std::string instance = instances_.back();
  parts_.screen.begin_step(
      now(),
      fmt::format("instance {} drains, while a web task still runs there", name_of(instance)));
  auto registered = co_await parts_.world.register_task_definition("web", "web:1.0");
  if (!registered) co_return std::unexpected(registered.error());
  const auto web = co_await parts_.world.start_foreign_task(kCluster, *registered, instance);
  if (!web) co_return std::unexpected(web.error());
  if (auto drained = co_await parts_.world.drain(kCluster, instance); !drained) co_return drained;
  co_await sleep_for(parts_.executor, seconds{2});
  const auto status = co_await parts_.scheduler.list_instances(kEnvironment);
  if (status) {
    const auto line = std::ranges::find(status->items, instance,
                                        &codec::InstanceStatusObject::container_instance_arn);
    if (line != status->items.end()) {
      parts_.screen.say(now(), "the daemon leaves last: " + line->reason);
    }
  }
  parts_.screen.say(now(), "the web task ends");
  if (auto ended = co_await parts_.world.end_task(*web, 0, "its work is done"); !ended) {
    co_return ended;
  }
  if (auto left = co_await await_no_daemon_on(instance); !left) co_return left;
  parts_.screen.say(now(), "nothing else ran there any more, so the daemon left too");
  co_return co_await await_serving(definition_, instances_.size() - 1);
}

Async<Status> DemoScript::put_into_effect(client::EnvironmentRequest change) {
  const auto patched = co_await parts_.scheduler.patch_environment(kEnvironment, std::move(change));
  if (!patched) co_return std::unexpected(patched.error());
  const auto deployed = co_await parts_.scheduler.create_deployment(
      kEnvironment, patched->deployment_token, /*supersede=*/true);
  if (!deployed) co_return std::unexpected(deployed.error());
  deployment_ = deployed->id;
  co_return done();
}

Async<Status> DemoScript::roll_out() {
  parts_.screen.begin_step(now(), "roll out agent:2, at most 10% of the instances at a time");
  auto registered = co_await parts_.world.register_task_definition("agent", "agent:2.0");
  if (!registered) co_return std::unexpected(registered.error());
  definition_ = *std::move(registered);
  client::EnvironmentRequest request;
  request.task_definition = definition_;
  if (auto begun = co_await put_into_effect(std::move(request)); !begun) co_return begun;
  co_return co_await await_serving(definition_, instances_.size() - 1);
}

Async<Status> DemoScript::await_failure() {
  const TimePoint begun = now();
  for (;;) {
    const auto status = co_await parts_.scheduler.list_instances(kEnvironment);
    if (status) parts_.screen.show_progress(now(), *status);
    const auto deployment = co_await parts_.scheduler.get_deployment(kEnvironment, deployment_);
    if (deployment && deployment->status == "failed") {
      parts_.screen.say(now(), "the deployment has failed: " + deployment->reason);
      break;
    }
    if (now() - begun > kStepMax) {
      co_return fail(ErrorKind::kUnavailable, "nobody notices that the tasks of agent:3 die");
    }
    co_await sleep_for(parts_.executor, kLookEvery);
  }
  const auto truth = co_await look();
  if (!truth) co_return std::unexpected(truth.error());
  const auto spared = std::ranges::count_if(truth->instances, [this](const TrueInstance& instance) {
    return is_eligible(instance) && runs_exactly(instance, definition_);
  });
  const auto all = std::ssize(instances_) - 1;
  if (all - spared > all / 10) {
    co_return fail(ErrorKind::kInternal,
                   fmt::format("only {} of {} instances still run agent:2", spared, all));
  }
  parts_.screen.say(now(), fmt::format("{} of {} instances still run agent:2", spared, all));
  co_return done();
}

Async<Status> DemoScript::catch_a_bad_revision() {
  constexpr Duration kLife = seconds{5};
  parts_.screen.begin_step(
      now(), fmt::format("roll out agent:3, whose tasks die after {}", format_duration(kLife)));
  auto registered = co_await parts_.world.register_task_definition("agent", "agent:3.0");
  if (!registered) co_return std::unexpected(registered.error());
  const std::string revision{short_id(*registered)};
  if (auto set = co_await parts_.world.limit_life(revision, kLife); !set) co_return set;
  client::EnvironmentRequest request;
  request.task_definition = *std::move(registered);
  request.min_healthy = "6s";
  if (auto begun = co_await put_into_effect(std::move(request)); !begun) co_return begun;
  if (auto failed = co_await await_failure(); !failed) co_return failed;
  parts_.screen.say(now(), "somebody deploys agent:2 again");
  client::EnvironmentRequest back;
  back.task_definition = definition_;
  if (auto begun = co_await put_into_effect(std::move(back)); !begun) co_return begun;
  co_return co_await await_serving(definition_, instances_.size() - 1);
}

Async<Status> DemoScript::play() {
  if (auto step = co_await gather_instances(); !step) co_return step;
  if (auto step = co_await deploy(); !step) co_return step;
  if (auto step = co_await grow(); !step) co_return step;
  if (auto step = co_await lose_a_task(); !step) co_return step;
  if (auto step = co_await drain_an_instance(); !step) co_return step;
  if (auto step = co_await roll_out(); !step) co_return step;
  co_return co_await catch_a_bad_revision();
}

Async<Result<bool>> DemoScript::judge() {
  const auto truth = co_await look();
  if (!truth) co_return std::unexpected(truth.error());
  parts_.screen.begin_step(now(), "what the simulator itself recorded");
  bool all = true;
  for (const auto& promise : count_promises(*truth, definition_, instances_.size() - 1)) {
    parts_.screen.say(now(), fmt::format("{:<58} {:>3}   {}", promise.what, promise.is,
                                         promise.is_kept() ? "ok" : "WRONG"));
    all &= promise.is_kept();
  }
  co_return all;
}

Async<int> DemoScript::tell() {
  const auto played = co_await play();
  if (!played) parts_.screen.say(now(), "FAILED: " + played.error().message);
  const auto judged = co_await judge();
  if (!judged) parts_.screen.say(now(), "FAILED: " + judged.error().message);
  const bool good = played && judged && *judged;
  parts_.screen.say(now(), good ? "all as promised" : "NOT as promised");
  co_return good ? 0 : 1;
}

}  // namespace blox::apps
