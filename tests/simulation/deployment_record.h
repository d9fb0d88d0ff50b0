// DeploymentRecord: a deployment as the scheduler stores it, read at the seam.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "simulation/seam_json.h"

namespace blox::simulation {

inline constexpr std::string_view kDeploymentRecords = "scheduler/deployments/";

struct DeploymentRecord {
  std::string id;
  std::string environment;  ///< Its uid.
  std::string group;        ///< Of its tasks.
  std::string definition;
  std::string status;
  std::set<std::string> failed;  ///< Instances.
};

inline bool goes_on(std::string_view status) { return status == "pending" || status == "running"; }

/// Of the value of such a key.
inline DeploymentRecord read_deployment(std::string_view value) {
  const auto record = parse_seam(value);
  DeploymentRecord deployment{text_of(record, "id"),
                              text_of(record, "environment"),
                              "blox:" + text_of(record, "environmentName"),
                              text_of(record, "taskDefinition"),
                              text_of(record, "status"),
                              {}};
  for (auto& arn : texts_of(record, "failedInstances")) deployment.failed.insert(std::move(arn));
  return deployment;
}

}  // namespace blox::simulation
