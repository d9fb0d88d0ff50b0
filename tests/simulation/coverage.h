// Coverage: what the runs of a suite went through. A suite in which a counter stays zero has not
// tested what it claims.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace blox::simulation {

struct Coverage {
  std::map<std::string, std::uint64_t> counts;

  void add(const std::string& what, std::uint64_t count = 1) { counts[what] += count; }
  void add(const Coverage& other) {
    for (const auto& [what, count] : other.counts) counts[what] += count;
  }
};

}  // namespace blox::simulation
