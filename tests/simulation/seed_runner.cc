#include "simulation/seed_runner.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <iostream>
#include <string>
#include <vector>

#include "base/check.h"
#include "simulation/simulation.h"

namespace blox::simulation {
namespace {

constexpr const char* kRun = "seeds run";
constexpr const char* kBroken = "seeds that broke a promise";
constexpr std::uint64_t kProgressEvery = 200;

struct Child {
  pid_t process = 0;
  int results = 0;  // Where it writes what it went through.
};

Scenario scenario_of(const SeedRange& range, std::uint64_t seed, const Mutant& mutant) {
  Scenario scenario = range.large ? draw_large_scenario(seed) : draw_scenario(seed);
  if (mutant.bend_scenario) mutant.bend_scenario(scenario);
  return scenario;
}

Coverage run_share(const SeedRange& range, std::uint64_t number, const Mutant& mutant, bool trace) {
  Coverage coverage;
  for (std::uint64_t i = number; i < range.count; i += range.processes) {
    const std::uint64_t seed = range.from + i;
    const auto scenario = scenario_of(range, seed, mutant);
    const auto report = simulate(scenario, mutant, trace ? &std::cout : nullptr);
    coverage.add(report.coverage);
    coverage.add(kRun);
    if (!report.broken.empty()) {
      coverage.add(kBroken);
      std::cout << "seed " << seed << ": " << report.broken << std::endl;
    }
    if (number == 0 && i > 0 && i % kProgressEvery == 0) {
      std::cerr << "  " << i << " of " << range.count << " seeds" << std::endl;
    }
  }
  return coverage;
}

void write_all(int file, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const auto written = write(file, text.data() + done, text.size() - done);
    check(written > 0, "the results of a share of seeds can be written");
    done += static_cast<std::size_t>(written);
  }
}

std::string read_all(int file) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto got = read(file, buffer.data(), buffer.size());
    if (got <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

Child start_child(const SeedRange& range, std::uint64_t number, const Mutant& mutant, bool trace) {
  std::array<int, 2> ends{};
  check(pipe(ends.data()) == 0, "a pipe can be made");
  std::cout.flush();
  const pid_t process = fork();
  check(process >= 0, "a process can be made");
  if (process == 0) {
    close(ends[0]);
    write_all(ends[1], format_coverage(run_share(range, number, mutant, trace)));
    std::cout.flush();
    _exit(0);
  }
  close(ends[1]);
  return {process, ends[0]};
}

}  // namespace

SeedTally run_seeds(const SeedRange& range, const Mutant& mutant, bool trace) {
  std::vector<Child> children;
  for (std::uint64_t i = 0; i < range.processes; ++i) {
    children.push_back(start_child(range, i, mutant, trace));
  }
  SeedTally tally;
  for (const Child& child : children) {
    tally.coverage.add(parse_coverage(read_all(child.results)));
    close(child.results);
    int status = 0;
    waitpid(child.process, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) ++tally.died;
  }
  tally.run = tally.coverage.counts[kRun];
  tally.broken = tally.coverage.counts[kBroken];
  tally.coverage.counts.erase(kRun);
  tally.coverage.counts.erase(kBroken);
  return tally;
}

}  // namespace blox::simulation
