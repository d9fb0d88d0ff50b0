// Planners that see the world wrongly, or leave out a part of the plan.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "scheduler/plan/daemon_plan.h"

namespace blox::simulation {

/// Decides well on a world that was bent before, and may lose a part of the plan.
class BentPlanner final : public scheduler::Planner {
 public:
  explicit BentPlanner(
      std::function<void(scheduler::World&)> bend,
      std::function<void(scheduler::Plan&)> cut = [](scheduler::Plan&) {})
      : bend_(std::move(bend)), cut_(std::move(cut)) {}
  scheduler::Plan plan(const scheduler::World& world) override {
    scheduler::World bent = world;
    bend_(bent);
    scheduler::Plan plan = scheduler::plan_daemon(bent);
    cut_(plan);
    return plan;
  }

 private:
  std::function<void(scheduler::World&)> bend_;
  std::function<void(scheduler::Plan&)> cut_;
};

/// Fails a deployment at the first death of one of its tasks, or start that failed.
class HastyPlanner final : public scheduler::Planner {
 public:
  scheduler::Plan plan(const scheduler::World& world) override {
    scheduler::Plan plan = scheduler::plan_daemon(world);
    const auto& deployment = world.desired.deployment;
    if (!plan.decided || !world.desired.deployed_before || !deployment) return plan;
    if (deployment->status != scheduler::RolloutStatus::kRunning) return plan;
    for (const auto& instance : world.instances) {
      if (instance.failures.count == 0 && !instance.early_death) continue;
      plan.deployment = scheduler::DeploymentChange{
          scheduler::RolloutStatus::kFailed, {instance.arn}, "at the first trouble"};
      break;
    }
    return plan;
  }
};

/// What ECS said it started and nobody has seen for 20 s does not exist.
class ForgetfulPlanner final : public scheduler::Planner {
 public:
  scheduler::Plan plan(const scheduler::World& world) override {
    scheduler::World bent = world;
    for (auto& instance : bent.instances) {
      std::erase_if(instance.tasks, [&](const scheduler::ObservedTask& task) {
        if (task.seen) return false;
        const TimePoint since = unseen_.try_emplace(task.arn, world.now).first->second;
        return world.now - since >= std::chrono::seconds{20};
      });
    }
    return scheduler::plan_daemon(bent);
  }

 private:
  std::map<TaskArn, TimePoint> unseen_;
};

/// Stops by a picture that may have gone backwards as by any other.
class RashPlanner final : public scheduler::Planner {
 public:
  scheduler::Plan plan(const scheduler::World& world) override {
    scheduler::Plan plan = scheduler::plan_daemon(world);
    scheduler::World bent = world;
    bent.picture.confirmed = true;
    for (auto& instance : bent.instances) instance.hidden_until.reset();
    scheduler::Plan rash = scheduler::plan_daemon(bent);
    plan.stops = std::move(rash.stops);
    plan.lines = std::move(rash.lines);
    return plan;
  }
};

/// Only stops that this process has seen have emptied anything. Where the records hold no note of
/// others, it hides from the plan what a copy of them has the scheduler suppose.
class UnsuspectingPlanner final : public scheduler::Planner {
 public:
  scheduler::Plan plan(const scheduler::World& world) override {
    scheduler::World bent = world;
    for (auto& instance : bent.instances) {
      const auto& intent = instance.intent;
      if (intent && intent->kind == scheduler::OpenIntentKind::kStop) known_.insert(instance.arn);
      if (!known_.contains(instance.arn)) instance.emptied_by_us = false;
    }
    return scheduler::plan_daemon(bent);
  }

 private:
  std::set<ContainerInstanceArn> known_;
};

}  // namespace blox::simulation
