// Throttle: the token buckets of the ECS API, per account and region.
// Source: API reference, "Request throttling".
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/executor.h"

namespace blox::simulator {

/// Which bucket a call draws from.
enum class CallClass : std::uint8_t {
  kClusterResourceModify,
  kClusterResourceRead,
  kClusterModify,
  kClusterRead,
  kTaskDefinitionModify,
  kTaskDefinitionRead,
  kAgentModify,
  kUnlimited,  ///< SQS.
};

/// The class of an ECS operation by its name, "StartTask".
CallClass class_of(std::string_view operation);

class Throttle {
 public:
  explicit Throttle(Executor& executor);
  /// Takes one token. False: refused.
  bool take(CallClass call);
  /// Takes all tokens that are there, as if others in the account had; refuses nobody by itself.
  void drain(CallClass call);
  std::uint64_t refused_count() const { return refused_count_; }

 private:
  struct Bucket {
    double tokens = 0;
    TimePoint filled_at{};
  };
  Bucket& fill(CallClass call);

  Executor& executor_;
  std::array<Bucket, static_cast<std::size_t>(CallClass::kUnlimited)> buckets_;
  std::uint64_t refused_count_ = 0;
};

}  // namespace blox::simulator
