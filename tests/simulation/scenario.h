// Scenario: what a seed decides before the run: the size of the world, its faults, who crashes
// when.
#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "simulation/coverage.h"
#include "simulator/faults.h"

namespace blox::simulation {

/// What is wrong with a revision that is deployed and replaced again.
enum class BadRevision : std::uint8_t { kNone, kDies, kHangs, kDenied, kSilent };

/// A stretch of the time before `calm_at`.
struct Window {
  Duration at{};
  Duration length{};
};

/// What is wrong with the date of a machine, by minutes at most, as signatures are refused beyond.
struct ClockError {
  Duration ahead{};   ///< From the begin on; negative: it is behind.
  Duration set_at{};  ///< Then somebody, or NTP, …
  Duration set_by{};  ///< … sets it so much on, or back.
};

struct Scenario {
  std::uint64_t seed = 0;
  int instance_count = 4;
  int unavailable_max = 1;
  bool state_on_sqlite = false;
  bool scheduler_on_sqlite = false;
  Duration reconcile_every = std::chrono::minutes{20};
  simulator::Faults faults;  ///< Within A1 to A3; off from `calm_at` on.
  Duration calm_at = std::chrono::minutes{8};
  int crash_count = 0;     ///< Of both services together, before `calm_at`.
  int machine_events = 0;  ///< Joins, drains, deaths, …, before `calm_at`.
  int deployments = 1;     ///< Before `calm_at`; each of another revision.

  /// ECS and we forget what has ended within minutes, events come up to an hour late.
  bool forgetful = false;
  Duration stopped_visible = std::chrono::hours{1};  ///< By ECS.
  Duration final_kept = std::chrono::hours{3};       ///< By us.
  std::vector<Window> blackouts;                     ///< No event arrives at all.
  std::vector<Window> state_partitions;              ///< The state service reaches no AWS.
  std::vector<Window> scheduler_partitions;          ///< Likewise the scheduler.
  Duration drain_deadline = std::chrono::minutes{15};
  bool second_environment = false;  ///< Is created, deployed and deleted before `calm_at`.
  bool delete_terminates = false;   ///< With its tasks.
  bool small_instance = false;      ///< One has no room for the task.
  bool second_thoughts = false;     ///< Drains and deployments are called off soon after.
  bool others_meddle = false;       ///< Tasks in Blox groups that no deployment of ours started.
  bool others_stay = false;         ///< And they are there after `calm_at` as well.
  BadRevision bad_revision = BadRevision::kNone;  ///< Of the last deployment but one.
  Duration bad_life{};                            ///< Of its tasks, if they die.
  Duration check_interval{};  ///< Of the health check of all definitions; zero: there is none.
  bool name_again = false;    ///< The second environment is deleted and created anew.
  /// The state store is copied at its beginning and put back at its end; without a length it is
  /// not.
  Window restored;
  /// Likewise the scheduler's, with another store id, as the manual says; with `both_restored` both
  /// of the same moment, as one file for both services is.
  Window scheduler_restored;
  bool both_restored = false;
  bool refused_instance = false;  ///< ECS refuses calls that name one of the instances.
  /// Of a share of the objects Describe tells nothing in this time. Without a length never.
  Window holes;
  double holes_share = 0;
  /// unavailable_max is a percent of the eligible instances, and not their number.
  bool unavailable_is_percent = false;
  Window stops_denied;        ///< StopTask is denied; without a length it is not.
  bool services_run = false;  ///< Tasks that a drain has to wait for run on half of the instances.
  int environment_count = 1;  ///< Which stay; each has a definition of its own.
  bool clocks_err = false;    ///< The date of the machines is not that of AWS:
  ClockError state_clock;
  ClockError scheduler_clock;
  /// Of the scheduler's rounds. Virtual time does not pass while a round decides: in a large world
  /// there would be more of them than on any machine.
  Duration join_window = std::chrono::milliseconds{20};

  /// True when news of an object can be missing for longer than events are late.
  bool is_lossy() const;
  /// When the state service's store is an older copy of itself from; zero: never.
  Duration state_restored_at() const;
  bool is_scheduler_restored() const { return scheduler_restored.length > Duration::zero(); }
  /// How old what Blox believes of an object can be, by the bounds of the faults.
  Duration belief_age_max() const;
  /// L: from `calm_at` on, at most.
  Duration settled_by() const;
};

/// Hundreds of instances and several environments, with few faults: batches, pages, questions about
/// many, and the budget of calls.
Scenario draw_large_scenario(std::uint64_t seed);

/// How many of `eligible` instances may be out of service by our stops.
std::size_t places_of(const Scenario& scenario, std::size_t eligible);

/// Equal seeds, equal scenarios.
Scenario draw_scenario(std::uint64_t seed);

/// Counts what kind of run it is.
void note_scenario(const Scenario& scenario, Coverage& coverage);

}  // namespace blox::simulation
