// Environments and deployments as the daemon-scheduler's HTTP API gives them: the v0.3 objects with
// what was added since. The service encodes answers and decodes requests; clients do the reverse.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/arn.h"

namespace blox::codec {

/// Empty text and what is not set is left out of the JSON, but for the fields that v0.3 demands.
struct EnvironmentObject {
  std::string name;
  std::string deployment_token;
  std::string cluster;  ///< The ARN.
  std::string task_definition;
  std::string health;  ///< "healthy" or "unhealthy".
  std::string health_reason;
  std::string max_unavailable;  ///< "1" or "10%"; a count is an integer in JSON.
  std::string drain_deadline;   ///< "15m".
  std::string min_healthy;      ///< "10s".
  std::string deployment_id;    ///< The one in force.
  std::optional<WallTime> created_at;
  friend bool operator==(const EnvironmentObject&, const EnvironmentObject&) = default;
};

struct DeploymentObject {
  std::string id;
  std::string status;  ///< "pending", "running", "completed", "failed", "superseded".
  std::string task_definition;
  std::string environment_name;
  std::vector<std::string> failed_instances;  ///< Container instance ARNs.
  std::string reason;                         ///< Why it failed, in words; empty: it did not.
  std::optional<WallTime> created_at;
  std::optional<WallTime> started_at;
  std::optional<WallTime> ended_at;
  friend bool operator==(const DeploymentObject&, const DeploymentObject&) = default;
};

/// What the newest round found out about one container instance of an environment.
struct InstanceStatusObject {
  std::string container_instance_arn;
  std::string state;
  std::string reason;
  std::string task_arn;
  friend bool operator==(const InstanceStatusObject&, const InstanceStatusObject&) = default;
};

template <class Object>
struct ObjectPage {
  std::vector<Object> items;
  std::string next_token;
};

struct InstanceStatusList {
  std::vector<InstanceStatusObject> items;
  std::optional<WallTime> decided_at;  ///< When the round was; none yet when it is missing.
};

/// What becomes of one unclaimed task when its environment adopts it.
struct AdoptionObject {
  std::string task_arn;
  std::string container_instance_arn;
  std::string task_definition;
  std::string started_by;
  std::string reason;  ///< Why it is left alone; empty: it is adopted.
  friend bool operator==(const AdoptionObject&, const AdoptionObject&) = default;
};
struct AdoptionList {
  std::vector<AdoptionObject> items;  ///< Sorted by instance.
  bool dry_run = false;               ///< Nothing was done.
};

/// The bodies of POST /v1/environments and of PATCH: what is not set is left out.
struct EnvironmentRequest {
  std::string name;
  std::string cluster;
  std::optional<std::string> task_definition;
  std::optional<std::string> max_unavailable;  ///< "1" or "10%".
  std::optional<std::string> drain_deadline;
  std::optional<std::string> min_healthy;
  friend bool operator==(const EnvironmentRequest&, const EnvironmentRequest&) = default;
};

std::string encode_object(const EnvironmentObject& environment);
std::string encode_object(const DeploymentObject& deployment);
std::string encode_page(const ObjectPage<EnvironmentObject>& page);
std::string encode_page(const ObjectPage<DeploymentObject>& page);
std::string encode_list(const InstanceStatusList& list);
std::string encode_list(const AdoptionList& list);

/// Decode answers; fields that they do not know are skipped.
/// Errors: kInvalid, naming the field.
Result<EnvironmentObject> decode_environment_object(std::string_view json);
Result<DeploymentObject> decode_deployment_object(std::string_view json);
Result<ObjectPage<EnvironmentObject>> decode_environment_page(std::string_view json);
Result<ObjectPage<DeploymentObject>> decode_deployment_page(std::string_view json);
Result<InstanceStatusList> decode_instance_status_list(std::string_view json);
Result<AdoptionList> decode_adoption_list(std::string_view json);

/// All fields that are set, and of a new environment its name and cluster.
std::string encode_request(const EnvironmentRequest& request);

/// Decode requests; field by field, and every field has to be known.
/// Errors: kInvalid: a sentence that names the field, what it is and what is allowed.
Result<EnvironmentRequest> decode_new_environment(std::string_view json);
Result<EnvironmentRequest> decode_environment_patch(std::string_view json);

}  // namespace blox::codec
