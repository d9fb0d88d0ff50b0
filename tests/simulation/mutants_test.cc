// The suite bites: each way to break Blox on purpose breaks the promise that it should within some
// seeds.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

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
  for (std::uint64_t seed = 1; seed <= kSeedsMax; ++seed) {
    const auto report = simulate(draw_scenario(seed), GetParam());
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
  for (const char* promise : {"S1", "S2", "S3", "S4", "L", "C"}) {
    EXPECT_NE(std::ranges::find(mutants, promise, &Mutant::promise), mutants.end()) << promise;
  }
}

std::string name_of(const testing::TestParamInfo<Mutant>& info) {
  std::string name = info.param.name;
  for (char& letter : name) letter = letter == '-' ? '_' : letter;
  return name;
}

INSTANTIATE_TEST_SUITE_P(Blox, Mutants, testing::ValuesIn(all_mutants()), name_of);

}  // namespace
}  // namespace blox::simulation
