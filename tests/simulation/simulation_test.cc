// Suite 1 (A1 to A3 kept; S1 to S4, C and L hold) runs by blox_simulate, over all cores. Here: the
// seeds that once found a fault, and that a run is a function of its seed and never ends unnoticed.
#include "simulation/simulation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "simulation/seed_runner.h"

namespace blox::simulation {
namespace {

std::string repeat_with(std::uint64_t seed) {
  return "repeat with ./dev simulate --seeds 1 --from " + std::to_string(seed);
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

// The first planner that is asked for ends the process.
Mutant deadly_mutant() {
  Mutant mutant;
  mutant.name = "dies";
  mutant.planner = []() -> std::unique_ptr<scheduler::Planner> { std::abort(); };
  return mutant;
}

TEST(Simulation, KeepsItsPromisesOnSeedsThatOnceFoundAFault) {
  const auto seeds = kept_seeds();
  ASSERT_FALSE(seeds.empty()) << "seeds.txt cannot be read";
  for (const std::uint64_t seed : seeds) {
    EXPECT_EQ(simulate(draw_scenario(seed)).broken, "") << repeat_with(seed);
  }
}

TEST(Simulation, ARunIsAFunctionOfItsSeed) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const auto once = simulate(draw_scenario(seed));
    const auto again = simulate(draw_scenario(seed));
    EXPECT_EQ(once.trace_hash, again.trace_hash) << "seed " << seed;
    EXPECT_EQ(once.step_count, again.step_count) << "seed " << seed;
    EXPECT_EQ(once.coverage, again.coverage) << "seed " << seed;
  }
}

TEST(SimulationDeathTest, ARunThatDiesTellsItsSeed) {
  EXPECT_DEATH(simulate(draw_scenario(7), deadly_mutant()), "seed 7 .*dies");
}

TEST(SeedRunner, AddsUpWhatItsProcessesWentThrough) {
  const auto apart = run_seeds({.from = 3, .count = 3, .processes = 2});
  const auto together = run_seeds({.from = 3, .count = 3, .processes = 1});
  EXPECT_EQ(apart.run, 3u);
  EXPECT_EQ(apart.died, 0u);
  EXPECT_EQ(apart.coverage, together.coverage);
  EXPECT_GT(apart.coverage.counts.at("deployments"), 0u);
}

TEST(SeedRunner, CountsProcessesThatDied) {
  const auto tally = run_seeds({.from = 3, .count = 2, .processes = 2}, deadly_mutant());
  EXPECT_EQ(tally.run, 0u);
  EXPECT_EQ(tally.died, 2u);
}

TEST(Coverage, OutlivesTheWayToAnotherProcess) {
  Coverage coverage;
  coverage.add("lost answers", 3);
  coverage.note_greatest("share of the time", 0.25);
  EXPECT_EQ(parse_coverage(format_coverage(coverage)), coverage);
}

}  // namespace
}  // namespace blox::simulation
