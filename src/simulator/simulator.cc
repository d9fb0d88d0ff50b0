#include "simulator/simulator.h"

#include <utility>

namespace blox::simulator {

Simulator::Simulator(Executor& executor, Random& random, Options options)
    : timers(executor),
      world(executor, random, options.identity, faults),
      judge(world),
      queues(executor, random, faults),
      events(world, timers, queues, options.event_queue),
      lifecycle(world, timers, options.delays),
      launches(world, lifecycle, timers),
      agents(world, lifecycle, timers, options.delays),
      throttle(executor) {
  queues.create(options.event_queue);
  // The judge first: what it says holds at the moment in which the event goes out.
  world.add_observer(judge);
  world.add_observer(events);
}

}  // namespace blox::simulator
