// What can go wrong in the simulated AWS. All off by default; may be changed while it runs.
#pragma once

#include <map>
#include <optional>
#include <string>

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"

namespace blox::simulator {

/// Assumption A1: a launch or a stop takes effect within this time of being sent, or never.
/// Source: design/scheduling.md.
inline constexpr Duration kLaunchEffectMax = std::chrono::seconds{60};
/// Assumption A2: lists and Describe show an effect within this time. Source: the same.
inline constexpr Duration kEcsVisibleMax = std::chrono::minutes{5};

/// A wait drawn evenly between both ends. Requires: low <= high.
struct Span {
  Duration low{};
  Duration high{};
  Duration draw(Random& random) const { return random.between(low, high); }
  bool is_zero() const { return high == Duration::zero(); }
};

/// What is wrong with one revision of a task definition.
struct RevisionFaults {
  std::optional<Duration> life;  ///< Its tasks end by themselves so long after they begin to run.
  bool hangs = false;            ///< Its tasks stay in PENDING until they are stopped.
  bool denied = false;           ///< StartTask and RunTask of it are denied: iam:PassRole.
  bool silent = false;           ///< Its health checks never say anything.
  bool ill = false;              ///< They fail.
};

/// Members that are not Spans or flags are probabilities from 0 to 1. The remark says which
/// assumption of design/scheduling.md a fault could break, and what keeps it whole.
struct Faults {
  // Events, on their way to the queue. None touches an assumption: events may do all of this.
  Span event_latency{};      ///< Of every event; order is kept.
  double event_delayed = 0;  ///< Comes later by `event_delay`; later ones do not overtake it.
  Span event_delay{std::chrono::seconds{1}, std::chrono::seconds{30}};
  double event_lost = 0;
  double event_duplicated = 0;  ///< A second copy comes within `event_delay`.
  double event_reordered = 0;   ///< Comes later by `event_delay` while others overtake it.

  // Lists and Describe.
  /// An answer shows the world as it stood up to `list_lag_max` ago.
  /// A2 is kept while list_lag_max <= kEcsVisibleMax.
  double list_lagging = 0;
  Duration list_lag_max = kEcsVisibleMax;
  double list_slow = 0;  ///< The answer of a read takes `list_slowness` more.
  Span list_slowness{std::chrono::seconds{1}, std::chrono::seconds{10}};

  /// Share of all objects, always the same ones, that a Describe does not tell of although they are
  /// there; see spoilt.h. A2 is not kept for them; what Blox lets depend on it must say so.
  double undescribed = 0;

  // Launches.
  /// A launch is answered (or its answer is lost) at once and takes effect up to `launch_late_max`
  /// after. A1 is kept while launch_late_max plus the latency of the call <= kLaunchEffectMax.
  double launch_late = 0;
  Duration launch_late_max = std::chrono::seconds{30};
  double start_refused = 0;  ///< A failure with a drawn reason for one instance of a call.
  double start_broken = 0;   ///< The task stops before it runs: TaskFailedToStart.

  // Calls, of every kind. Lost answers touch no assumption. `call_overtime` is bounded by the
  // caller's deadline on one side; on the other the request arrives within `overtime`: A1 is kept
  // while overtime.high <= kLaunchEffectMax - launch_late_max.
  double call_refused = 0;           ///< No connection: not executed, and the caller knows it.
  double answer_lost = 0;            ///< Executed; the caller gets no answer.
  double request_lost = 0;           ///< Not executed; the caller gets no answer.
  double server_error = 0;           ///< 500 without execution.
  double server_error_executed = 0;  ///< 500 after execution.
  double call_overtime = 0;          ///< Arrives late by `overtime`, perhaps past the deadline.
  Span overtime{std::chrono::seconds{1}, std::chrono::seconds{20}};
  bool throttled = false;  ///< Token buckets as AWS publishes them; see throttle.h.

  // Permissions. None touches an assumption: a denied call is not executed, and says so.
  std::vector<std::string> denied;  ///< Operations of ECS and SQS: "DeleteMessageBatch".

  // The queue. At least once is what SQS promises.
  double message_redelivered = 0;  ///< A received message stays visible for one more receipt.
  double delete_refused = 0;       ///< An entry of a delete call fails, and its message stays.
  /// KMS denies the queue's key: a receive that would bring messages fails, and hides them.
  bool key_denied = false;

  // Machines.
  double task_dies = 0;  ///< A task that begins to run ends by itself `task_life` later.
  Span task_life{std::chrono::seconds{1}, std::chrono::minutes{5}};
  double agent_disconnects = 0;  ///< Per connected instance and minute; back after `agent_away`.
  Span agent_away{std::chrono::seconds{5}, std::chrono::minutes{2}};

  // Revisions and machines of their own. None touches an assumption.
  std::map<std::string, RevisionFaults> revisions;  ///< By "family:revision".
  /// Ids of container instances: a StartTask that names one is refused as a whole.
  std::vector<std::string> refused_instances;
};

/// How often a fault struck that leaves no other trace.
struct FaultCounts {
  std::uint64_t lagging_answers = 0;  ///< Lists and Describes that told of an earlier moment.
  std::uint64_t slow_answers = 0;     ///< Lists and Describes that took `list_slowness` more.
  std::uint64_t undescribed = 0;      ///< Objects that a Describe did not tell of, each time.
};

/// True with the given probability. Draws nothing for zero, so that a fault which is off does not
/// change the run.
inline bool happens(Random& random, double probability) {
  return probability > 0 && random.unit() < probability;
}

}  // namespace blox::simulator
