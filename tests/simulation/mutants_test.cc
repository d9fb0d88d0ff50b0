// The suite bites: each way to break Blox on purpose breaks the promise that it should within some
// seeds.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <vector>

#include "base/log.h"
#include "simulation/simulation.h"

namespace blox::simulation {

// GoogleTest finds it: a mutant in the name of a test.
static void PrintTo(const Mutant& mutant, std::ostream* out) { *out << mutant.name; }

namespace {

constexpr std::uint64_t kSeedsMax = 2'000;

class Mutants : public testing::TestWithParam<Mutant> {};

TEST_P(Mutants, AreCaught) {
  ASSERT_TRUE(log::configure(log::Level::kOff, ""));
  const std::string promise = GetParam().promise + ":";
  std::string otherwise = "nothing";
  const std::uint64_t first = GetParam().first_seed;
  for (std::uint64_t seed = first; seed < first + kSeedsMax; ++seed) {
    Scenario scenario = draw_scenario(seed);
    if (GetParam().bend_scenario) GetParam().bend_scenario(scenario);
    const auto report = simulate(scenario, GetParam());
    if (report.broken.empty()) continue;
    if (report.broken.starts_with(promise)) {
      std::printf("caught by seed %llu: %s\n", static_cast<unsigned long long>(seed),
                  report.broken.c_str());
      return;
    }
    otherwise = report.broken;
  }
  ADD_FAILURE() << GetParam().name << " survived " << kSeedsMax << " seeds as far as " << promise
                << " goes; it broke " << otherwise;
}

TEST(Promises, HaveAMutantEach) {
  const auto mutants = all_mutants();
  for (const char* promise :
       {"S1", "S2", "S3", "S4", "L", "C", "drains", "pauses", "backoff", "calls", "reads",
        "completed", "failed", "failed instances", "ages"}) {
    EXPECT_NE(std::ranges::find(mutants, promise, &Mutant::promise), mutants.end()) << promise;
  }
}

std::string name_of(const testing::TestParamInfo<Mutant>& info) {
  std::string name = info.param.name;
  for (char& letter : name) letter = letter == '-' ? '_' : letter;
  return name;
}

std::vector<Mutant> mutants_that_are(bool slow) {
  auto mutants = all_mutants();
  std::erase_if(mutants, [slow](const Mutant& mutant) { return mutant.slow != slow; });
  return mutants;
}

INSTANTIATE_TEST_SUITE_P(Blox, Mutants, testing::ValuesIn(mutants_that_are(false)), name_of);
INSTANTIATE_TEST_SUITE_P(Slow, Mutants, testing::ValuesIn(mutants_that_are(true)), name_of);

}  // namespace
}  // namespace blox::simulation
