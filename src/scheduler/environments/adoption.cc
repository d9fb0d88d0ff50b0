#include "scheduler/environments/adoption.h"

#include <algorithm>
#include <map>
#include <utility>

namespace blox::scheduler {
namespace {

// The first task that somebody started, and the first one of another definition than that.
struct Started {
  const UnclaimedLine* first = nullptr;
  const UnclaimedLine* other = nullptr;
};

using StartedBy = std::map<DeploymentId, Started>;

StartedBy find_started(const std::vector<UnclaimedLine>& tasks) {
  StartedBy started;
  for (const auto& task : tasks) {
    Started& by = started[DeploymentId{task.started_by}];
    if (by.first == nullptr) {
      by.first = &task;
    } else if (by.other == nullptr && task.task_definition != by.first->task_definition) {
      by.other = &task;
    }
  }
  return started;
}

std::string why_not_adopted(const Records& records, const Environment& environment,
                            const UnclaimedLine& task, const StartedBy& started,
                            const std::set<DeploymentId>& adopted) {
  const DeploymentId id{task.started_by};
  if (task.will_end) return "the delete of its environment stops it";
  if (task.started_by.empty()) return "it has no startedBy, by which it could be told as ours";
  const auto found = records.deployments.find(id);
  if (found != records.deployments.end()) {
    if (adopted.contains(id)) return {};
    return found->second.environment == environment.uid
               ? "it is the environment's own already"
               : "a deployment of an environment that is being deleted started it; try again "
                 "when that is gone";
  }
  const Started& by = started.at(id);
  if (by.other == nullptr) return {};
  const bool is_first = task.task_definition == by.first->task_definition;
  return "another task with its startedBy is of another definition: " +
         (is_first ? by.other : by.first)->task.value;
}

}  // namespace

AdoptionDecision decide_adoption(const Records& records, const Environment& environment,
                                 const std::vector<UnclaimedLine>& tasks,
                                 const std::set<DeploymentId>& adopted, WallTime now) {
  const StartedBy started = find_started(tasks);
  AdoptionDecision decision;
  std::map<DeploymentId, Deployment> deployments;
  for (const auto& task : tasks) {
    const DeploymentId id{task.started_by};
    decision.adoptions.push_back(
        {task, why_not_adopted(records, environment, task, started, adopted)});
    if (!decision.adoptions.back().why_not.empty() || adopted.contains(id)) continue;
    Deployment& deployment = deployments[id];
    const bool is_new = deployment.id.value.empty();
    deployment.id = id;
    deployment.environment = environment.uid;
    deployment.environment_name = environment.name;
    deployment.task_definition = task.task_definition;
    deployment.status = DeploymentStatus::kSuperseded;
    deployment.reason = "its tasks were adopted";
    deployment.created_at =
        is_new ? task.created_at : std::min(deployment.created_at, task.created_at);
    deployment.ended_at = now;
  }
  for (auto& [id, deployment] : deployments) {
    decision.deployments.push_back(std::move(deployment));
  }
  return decision;
}

}  // namespace blox::scheduler
