// The control API under /simulator/: what happens to machines and tasks in a data centre, faults,
// the judge, the truth.
#pragma once

#include <boost/json.hpp>
#include <string_view>

#include "simulator/json_input.h"
#include "simulator/simulator.h"

namespace blox::simulator {

/// ```
/// POST /simulator/instances                  {cluster, count, cpu, memory, attributes, …}
/// POST /simulator/instances/ID/ACTION        disconnect, connect, drain, activate, rejoin,
///                                            deregister (its tasks stop)
/// POST /simulator/tasks/ID/kill              {exitCode, reason}
/// GET, PUT /simulator/faults                 PUT replaces those that it names
/// GET /simulator/judge, /simulator/state     state: ?cluster=NAME, all if absent
/// POST /simulator/pause, /simulator/resume   of all that happens by itself
/// ```
/// `path` is without query. Errors have status 400, 404 or 405.
Outcome<boost::json::object> execute_control(Simulator& simulator, std::string_view method,
                                             std::string_view path, std::string_view query,
                                             const boost::json::object& body);

/// What the judge noted.
boost::json::object show_judge(const Judge& judge);
/// Instances and their live tasks, by cluster; counts of queues, events and throttles.
boost::json::object show_state(Simulator& simulator, std::string_view cluster);

}  // namespace blox::simulator
