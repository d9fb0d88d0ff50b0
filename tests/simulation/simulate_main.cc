// blox_simulate: any range of seeds, on all cores, with progress: ./dev simulate --seeds N --from
// K. Without flags it is the suite that CI runs.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>

#include "base/check.h"
#include "base/log.h"
#include "simulation/seed_runner.h"

namespace blox::simulation {
namespace {

// So many seeds have to have seen everything.
constexpr std::uint64_t kSeedsForCoverage = 300;
// Unless somebody says how many. Large ones are slow, and twenty say enough.
constexpr std::uint64_t kSeeds = 1'500;
constexpr std::uint64_t kLargeSeeds = 20;

struct Flags {
  SeedRange range{
      .from = 1,
      .count = 0,  // Until it is known which scenarios.
      .processes = static_cast<std::uint64_t>(std::clamp(sysconf(_SC_NPROCESSORS_ONLN), 1L, 256L))};
  std::string mutant = "none";
  bool trace = false;
};

int find_mutant(const std::string& name, Mutant& mutant) {
  if (name == mutant.name) return 0;
  for (auto& known : all_mutants()) {
    if (known.name != name) continue;
    mutant = std::move(known);
    return 0;
  }
  std::cerr << "--mutant '" << name << "' is not known; there are:\n";
  for (const auto& known : all_mutants()) std::cerr << "  " << known.name << "\n";
  return 2;
}

// What the seeds did not go through although so many have to.
int count_uncovered(const Coverage& coverage, const std::vector<std::string>& wanted) {
  int uncovered = 0;
  for (const auto& what : wanted) {
    const auto found = coverage.counts.find(what);
    if (found != coverage.counts.end() && found->second > 0) continue;
    std::cout << "never happened: " << what << "\n";
    ++uncovered;
  }
  return uncovered;
}

int run(const Flags& flags) {
  Mutant mutant;
  if (const int bad = find_mutant(flags.mutant, mutant); bad != 0) return bad;
  const auto begin = std::chrono::steady_clock::now();
  const auto tally = run_seeds(flags.range, mutant, flags.trace);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  for (const auto& [what, count] : tally.coverage.counts) {
    std::cerr << "  " << count << " " << what << "\n";
  }
  for (const auto& [what, value] : tally.coverage.greatest) {
    std::cerr << "  " << what << ": " << value << " at most\n";
  }
  const bool large = flags.range.large;
  const bool covers = flags.range.count >= (large ? kLargeSeeds : kSeedsForCoverage);
  const auto wanted = large ? wanted_large_coverage() : wanted_coverage();
  const bool is_whole = covers && flags.mutant == "none";
  const int uncovered = is_whole ? count_uncovered(tally.coverage, wanted) : 0;
  std::cout << tally.run << " of " << flags.range.count << " seeds from " << flags.range.from
            << " were run: " << tally.broken << " broke a promise";
  if (tally.died > 0) std::cout << ", and " << tally.died << " processes died";
  std::cout << fmt::format("; {:.1f} seeds a second\n",
                           static_cast<double>(tally.run) / took.count());
  const bool good = tally.run == flags.range.count && tally.broken + tally.died == 0;
  return good && uncovered == 0 ? 0 : 1;
}

}  // namespace
}  // namespace blox::simulation

int main(int count, char** values) {
  using blox::simulation::kLargeSeeds;
  using blox::simulation::kSeeds;
  blox::simulation::Flags flags;
  auto& range = flags.range;
  CLI::App app{"The whole of Blox under virtual time, a run a seed"};
  app.add_flag("--large", range.large, "Scenarios of 300 to 1,000 instances and five environments");
  app.add_option("--seeds", range.count, fmt::format("How many [{}, {}]", kSeeds, kLargeSeeds))
      ->envname("BLOX_SEEDS")
      ->check(CLI::PositiveNumber);
  app.add_option("--from", range.from, "The first")->capture_default_str();
  app.add_option("--processes", range.processes, "Side by side")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_option("--mutant", flags.mutant, "Break Blox on purpose");
  app.add_flag("--trace", flags.trace, "Print what happens in the simulated AWS");
  CLI11_PARSE(app, count, values);
  if (range.count == 0) range.count = range.large ? kLargeSeeds : kSeeds;
  // The faults are meant: what they do is counted, and logged for single seeds alone.
  using blox::log::Level;
  const Level level = range.count > 1 ? Level::kOff : Level::kInfo;
  blox::check(blox::log::configure(level, "").has_value(), "log");
  return blox::simulation::run(flags);
}
