// When a read that failed is sent again: at most thrice in all, ever more slowly, and not at all
// when most calls fail. Source: AWS SDKs reference guide, "Retry behavior" (rules of 2026).
#pragma once

#include <optional>

#include "base/random.h"
#include "base/time.h"

namespace blox::aws {

inline constexpr int kAttemptsMax = 3;

enum class FaultClass : std::uint8_t { kFault, kThrottle };

/// The wait after failed attempt number `attempt` (1 is the first): random x min(base x 2^(n-1),
/// 20 s), base 50 ms for faults and 1 s for throttles. `asked` is the server's x-amz-retry-after,
/// held between that wait and 5 s more.
Duration compute_backoff(FaultClass fault, int attempt, std::optional<Duration> asked,
                         Random& random);

/// Tokens that retries cost and successes bring back, so that an outage is not met by a storm.
/// One for each service. Threading: one strand.
class RetryQuota {
 public:
  /// Takes the price of one retry. Shape: the price, to hand to on_success, or nothing if too few
  /// tokens are left.
  std::optional<int> take(FaultClass fault);
  /// A call ended well: gives back what its last retry took, or 1 when there was none.
  void on_success(std::optional<int> taken);
  int left() const { return left_; }

 private:
  int left_ = 500;
};

}  // namespace blox::aws
