// What a Describe tells of an object that the fault `undescribed` strikes. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "simulator/faults.h"

namespace blox::simulator {

enum class Spoilt : std::uint8_t {
  kNot,
  kLeftOut,     ///< A failure of another reason than MISSING.
  kUnreadable,  ///< Its status is none that anybody can read.
};

/// By the ARN alone, so that an object is spoilt in each answer or in none.
inline Spoilt spoilt_of(const Faults& faults, std::string_view arn) {
  if (faults.undescribed <= 0) return Spoilt::kNot;
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a.
  for (const char letter : arn) {
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3ULL;
  }
  constexpr double kOf = 1'000;
  if (static_cast<double>((hash >> 8) % 1'000) >= faults.undescribed * kOf) return Spoilt::kNot;
  return hash % 2 == 0 ? Spoilt::kLeftOut : Spoilt::kUnreadable;
}

}  // namespace blox::simulator
