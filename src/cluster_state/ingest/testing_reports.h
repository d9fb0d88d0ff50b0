// Reports, events and a world for the tests of ingest and reconcile. For tests alone.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "cluster_state/ingest/report.h"

namespace blox::cluster_state::testing {

inline const ClusterArn kCluster{"arn:aws:ecs:eu-west-1:123456789012:cluster/prod"};

inline TaskArn task_arn(std::string_view id) {
  return TaskArn{fmt::format("arn:aws:ecs:eu-west-1:123456789012:task/prod/{:0>32}", id)};
}
inline ContainerInstanceArn instance_arn(std::string_view id) {
  return ContainerInstanceArn{
      fmt::format("arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/{:0>32}", id)};
}

struct TaskText {
  std::string id = "1";
  int version = 1;  ///< 0: none.
  std::string status = "RUNNING";
  std::string instance = "1";
  std::string more = {};  ///< Further fields, each ending with a comma.
};

inline std::string task_detail(const TaskText& task) {
  const std::string version = task.version > 0 ? fmt::format("\"version\":{},", task.version) : "";
  return fmt::format(R"({{"clusterArn":"{}","taskArn":"{}","containerInstanceArn":"{}",{}{})"
                     R"("taskDefinitionArn":"arn:aws:ecs:eu-west-1:123456789012:task-definition/)"
                     R"(logs:3","desiredStatus":"RUNNING","lastStatus":"{}"}})",
                     kCluster.value, task_arn(task.id).value, instance_arn(task.instance).value,
                     version, task.more, task.status);
}

inline TaskReport task_report(const TaskText& task, std::string describe_only = {}) {
  TaskReport report{task_arn(task.id),
                    kCluster,
                    std::nullopt,
                    make_task_status(task.status),
                    instance_arn(task.instance),
                    task_detail(task),
                    std::move(describe_only)};
  if (task.version > 0) report.version = EcsVersion{task.version};
  return report;
}

inline InstanceReport instance_report(std::string_view id, int version, std::string_view status) {
  const ContainerInstanceArn arn = instance_arn(id);
  return {arn,
          kCluster,
          EcsVersion{version},
          make_instance_status(status),
          fmt::format(R"({{"clusterArn":"{}","containerInstanceArn":"{}","version":{},)"
                      R"("status":"{}","agentConnected":true}})",
                      kCluster.value, arn.value, version, status),
          {}};
}

/// An envelope as the queue holds it.
inline std::string envelope(std::string_view type, std::string_view id, WallTime time,
                            std::string_view detail) {
  return fmt::format(R"({{"version":"0","id":"{}","detail-type":"{}","source":"aws.ecs",)"
                     R"("account":"123456789012","time":"{}","region":"eu-west-1",)"
                     R"("resources":[],"detail":{}}})",
                     id, type, format_time(time), detail);
}
inline std::string task_event(const TaskText& task, WallTime time) {
  return envelope("ECS Task State Change", "id-" + task.id, time, task_detail(task));
}

}  // namespace blox::cluster_state::testing
