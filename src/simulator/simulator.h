// Simulator: the simulated AWS account in one object, wired together. `face.h` serves it over
// HTTP, `sim_transport.h` without a socket; tests may reach into its parts.
#pragma once

#include <string>

#include "base/executor.h"
#include "base/random.h"
#include "simulator/agents.h"
#include "simulator/events.h"
#include "simulator/faults.h"
#include "simulator/judge.h"
#include "simulator/launches.h"
#include "simulator/lifecycle.h"
#include "simulator/queues.h"
#include "simulator/throttle.h"
#include "simulator/timers.h"
#include "simulator/world.h"

namespace blox::simulator {

struct Options {
  Identity identity;
  Delays delays;
  /// Where events go. It is there from the start.
  std::string event_queue = "blox_queue";
};

/// The parts, in the order in which they stand on each other.
/// Threading: the executor's thread. `executor` and `random` must outlive it.
class Simulator {
 public:
  Simulator(Executor& executor, Random& random, Options options = {});
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  Faults faults;  ///< May be changed at any time.
  FaultCounts fault_counts;
  Timers timers;
  World world;
  Judge judge;
  Queues queues;
  Events events;
  Lifecycle lifecycle;
  Launches launches;
  Agents agents;
  Throttle throttle;
};

}  // namespace blox::simulator
