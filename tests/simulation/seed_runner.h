// SeedRunner: a range of seeds over several processes, and what all of them went through together.
#pragma once

#include <cstdint>
#include <iosfwd>

#include "simulation/coverage.h"
#include "simulation/mutant.h"

namespace blox::simulation {

struct SeedRange {
  std::uint64_t from = 1;
  std::uint64_t count = 1;
  std::uint64_t processes = 1;  ///< Side by side; seed i goes to process i modulo that.
  bool large = false;           ///< Of large scenarios.
};

struct SeedTally {
  std::uint64_t run = 0;     ///< Seeds whose run came to its end.
  std::uint64_t broken = 0;  ///< Of these, those that broke a promise; a line each on stdout.
  std::uint64_t died = 0;    ///< Processes that did not end well; they say on stderr in which seed.
  Coverage coverage;
};

/// Runs them all and waits. With `trace`, what happens in the simulated AWS goes to stdout.
/// Requires: no other thread, as it forks.
SeedTally run_seeds(const SeedRange& range, const Mutant& mutant = {}, bool trace = false);

}  // namespace blox::simulation
