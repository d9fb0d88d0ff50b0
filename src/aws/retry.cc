#include "aws/retry.h"

#include <algorithm>
#include <cmath>

namespace blox::aws {
namespace {

using namespace std::chrono_literals;

constexpr Duration kBackoffMax = 20s;
constexpr Duration kAskedExtraMax = 5s;
constexpr int kQuotaMax = 500;

int price(FaultClass fault) {
  switch (fault) {
    case FaultClass::kFault: return 14;
    case FaultClass::kThrottle: return 5;
  }
  return 14;
}

}  // namespace

Duration compute_backoff(FaultClass fault, int attempt, std::optional<Duration> asked,
                         Random& random) {
  const Duration base = fault == FaultClass::kThrottle ? Duration{1s} : Duration{50ms};
  const int doublings = std::clamp(attempt - 1, 0, 16);
  const Duration most = std::min(base * (1 << doublings), kBackoffMax);
  const Duration computed = random.between(Duration::zero(), most);
  if (!asked) return computed;
  return std::clamp(*asked, computed, computed + kAskedExtraMax);
}

std::optional<int> RetryQuota::take(FaultClass fault) {
  const int needed = price(fault);
  if (left_ < needed) return std::nullopt;
  left_ -= needed;
  return needed;
}

void RetryQuota::on_success(std::optional<int> taken) {
  left_ = std::min(kQuotaMax, left_ + taken.value_or(1));
}

}  // namespace blox::aws
