// The only source of chance. Seeded, and without std distributions, whose results differ between
// standard libraries.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "base/time.h"

namespace blox {

/// Equal seeds, equal draws, on every platform. Threading: none; give each service its own.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t next() { return engine_(); }
  /// From 0 to `bound` - 1. Requires: bound >= 1.
  std::uint64_t below(std::uint64_t bound);
  /// True in `percent` of 100 draws.
  bool percent(unsigned percent) { return below(100) < percent; }
  /// From `low` to `high`, both included.
  Duration between(Duration low, Duration high);
  /// From 0 up to, but without, 1.
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  /// A version 4 UUID in lower case: "2f1c9e2a-....".
  std::string uuid();
  /// `count` lower-case hexadecimal digits.
  std::string hex(std::size_t count);

 private:
  std::mt19937_64 engine_;
};

/// A seed from the operating system.
std::uint64_t seed_from_os();

}  // namespace blox
