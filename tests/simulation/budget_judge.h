// BudgetJudge: S3 at each stop that costs service: the instances that stops have emptied, or whose
// new task died early, and that were known to be so, are fewer than the budget. It asks the world
// alone; its numbers are its own.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/time.h"
#include "simulation/eligible_count.h"
#include "simulation/health_words.h"
#include "simulator/judge.h"
#include "simulator/world.h"

namespace blox::simulation {

struct Budget {
  std::string group;
  /// Of so many eligible instances: how many may be out of service.
  std::function<std::size_t(std::size_t)> places;
  Duration belief_age{};  ///< What happened longer ago than this is known.
  /// How a task ended can be read later. Else ECS forgets it, and where no event told of it nobody
  /// will ever know whether it died.
  bool deaths_stay = true;
};

/// Threading: the executor's thread. Requires: all outlive it.
class BudgetJudge final : public simulator::WorldObserver {
 public:
  BudgetJudge(const simulator::World& world, const simulator::Judge& judge,
              const HealthWords& health, EligibleCount& eligible, Budget budget)
      : world_(world),
        judge_(judge),
        health_(health),
        eligible_(eligible),
        budget_(std::move(budget)) {}

  const std::string& group() const { return budget_.group; }
  /// Empty: it was kept.
  const std::string& broken() const { return broken_; }
  /// The most places that were known to be taken when a stop that costs service was asked for.
  std::size_t known_max() const { return known_max_; }

  /// Somebody deploys: the deaths of another deployment are its own. That it is in force shows
  /// with its first task, which a stop may precede.
  void note_deployment();

  void on_task(const simulator::Task& task, const simulator::TaskState* before) override;
  void on_instance(const simulator::Instance& instance,
                   const simulator::InstanceState* before) override;
  void on_start_asked(const simulator::Instance&, std::string_view) override {}
  void on_stop_asked(const simulator::Task& task, std::string_view reason) override;

 private:
  struct Place {
    TimePoint since;
    Duration needs{};  // Of service, to be given back.
    std::optional<TimePoint> serving_since{};
    std::string task{};         // That serves.
    bool needs_health = false;  // Nor is it given back before ECS told that this one is HEALTHY.
    std::string died_of{};      // The deployment, if a death took it.
  };
  void give_back(const std::string& instance);
  bool has_served(const Place& place) const;
  bool is_proven(const Place& place) const;
  void note_start(const simulator::Task& task);
  void note_end(const simulator::Task& task, const simulator::TaskState& state);
  std::size_t count_known_but(const std::string& instance);

  const simulator::World& world_;
  const simulator::Judge& judge_;
  const HealthWords& health_;
  EligibleCount& eligible_;
  Budget budget_;
  std::map<std::string, Place> places_;       // By instance ARN.
  std::map<std::string, int> serving_;        // Tasks, by instance ARN.
  std::map<std::string, TimePoint> drained_;  // When an instance was DRAINING last.
  std::map<std::string, TimePoint> away_;     // Since when an instance's agent is away.
  std::set<std::string> asked_;               // Tasks.
  std::string newest_;                        // Deployment that started a task.
  std::set<std::string> deployments_;         // All that did.
  std::string wanted_;                        // The last of them to begin, if none has come since.
  std::string broken_;
  std::size_t known_max_ = 0;
};

}  // namespace blox::simulation
