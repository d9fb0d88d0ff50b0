// What the demo promises, held against what the simulator itself recorded.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "blox/demo_world.h"

namespace blox::apps {

struct DemoPromise {
  std::string what;  ///< What is counted, in words.
  std::size_t is = 0;
  std::size_t wanted = 0;
  bool is_kept() const { return is == wanted; }
};

/// In the order in which they are shown. `definition` is the ARN that each of `eligible` instances
/// has to run one task of.
std::vector<DemoPromise> count_promises(const Truth& truth, const std::string& definition,
                                        std::size_t eligible);

/// ACTIVE with its agent connected: an instance that has to run the daemon.
bool is_eligible(const TrueInstance& instance);

/// One task, RUNNING, of that definition.
bool runs_exactly(const TrueInstance& instance, const std::string& definition);

}  // namespace blox::apps
