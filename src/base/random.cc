#include "base/random.h"

#include "base/check.h"

namespace blox {

std::uint64_t Random::below(std::uint64_t bound) {
  check(bound >= 1, "Random::below needs a bound of at least 1");
  // Draws above the last whole multiple of `bound` would favour small results: draw again.
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  std::uint64_t draw = next();
  while (draw >= limit) draw = next();
  return draw % bound;
}

Duration Random::between(Duration low, Duration high) {
  check(low <= high, "Random::between needs low <= high");
  return low + Duration{below(static_cast<std::uint64_t>((high - low).count()) + 1)};
}

std::string Random::hex(std::size_t count) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(count);
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 16 == 0) bits = next();
    text.push_back(kDigits[bits & 15]);
    bits >>= 4;
  }
  return text;
}

std::string Random::uuid() {
  std::string digits = hex(32);
  digits[12] = '4';
  digits[16] = "89ab"[static_cast<unsigned>(digits[16]) & 3];
  return digits.substr(0, 8) + "-" + digits.substr(8, 4) + "-" + digits.substr(12, 4) + "-" +
         digits.substr(16, 4) + "-" + digits.substr(20);
}

std::uint64_t seed_from_os() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

}  // namespace blox
