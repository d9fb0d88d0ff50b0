// Planners that see the world wrongly, or leave out a part of the plan.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "scheduler/plan/daemon_plan.h"

namespace blox::simulation {

/// Decides well on a world that was bent before.
class BentPlanner final : public scheduler::Planner {
 public:
  explicit BentPlanner(std::function<void(scheduler::World&)> bend) : bend_(std::move(bend)) {}
  scheduler::Plan plan(const scheduler::World& world) override {
    scheduler::World bent = world;
    bend_(bent);
    return scheduler::plan_daemon(bent);
  }

 private:
  std::function<void(scheduler::World&)> bend_;
};

/// Decides well, and then something is taken from the plan.
class CutPlanner final : public scheduler::Planner {
 public:
  explicit CutPlanner(std::function<void(scheduler::Plan&)> cut) : cut_(std::move(cut)) {}
  scheduler::Plan plan(const scheduler::World& world) override {
    scheduler::Plan plan = scheduler::plan_daemon(world);
    cut_(plan);
    return plan;
  }

 private:
  std::function<void(scheduler::Plan&)> cut_;
};

}  // namespace blox::simulation
