// The budget of calls: a token bucket for each kind of call, so that Blox keeps below the limits
// that ECS sets to the whole account, and backs off when others use them up.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/async.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/signal.h"

namespace blox::aws {

/// Who goes first when tokens are short. In this order.
enum class CallPriority : std::uint8_t {
  kResolve,
  kAct,
  kReconcile,  ///< Has a floor: kReconcileFloor of the rate, whoever else waits.
  kPeople,  ///< What somebody asked for through an API, so that no client can hold up the others.
};

struct BudgetLimits {
  double burst = 100;
  double per_second = 20;
};
/// Source: API/request-throttling, "Cluster resource read" and "Cluster resource modify".
inline constexpr BudgetLimits kReadLimits{100, 20};
inline constexpr BudgetLimits kModifyLimits{100, 40};

/// One bucket. It starts with what a second brings, not full: what it held before a restart, or
/// under another leader, may have been spent (docs/decisions/0007-budget-at-start.md).
/// Requires: `executor` and the bucket outlive those who wait.
/// Threading: one strand.
class CallBudget {
 public:
  /// `share` (over 0; over 1 where AWS has raised the account's limits) of `limits` is ours.
  CallBudget(Executor& executor, BudgetLimits limits, double share = 1.0);
  /// Shows tokens, rate and waiting callers as gauges of `bucket` ("read"), as they stood when a
  /// call last came or went. `metrics` outlives the bucket.
  void show_in(Metrics& metrics, const std::string& bucket);
  CallBudget(const CallBudget&) = delete;
  CallBudget& operator=(const CallBudget&) = delete;

  /// Waits for a token, in order of priority, then of asking; while calls of reconcile wait, one
  /// token of ten is theirs whatever the stronger kinds want. Calls for people leave what one
  /// second brings to the others, so that a flood of theirs does not empty a full bucket either.
  /// Errors: kThrottled, no token taken: there was none by `deadline`, or at once: kWaitersMax
  /// wait already, or for kPeople kPeopleMax of its kind.
  Async<Status> take(CallPriority priority, TimePoint deadline);
  /// Raises the share to `share`, if that is more, until restore_share() or the first throttle
  /// answer. Does nothing once AWS has refused a call: what others leave is not so much then.
  void raise_share(double share);
  void restore_share();
  /// AWS refused a call by its limits: halves the rate, at most once in two seconds, down to a
  /// tenth; it comes back within kRecovery. What was saved up is gone.
  void on_throttled();

  double rate() const;    ///< Tokens a second, now.
  double tokens() const;  ///< Whole and broken ones left, now.
  std::size_t waiting() const { return waiters_.size(); }

  static constexpr std::size_t kWaitersMax = 10'000;
  static constexpr std::size_t kPeopleMax = 8;  ///< At the default rate they wait half a second.
  static constexpr Duration kRecovery = std::chrono::seconds{30};
  /// Of the rate in force. Source: design/scheduling.md, "API budget".
  static constexpr double kReconcileFloor = 0.1;

 private:
  using Place = std::pair<CallPriority, std::uint64_t>;
  class Waiter;

  void refill();
  bool reconcile_waits() const;
  const Place& first_place() const;
  void set_share(double share);
  double needed(CallPriority priority) const;
  Duration until_token(CallPriority priority) const;
  std::size_t people_waiting() const;
  void wake_first();
  void show();

  struct Gauges {
    Gauge& tokens;
    Gauge& rate;
    Gauge& waiting;
  };

  Executor& executor_;
  BudgetLimits limits_;
  double share_;
  double burst_ = 0;
  double rate_max_ = 0;
  double rate_ = 0;
  double tokens_ = 0;
  TimePoint refilled_at_;
  std::optional<TimePoint> throttled_at_;
  std::uint64_t last_number_ = 0;
  std::map<Place, Signal*> waiters_;
  double floor_ = 0;  // Tokens that reconcile has a right to before all others.
  std::optional<Gauges> gauges_;
};

/// A greater share of `budget` for as long as this lives; see CallBudget::raise_share. Requires:
/// `budget` outlives it, and has one of these at a time.
class RaisedShare {
 public:
  RaisedShare(CallBudget& budget, double share) : budget_(budget) { budget_.raise_share(share); }
  RaisedShare(const RaisedShare&) = delete;
  RaisedShare& operator=(const RaisedShare&) = delete;
  ~RaisedShare() { budget_.restore_share(); }

 private:
  CallBudget& budget_;
};

}  // namespace blox::aws
