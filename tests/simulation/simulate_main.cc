// blox_simulate: any range of seeds, on all cores, with progress: ./dev simulate --seeds N --from
// K.
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "simulation/simulation.h"

namespace blox::simulation {
namespace {

struct Flags {
  std::uint64_t seeds = 100;
  std::uint64_t from = 1;
  unsigned processes = 2;
  std::string mutant = "none";
  bool trace = false;
};

// Every `processes`-th seed from `first` on. Returns how many broke a promise.
int run_share(const Flags& flags, const Mutant& mutant, std::uint64_t first) {
  int broken = 0;
  Coverage coverage;
  for (std::uint64_t i = first; i < flags.seeds; i += flags.processes) {
    const std::uint64_t seed = flags.from + i;
    const auto report = simulate(draw_scenario(seed), mutant, flags.trace ? &std::cout : nullptr);
    coverage.add(report.coverage);
    if (!report.broken.empty()) {
      ++broken;
      std::cout << "seed " << seed << ": " << report.broken << std::endl;
    }
    if (first == 0 && i > 0 && i % 200 == 0) {
      std::cerr << "  " << i << " of " << flags.seeds << " seeds" << std::endl;
    }
  }
  if (first == 0) {
    for (const auto& [what, count] : coverage.counts) {
      std::cerr << "  " << count << " " << what << "\n";
    }
  }
  return std::min(broken, 100);
}

int run(const Flags& flags) {
  Mutant mutant;
  for (auto& known : all_mutants()) {
    if (known.name == flags.mutant) mutant = std::move(known);
  }
  if (mutant.name != flags.mutant) {
    std::cerr << "--mutant '" << flags.mutant << "' is not known; there are:\n";
    for (const auto& known : all_mutants()) std::cerr << "  " << known.name << "\n";
    return 2;
  }
  std::vector<pid_t> children;
  for (std::uint64_t i = 0; i < flags.processes; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(run_share(flags, mutant, i));
    children.push_back(child);
  }
  int broken = 0;
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    broken += WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    if (!WIFEXITED(status)) std::cout << "a process of the simulation died\n";
  }
  std::cout << flags.seeds << " seeds from " << flags.from << ": " << broken
            << " broke a promise\n";
  return broken == 0 ? 0 : 1;
}

}  // namespace
}  // namespace blox::simulation

int main(int count, char** values) {
  blox::simulation::Flags flags;
  CLI::App app{"The whole of Blox under virtual time, a run a seed"};
  app.add_option("--seeds", flags.seeds, "How many")->capture_default_str();
  app.add_option("--from", flags.from, "The first")->capture_default_str();
  app.add_option("--processes", flags.processes, "Side by side")->capture_default_str();
  app.add_option("--mutant", flags.mutant, "Break the scheduler on purpose");
  app.add_flag("--trace", flags.trace, "Print what happens in the simulated AWS");
  CLI11_PARSE(app, count, values);
  // The faults are meant: what they do is counted, not logged, but for single seeds.
  if (flags.seeds > 1)
    blox::check(blox::log::configure(blox::log::Level::kOff, "").has_value(), "log");
  return blox::simulation::run(flags);
}
