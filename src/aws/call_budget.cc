#include "aws/call_budget.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "base/check.h"

namespace blox::aws {
namespace {

using Seconds = std::chrono::duration<double>;
using namespace std::chrono_literals;

// A throttle answer more within this time is of the same burst, and says nothing new. Where others
// use the account's limits up, a part of all calls is refused however slow ours come: were each
// answer to count, or the rate to come back in a minute, a read of 2,000 tasks would take more than
// one (throttled_account_test.cc).
constexpr Duration kThrottleOnce = 2s;
constexpr double kRateShareMin = 0.1;
// What reconcile may save up of its floor while it waits: its next token, and a part of one more
// for the time until that is there.
constexpr double kFloorMax = 2;

}  // namespace

// A place in the queue, left by destruction too.
class CallBudget::Waiter {
 public:
  Waiter(CallBudget& budget, CallPriority priority)
      : signal{budget.executor_}, budget_(budget), place_{priority, ++budget.last_number_} {
    budget_.refill();
    budget_.waiters_.emplace(place_, &signal);
    budget_.show();
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() {
    budget_.refill();
    budget_.waiters_.erase(place_);
    budget_.wake_first();
    budget_.show();
  }
  bool is_first() const { return budget_.first_place() == place_; }

  Signal signal;

 private:
  CallBudget& budget_;
  Place place_;
};

CallBudget::CallBudget(Executor& executor, BudgetLimits limits, double share)
    : executor_(executor), limits_(limits), share_(share), refilled_at_(executor.now()) {
  check(share > 0, "the share of a call budget is over 0");
  set_share(share);
  rate_ = rate_max_;
  tokens_ = std::clamp(rate_max_, 1.0, burst_);
}

void CallBudget::set_share(double share) {
  burst_ = std::max(1.0, limits_.burst * share);
  rate_max_ = limits_.per_second * share;
}

void CallBudget::raise_share(double share) {
  if (throttled_at_ || share <= share_) return;
  refill();
  set_share(share);
  rate_ = rate_max_;
  wake_first();
  show();
}

void CallBudget::restore_share() {
  refill();
  set_share(share_);
  rate_ = std::min(rate_, rate_max_);
  tokens_ = std::min(tokens_, burst_);
  show();
}

void CallBudget::refill() {
  const TimePoint now = executor_.now();
  const double passed = Seconds{now - refilled_at_}.count();
  refilled_at_ = now;
  tokens_ = std::min(burst_, tokens_ + passed * rate_);
  if (reconcile_waits()) floor_ = std::min(kFloorMax, floor_ + passed * rate_ * kReconcileFloor);
  rate_ = std::min(rate_max_, rate_ + passed * rate_max_ / Seconds{kRecovery}.count());
}

bool CallBudget::reconcile_waits() const {
  const auto found = waiters_.lower_bound(Place{CallPriority::kReconcile, 0});
  return found != waiters_.end() && found->first.first == CallPriority::kReconcile;
}

// Whose the next token is. Requires: somebody waits.
const CallBudget::Place& CallBudget::first_place() const {
  if (floor_ >= 1 && reconcile_waits()) {
    return waiters_.lower_bound(Place{CallPriority::kReconcile, 0})->first;
  }
  return waiters_.begin()->first;
}

// What has to be in the bucket for a call of this kind.
double CallBudget::needed(CallPriority priority) const {
  if (priority != CallPriority::kPeople) return 1;
  return std::min(1 + rate_, burst_);  // A small bucket has to be full.
}

Duration CallBudget::until_token(CallPriority priority) const {
  const Seconds wait{std::max(0.0, needed(priority) - tokens_) / rate_};
  // Rounded up, or the token would be a hair short when the wait ends.
  return std::chrono::duration_cast<Duration>(wait) + 1us;
}

void CallBudget::wake_first() {
  if (!waiters_.empty()) waiters_.at(first_place())->notify_all();
}

std::size_t CallBudget::people_waiting() const {
  const auto first = waiters_.lower_bound(Place{CallPriority::kPeople, 0});
  return static_cast<std::size_t>(std::distance(first, waiters_.end()));
}

Async<Status> CallBudget::take(CallPriority priority, TimePoint deadline) {
  if (waiters_.size() >= kWaitersMax) {
    co_return fail(ErrorKind::kThrottled, "too many calls wait for our own budget of calls");
  }
  if (priority == CallPriority::kPeople && people_waiting() >= kPeopleMax) {
    co_return fail(ErrorKind::kThrottled,
                   std::to_string(kPeopleMax) +
                       " calls that people asked for wait already for our own budget of calls; try "
                       "again in a few seconds");
  }
  Waiter waiter{*this, priority};
  while (true) {
    refill();
    const bool first = waiter.is_first();
    if (first && tokens_ >= needed(priority)) {
      tokens_ -= 1;
      if (priority == CallPriority::kReconcile) floor_ = std::max(0.0, floor_ - 1);
      co_return done();
    }
    const TimePoint now = executor_.now();
    if (now >= deadline) {
      co_return fail(ErrorKind::kThrottled, "our own budget of calls is used up; try again later");
    }
    const TimePoint wake_at = first ? std::min(deadline, now + until_token(priority)) : deadline;
    // Who comes before us wakes us when it leaves; one that overtakes us waits here as well, or by
    // the floor has waited all the time.
    if (!first) wake_first();
    co_await waiter.signal.wait_until(wake_at);
  }
}

void CallBudget::on_throttled() {
  refill();
  tokens_ = 0;
  const TimePoint now = executor_.now();
  if (throttled_at_ && now - *throttled_at_ < kThrottleOnce) return;
  throttled_at_ = now;
  rate_ /= 2;
  set_share(share_);
  rate_ = std::clamp(rate_, rate_max_ * kRateShareMin, rate_max_);
  show();
}

void CallBudget::show_in(Metrics& metrics, const std::string& bucket) {
  const Metrics::Labels labels{{"bucket", bucket}};
  gauges_.emplace(Gauges{
      metrics.gauge("blox_aws_budget_tokens", "Calls to ECS that may be sent at once.", labels),
      metrics.gauge("blox_aws_budget_rate", "Calls to ECS a second that are ours now.", labels),
      metrics.gauge("blox_aws_budget_waiting", "Calls to ECS that wait for a token.", labels)});
  show();
}

void CallBudget::show() {
  if (!gauges_) return;
  gauges_->tokens.Set(tokens());
  gauges_->rate.Set(rate());
  gauges_->waiting.Set(static_cast<double>(waiting()));
}

double CallBudget::rate() const {
  const double passed = Seconds{executor_.now() - refilled_at_}.count();
  return std::min(rate_max_, rate_ + passed * rate_max_ / Seconds{kRecovery}.count());
}

double CallBudget::tokens() const {
  const double passed = Seconds{executor_.now() - refilled_at_}.count();
  return std::min(burst_, tokens_ + passed * rate_);
}

}  // namespace blox::aws
