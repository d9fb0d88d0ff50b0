// The mutants by the seam that they stand at; all_mutants.cc has the rest.
#pragma once

#include <vector>

#include "simulation/mutant.h"

namespace blox::simulation {

std::vector<Mutant> mutants_of_plans();
std::vector<Mutant> mutants_of_calls();
std::vector<Mutant> mutants_of_states();

}  // namespace blox::simulation
