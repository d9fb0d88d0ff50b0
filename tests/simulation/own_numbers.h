// The judge's numbers, copied from the design and not taken from the code that it judges: if that
// waits longer, or believes longer, the judge does not.
#pragma once

#include "base/time.h"

namespace blox::simulation {

/// Source: design/scheduling.md, "Promises" and "Life of an instance".
inline constexpr Duration kLaunchTakesEffectWithin = std::chrono::seconds{60};
inline constexpr Duration kVisibleWithin = std::chrono::minutes{5};
inline constexpr Duration kObservationAgeMax = std::chrono::seconds{60};
inline constexpr Duration kBackoffMax = std::chrono::minutes{5};
/// A task has to serve so long before its instance gives its place back, and before its deployment
/// is completed. Source: design/scheduling.md, "Deployments".
inline constexpr Duration kMinHealthy = std::chrono::seconds{10};
/// A task that ends by itself sooner after its start has died early. Source: the same.
inline constexpr Duration kEarlyDeath = std::chrono::minutes{10};
/// A deployment does not wait for an instance that is without a task, or has a call open, or is
/// held up by tasks of others for so long, nor for one where so many stops in a row were refused.
/// Source: docs/decisions/0034.
inline constexpr Duration kWaitedFor = std::chrono::minutes{10};
inline constexpr int kRefusedStops = 3;
/// A denial of starts that nobody has met for so long is forgotten, and the next one is the first.
inline constexpr Duration kDenialKept = std::chrono::minutes{10};
/// Nor where so many starts in a row were refused, or came to tasks that ended this soon. Source:
/// docs/api, "Deployments"; design/scheduling.md, "Life of an instance".
inline constexpr int kFailedStarts = 3;
inline constexpr Duration kFailedStart = std::chrono::minutes{1};
/// A process reads a cluster whole at its start and soon after it, once an interval, and so often
/// for what may be hidden in the queue. Source: design/state.md, "Reconcile"; docs/decisions/0030.
inline constexpr int kReadsAtStart = 2;
inline constexpr Duration kHiddenReadsApart = std::chrono::seconds{30};
/// Nothing is concluded from not finding a task before it: both of the first, by a clock that errs
/// by 1 %.
inline constexpr Duration kSettleTime = (kLaunchTakesEffectWithin + kVisibleWithin) * 101 / 100;
inline constexpr Duration kVisibleTime = kVisibleWithin * 101 / 100;

}  // namespace blox::simulation
