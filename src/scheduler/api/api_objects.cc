#include "scheduler/api/api_objects.h"

#include "scheduler/environments/record_codec.h"
#include "scheduler/environments/validation.h"

namespace blox::scheduler {

codec::EnvironmentObject make_object(const Environment& environment,
                                     const EnvironmentStatus* status) {
  codec::EnvironmentObject object;
  object.name = environment.name.value;
  object.deployment_token = environment.deployment_token;
  object.cluster = environment.cluster.value;
  object.task_definition = environment.task_definition.value;
  // What was deployed and not looked at yet (right after a start) is not known to be healthy.
  const bool healthy = status ? status->healthy : !environment.deployment;
  object.health = healthy ? "healthy" : "unhealthy";
  if (!healthy) object.health_reason = status ? status->reason : "nothing is decided yet";
  object.max_unavailable = format_max_unavailable(environment.rollout.max_unavailable);
  object.drain_deadline = format_duration(environment.rollout.drain_deadline);
  object.min_healthy = format_duration(environment.rollout.min_healthy);
  if (environment.deployment) object.deployment_id = environment.deployment->value;
  object.created_at = environment.created_at;
  return object;
}

codec::DeploymentObject make_object(const Deployment& deployment) {
  codec::DeploymentObject object;
  object.id = deployment.id.value;
  object.status = to_text(deployment.status);
  object.task_definition = deployment.task_definition.value;
  object.environment_name = deployment.environment_name.value;
  for (const auto& instance : deployment.failed_instances) {
    object.failed_instances.push_back(instance.value);
  }
  object.reason = deployment.reason;
  object.created_at = deployment.created_at;
  object.started_at = deployment.started_at;
  object.ended_at = deployment.ended_at;
  return object;
}

codec::InstanceStatusList make_instance_list(const EnvironmentStatus* status) {
  codec::InstanceStatusList list;
  if (!status) return list;
  list.decided_at = status->decided_at;
  for (const auto& line : status->instances) {
    list.items.push_back({line.instance.value, line.state, line.reason,
                          line.task ? line.task->value : std::string{}});
  }
  return list;
}

codec::AdoptionList make_adoption_list(const std::vector<Adoption>& adoptions, bool dry_run) {
  codec::AdoptionList list{{}, dry_run};
  for (const auto& [task, why_not] : adoptions) {
    list.items.push_back({task.task.value, task.instance.value, task.task_definition.value,
                          task.started_by, why_not});
  }
  return list;
}

}  // namespace blox::scheduler
