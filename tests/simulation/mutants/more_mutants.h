// The mutants by the seam that they stand at; all_mutants.cc has the rest.
#pragma once

#include <vector>

#include "simulation/mutant.h"

namespace blox::simulation {

std::vector<Mutant> mutants_of_plans();
/// What is told of deployments and instances is not so.
std::vector<Mutant> mutants_of_words();
std::vector<Mutant> mutants_of_calls();
std::vector<Mutant> mutants_of_states();

}  // namespace blox::simulation
