// The identifiers of ECS, each a type of its own, and how their text is built.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/named.h"
#include "base/result.h"

namespace blox {

using ClusterArn = Named<struct ClusterArnTag, std::string>;
using ContainerInstanceArn = Named<struct ContainerInstanceArnTag, std::string>;
using TaskArn = Named<struct TaskArnTag, std::string>;
using TaskDefinitionArn = Named<struct TaskDefinitionArnTag, std::string>;

/// Counter that ECS raises at each change of one object (`detail.version`). Orders the reports on
/// that object alone. Source: Amazon ECS developer guide, "Handling events".
using EcsVersion = Named<struct EcsVersionTag, std::int64_t>;

/// The parts of `arn:<partition>:ecs:<region>:<account>:<kind>/<rest>`, as views into the text.
struct ArnParts {
  std::string_view partition;  ///< "aws", "aws-cn", "aws-us-gov", …: `aws` or `aws-[a-z-]+`.
  std::string_view region;     ///< "eu-west-1".
  std::string_view account;    ///< Twelve digits.
  std::string_view kind;       ///< "task", "container-instance", "cluster", "task-definition", …
  std::string_view rest;       ///< "<cluster>/<id>", or "<id>" in the short form.
};

/// Splits an ECS ARN of any partition, long or short form.
/// Errors: kInvalid, naming the text and the form expected.
Result<ArnParts> parse_arn(std::string_view text);

/// Each checks form and kind. Errors: kInvalid.
Result<ClusterArn> parse_cluster_arn(std::string_view text);
Result<ContainerInstanceArn> parse_container_instance_arn(std::string_view text);
Result<TaskArn> parse_task_arn(std::string_view text);
Result<TaskDefinitionArn> parse_task_definition_arn(std::string_view text);

/// True for 1 to 255 letters, digits, `-` and `_`. Source: API reference, CreateCluster.
bool is_cluster_name(std::string_view text);

/// The name in a cluster ARN: all that follows "cluster/". Requires: a well-formed ARN.
std::string_view cluster_name(const ClusterArn& arn);

/// The part of any of our ARNs after the last '/': for tables and logs. The whole text if none.
std::string_view short_id(std::string_view arn);

}  // namespace blox
