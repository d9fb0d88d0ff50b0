// Records and a cluster state beside an observer, for the tests of what it makes of them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/observe/observer.h"

namespace blox::scheduler {

inline const EnvironmentUid kUid{"uid-1"};
inline const ClusterArn kCluster{"arn:aws:ecs:eu-west-1:123456789012:cluster/prod"};
inline const WallTime kDate{std::chrono::days{20'000}};

inline std::vector<TaskArn> arns_of(const std::vector<UnclaimedTask>& tasks) {
  std::vector<TaskArn> arns;
  for (const auto& task : tasks) arns.push_back(task.arn);
  return arns;
}

class ObserverTest : public testing::Test {
 protected:
  ObserverTest() {
    Environment environment;
    environment.uid = kUid;
    environment.name = EnvironmentName{"logs"};
    environment.cluster = kCluster;
    environment.deployment = DeploymentId{"new"};
    records_.environments[kUid] = environment;
    memory_.checked_containers = {{TaskDefinitionArn{"logs:1"}, {}},
                                  {TaskDefinitionArn{"logs:2"}, {}}};
    add_deployment("old", "logs:1");
    add_deployment("new", "logs:2");
    add_instance("a");
  }

  void add_deployment(const std::string& id, const std::string& definition) {
    Deployment deployment;
    deployment.id = DeploymentId{id};
    deployment.environment = kUid;
    deployment.task_definition = TaskDefinitionArn{definition};
    deployment.status = DeploymentStatus::kRunning;
    records_.deployments[deployment.id] = deployment;
  }
  ContainerInstance& add_instance(const std::string& arn, const std::string& status = "ACTIVE") {
    ContainerInstance instance;
    instance.arn = ContainerInstanceArn{arn};
    instance.cluster = kCluster;
    instance.status = make_instance_status(status);
    instance.agent_connected = true;
    auto& entry = instances_[instance.arn];
    entry.object = instance;
    return entry.object;
  }
  // The instance, about to be changed.
  ContainerInstance& changed_a() {
    ++instances_.begin()->second.entity_version;
    return instances_.begin()->second.object;
  }
  Task& add_task(const std::string& arn, const std::string& started_by,
                 const std::string& status = "RUNNING", const std::string& group = "blox:logs") {
    Task task;
    task.arn = TaskArn{arn};
    task.cluster = kCluster;
    task.container_instance = ContainerInstanceArn{"a"};
    task.last_status = make_task_status(status);
    task.desired_status = make_task_status("RUNNING");
    task.started_by = started_by;
    task.group = group;
    task.created_at = format_time(kDate + std::chrono::seconds{tasks_.size()});
    auto& entry = tasks_[task.arn];
    entry.object = task;
    return entry.object;
  }
  // A task that served for `served` and ended `ago`.
  Task& add_ended(const std::string& arn, Duration served, Duration ago,
                  const std::string& reason = "Essential container exited") {
    Task& task = add_task(arn, "new", "STOPPED");
    const WallTime ended = kDate - std::chrono::duration_cast<std::chrono::milliseconds>(ago);
    task.started_at =
        format_time(ended - std::chrono::duration_cast<std::chrono::milliseconds>(served));
    task.stopped_at = format_time(ended);
    task.stopped_reason = reason;
    return task;
  }
  Intent& add_intent(IntentKind kind, std::vector<TaskArn> known) {
    Intent intent;
    intent.kind = kind;
    intent.environment = kUid;
    intent.instance = ContainerInstanceArn{"a"};
    intent.deployment = DeploymentId{"new"};
    intent.known_tasks = std::move(known);
    return records_.intents[{kUid, intent.instance}] = intent;
  }
  void add_outcome(const std::string& arn, WallTime started_at = kDate) {
    Outcome outcome;
    outcome.environment = kUid;
    outcome.instance = ContainerInstanceArn{"a"};
    outcome.deployment = DeploymentId{"new"};
    outcome.task_definition = TaskDefinitionArn{"logs:2"};
    outcome.task = TaskArn{arn};
    outcome.started_at = started_at;
    records_.outcomes[outcome.task] = outcome;
  }

  // What a Describe told of a task that the picture does not show so.
  void note_end(const std::string& arn, Duration served,
                const std::string& reason = "Essential container exited") {
    const auto started = kDate - std::chrono::duration_cast<std::chrono::milliseconds>(served);
    memory_.ended[TaskArn{arn}] = {format_time(started), format_time(started), format_time(kDate),
                                   reason};
  }

  World observe() {
    ClusterView view{tasks_,
                     instances_,
                     true,
                     {{kCluster, now_ - std::chrono::minutes{2}}},
                     unconfirmed_,
                     lacks_tasks_,
                     now_ - std::chrono::seconds{3},
                     told_at_,
                     picture_number_};
    if (!observer_) observer_.emplace(memory_, options_);
    worlds_ = observer_->observe(records_, view, now_, kDate);
    const auto found = worlds_.find(kUid);
    return found == worlds_.end() ? World{} : found->second;
  }
  ObservedInstance observe_a() {
    const World world = observe();
    for (const auto& instance : world.instances) {
      if (instance.arn.value == "a") return instance;
    }
    ADD_FAILURE() << "no instance a";
    return {};
  }

  Records records_;
  client::ClusterMirror::Tasks tasks_;
  client::ClusterMirror::Instances instances_;
  std::set<ClusterArn> unconfirmed_;
  std::map<ContainerInstanceArn, TimePoint> told_at_;
  std::set<ClusterArn> lacks_tasks_;
  std::uint64_t picture_number_ = 1;
  TimePoint now_{std::chrono::hours{1}};
  LaunchMemory memory_;
  ObserveOptions options_;  // To be set before the first look.
  std::optional<Observer> observer_;
  std::map<EnvironmentUid, World> worlds_;  // Of the last round.
};

}  // namespace blox::scheduler
