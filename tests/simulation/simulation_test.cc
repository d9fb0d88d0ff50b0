// Suite 1: A1 to A3 are kept; S1 to S4 hold at every moment, and L once the faults are over.
// BLOX_SEED=7 repeats one run; BLOX_SEEDS=300 runs as many from 1 on.
#include "simulation/simulation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace blox::simulation {
namespace {

constexpr std::uint64_t kSeeds = 500;

std::uint64_t number_of(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string repeat_with(std::uint64_t seed) {
  return "repeat with BLOX_SEED=" + std::to_string(seed);
}

// Seeds that once found a fault, from the file beside this one.
std::vector<std::uint64_t> kept_seeds() {
  std::ifstream file{std::string{BLOX_SOURCE_DIR} + "/tests/simulation/seeds.txt"};
  std::vector<std::uint64_t> seeds;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.front() != '#') seeds.push_back(std::stoull(line));
  }
  return seeds;
}

// What must have happened at least once in a suite of some size.
constexpr const char* kWanted[] = {
    "lost answers",
    "lost requests",
    "refused calls",
    "late calls",
    "500s",
    "lost events",
    "delayed events",
    "doubled events",
    "reordered events",
    "throttled calls",
    "broken streams",
    "runs on SQLite",
    "deployments",
    "joins",
    "drains",
    "drains cancelled",
    "instances gone",
    "registrations anew",
    "deaths",
    "foreign tasks",
    "crashes of the state service",
    "unknown starts resolved",
    "crashes of the scheduler",
    "crashes with an open intent",
    "crashes with an open outcome",
};

TEST(Simulation, KeepsItsPromises) {
  if (std::getenv("BLOX_SEED") != nullptr) {
    EXPECT_EQ(simulate(draw_scenario(number_of("BLOX_SEED", 0))).broken, "");
    return;
  }
  Coverage coverage;
  const std::uint64_t seeds = number_of("BLOX_SEEDS", kSeeds);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto report = simulate(draw_scenario(seed));
    coverage.add(report.coverage);
    EXPECT_EQ(report.broken, "") << repeat_with(seed);
  }
  if (seeds < 100) return;  // Too few to have seen everything.
  for (const char* what : kWanted) EXPECT_GT(coverage.counts[what], 0u) << what;
}

TEST(Simulation, KeepsThemOnSeedsThatOnceFoundAFault) {
  for (const std::uint64_t seed : kept_seeds()) {
    EXPECT_EQ(simulate(draw_scenario(seed)).broken, "") << repeat_with(seed);
  }
}

TEST(Simulation, ARunIsAFunctionOfItsSeed) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const auto once = simulate(draw_scenario(seed));
    const auto again = simulate(draw_scenario(seed));
    EXPECT_EQ(once.trace_hash, again.trace_hash) << "seed " << seed;
    EXPECT_EQ(once.step_count, again.step_count) << "seed " << seed;
    EXPECT_EQ(once.coverage.counts, again.coverage.counts) << "seed " << seed;
  }
}

}  // namespace
}  // namespace blox::simulation
