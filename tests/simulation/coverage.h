// Coverage: what the runs of a suite went through. A suite in which a counter stays zero has not
// tested what it claims.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace blox::simulation {

struct Coverage {
  std::map<std::string, std::uint64_t> counts;
  std::map<std::string, double> greatest;  ///< Of each measure, the greatest of all runs.

  void add(const std::string& what, std::uint64_t count = 1) { counts[what] += count; }
  void note_greatest(const std::string& what, double value) {
    greatest[what] = std::max(greatest[what], value);
  }
  void add(const Coverage& other) {
    for (const auto& [what, count] : other.counts) counts[what] += count;
    for (const auto& [what, value] : other.greatest) note_greatest(what, value);
  }
  friend bool operator==(const Coverage&, const Coverage&) = default;
};

/// What has to be there after a suite of some hundred seeds.
std::vector<std::string> wanted_coverage();
/// Likewise of twenty large ones: the bounds that small worlds do not reach.
std::vector<std::string> wanted_large_coverage();

/// A line each, for another process to read. Shape: "count\tWHAT\tN" and "greatest\tWHAT\tX".
std::string format_coverage(const Coverage& coverage);
/// Lines that are not of that form are left out.
Coverage parse_coverage(const std::string& text);

}  // namespace blox::simulation
