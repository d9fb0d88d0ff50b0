// The calls to ECS as JSON (protocol JSON 1.1): requests out, answers in. What a Describe answer
// says becomes the same report that an event becomes, so that ingest has one path for both.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/arn.h"
#include "model/report.h"

namespace blox::codec {

/// Objects in one Describe call, at most. Source: API/DescribeTasks,
/// API/DescribeContainerInstances.
inline constexpr std::size_t kEcsDescribeMax = 100;

/// One page of a List answer. `next_token` is empty on the last page.
struct EcsListPage {
  std::vector<std::string> arns;
  std::string next_token;
};

/// The reason of a failure that is ours: ECS described the object in a form that we do not know.
inline constexpr std::string_view kUndecodable = "UNDECODABLE";

/// An object that was taken although a part of it was no JSON, or a number beyond all that we can
/// keep.
struct EcsRepair {
  std::string arn;
  std::string what;  ///< "a number beyond all that we can keep is left out", …
};

/// What ECS could not do for one object of a call. Source: "API failures messages".
struct EcsFailure {
  std::string arn;
  std::string reason;  ///< "MISSING", "RESOURCE:MEMORY", …; empty when ECS gave none.
  std::string detail;
};

/// All requests are JSON objects, minified. Empty `next_token`: the first page.
std::string encode_list_clusters(const std::string& next_token);
std::string encode_describe_clusters(const std::string& cluster);
std::string encode_list_container_instances(const ClusterArn& cluster,
                                            const std::string& next_token);
/// Asks for tags and health as well.
std::string encode_describe_container_instances(const ClusterArn& cluster,
                                                const std::vector<ContainerInstanceArn>& instances);

/// Filters of ListTasks; empty ones are left out.
struct ListTasksCall {
  ClusterArn cluster;
  std::string started_by;
  std::optional<ContainerInstanceArn> container_instance;
  std::string family;
  bool stopped = false;  ///< desiredStatus STOPPED instead of RUNNING.
  std::string next_token;
};
std::string encode_list_tasks(const ListTasksCall& call);
/// Asks for tags as well.
std::string encode_describe_tasks(const ClusterArn& cluster, const std::vector<TaskArn>& tasks);
std::string encode_describe_task_definition(const std::string& name);

/// Empty `started_by` and `group` are left out.
struct StartTaskCall {
  ClusterArn cluster;
  TaskDefinitionArn task_definition;
  std::vector<ContainerInstanceArn> instances;
  std::string started_by;
  std::string group;
};
std::string encode_start_task(const StartTaskCall& call);
std::string encode_stop_task(const ClusterArn& cluster, const TaskArn& task,
                             const std::string& reason);

/// Reads a page of ListClusters ("clusterArns"), ListContainerInstances ("containerInstanceArns")
/// or ListTasks ("taskArns"), the text in brackets being `field`.
/// All decoders read an answer that is no JSON for a text or a number in it as repair_json has it.
/// Errors of all decoders: kInvalid, naming the field; what happened at ECS stays unsaid.
Result<EcsListPage> decode_list(std::string_view body, std::string_view field);

struct DescribeClustersAnswer {
  struct Cluster {
    ClusterArn arn;
    std::string status;  ///< "ACTIVE", "INACTIVE", …
  };
  std::vector<Cluster> clusters;
  std::vector<EcsFailure> failures;
};
Result<DescribeClustersAnswer> decode_describe_clusters(std::string_view body);

/// `reports` in the order of the answer; see model/report.h for their form. Of what events never
/// carry, `describe_only` holds "healthStatus", "tags" and, for tasks, "containerHealthStatus": an
/// object of container name to its healthStatus. Fields that ECS did not send are absent there.
/// An object that cannot be decoded is among the failures, as kUndecodable. A number beyond all
/// doubles is null in its report.
struct DescribeTasksAnswer {
  std::vector<TaskReport> reports;
  std::vector<EcsFailure> failures;
  /// Of an answer that was repaired, all objects that may be meant, or one without an ARN.
  std::vector<EcsRepair> repaired;
};
Result<DescribeTasksAnswer> decode_describe_tasks(std::string_view body);

struct DescribeInstancesAnswer {
  std::vector<InstanceReport> reports;
  std::vector<EcsFailure> failures;
  std::vector<EcsRepair> repaired;
};
/// `cluster` becomes the details' clusterArn, which events have and Describe answers lack.
Result<DescribeInstancesAnswer> decode_describe_container_instances(std::string_view body,
                                                                    const ClusterArn& cluster);

struct DescribeTaskDefinitionAnswer {
  TaskDefinitionArn arn;
  bool active = false;
  /// The essential containers with a health check: by them alone ECS tells a task's health.
  std::vector<std::string> checked_containers;
};
Result<DescribeTaskDefinitionAnswer> decode_describe_task_definition(std::string_view body);

/// A task that lacks its own ARN or its instance's is among the failures, as kUndecodable: what
/// became of it is not known.
struct StartTaskAnswer {
  struct Started {
    TaskArn task;
    ContainerInstanceArn instance;
  };
  std::vector<Started> started;
  std::vector<EcsFailure> failures;
};
Result<StartTaskAnswer> decode_start_task(std::string_view body);

}  // namespace blox::codec
