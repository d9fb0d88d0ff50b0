// The operations of ECS by name, JSON in and JSON out.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/json_input.h"
#include "simulator/simulator.h"

namespace blox::simulator {

using EcsCall = Outcome<boost::json::object> (*)(Simulator& simulator, JsonInput& input);

/// Null for an operation that the simulator does not have.
EcsCall find_ecs_call(std::string_view operation);
/// True for calls whose answer only shows: they may be slow or lag.
bool is_read(std::string_view operation);

/// The cluster named by the field `cluster` ("default" if absent), which must be ACTIVE.
/// Errors: ClusterNotFoundException.
Outcome<Cluster*> get_cluster(Simulator& simulator, JsonInput& input);
/// What each of `names` must be for a call on `cluster`: an id of 32 or 36 characters, or an ARN
/// of that kind and cluster. `kind` is "task" or "container-instance".
/// Errors: InvalidParameterException.
Outcome<void> check_identifiers(const Cluster& cluster, std::string_view kind,
                                const std::vector<std::string>& names);
/// True if the list `include` of the call names `what`.
bool includes(JsonInput& input, std::string_view what);
/// "family", "family:revision" or ARN. A bare family is its newest ACTIVE revision.
/// Errors: ClientException.
Outcome<std::shared_ptr<TaskDefinition>> get_definition(Simulator& simulator,
                                                        std::string_view name);
/// The moment of which this answer tells: now, or an earlier one under the fault of lagging lists.
TimePoint draw_view_time(Simulator& simulator);
/// {"arn": …, "reason": …} as in `failures`.
boost::json::object make_failure(std::string_view arn, std::string_view reason);
/// The same for what is not there: the ARN that `name`, an id or ARN, would have.
boost::json::object make_missing(const World& world, const Cluster& cluster, std::string_view kind,
                                 const std::string& name);

// One function an operation; ecs_calls.cc lists them.
Outcome<boost::json::object> create_cluster(Simulator&, JsonInput&);
Outcome<boost::json::object> delete_cluster(Simulator&, JsonInput&);
Outcome<boost::json::object> describe_clusters(Simulator&, JsonInput&);
Outcome<boost::json::object> list_clusters(Simulator&, JsonInput&);
Outcome<boost::json::object> register_task_definition(Simulator&, JsonInput&);
Outcome<boost::json::object> deregister_task_definition(Simulator&, JsonInput&);
Outcome<boost::json::object> describe_task_definition(Simulator&, JsonInput&);
Outcome<boost::json::object> list_task_definitions(Simulator&, JsonInput&);
Outcome<boost::json::object> list_task_definition_families(Simulator&, JsonInput&);
Outcome<boost::json::object> register_container_instance(Simulator&, JsonInput&);
Outcome<boost::json::object> deregister_container_instance(Simulator&, JsonInput&);
Outcome<boost::json::object> update_container_instances_state(Simulator&, JsonInput&);
Outcome<boost::json::object> list_container_instances(Simulator&, JsonInput&);
Outcome<boost::json::object> describe_container_instances(Simulator&, JsonInput&);
Outcome<boost::json::object> put_attributes(Simulator&, JsonInput&);
Outcome<boost::json::object> delete_attributes(Simulator&, JsonInput&);
Outcome<boost::json::object> list_attributes(Simulator&, JsonInput&);
Outcome<boost::json::object> start_task(Simulator&, JsonInput&);
Outcome<boost::json::object> run_task(Simulator&, JsonInput&);
Outcome<boost::json::object> stop_task(Simulator&, JsonInput&);
Outcome<boost::json::object> list_tasks(Simulator&, JsonInput&);
Outcome<boost::json::object> describe_tasks(Simulator&, JsonInput&);

}  // namespace blox::simulator
