// The suite bites: each way to break the scheduler on purpose breaks a promise within some seeds.
#include <gtest/gtest.h>

#include "simulation/simulation.h"

namespace blox::simulation {
namespace {

constexpr std::uint64_t kSeedsMax = 2'000;

class Mutants : public testing::TestWithParam<Mutant> {};

TEST_P(Mutants, AreCaught) {
  for (std::uint64_t seed = 1; seed <= kSeedsMax; ++seed) {
    const auto report = simulate(draw_scenario(seed), GetParam());
    if (report.broken.empty()) continue;
    std::printf("caught by seed %llu: %s\n", static_cast<unsigned long long>(seed),
                report.broken.c_str());
    return;
  }
  ADD_FAILURE() << GetParam().name << " survived " << kSeedsMax << " seeds";
}

std::string name_of(const testing::TestParamInfo<Mutant>& info) {
  std::string name = info.param.name;
  for (char& letter : name) letter = letter == '-' ? '_' : letter;
  return name;
}

INSTANTIATE_TEST_SUITE_P(Scheduler, Mutants, testing::ValuesIn(all_mutants()), name_of);

}  // namespace
}  // namespace blox::simulation
