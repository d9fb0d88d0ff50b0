// From the scheduler's records to the objects that its API shows.
#pragma once

#include "codec/scheduler_objects.h"
#include "scheduler/environments/operations.h"
#include "scheduler/environments/records.h"
#include "scheduler/environments/status_board.h"

namespace blox::scheduler {

/// `status` is what the newest round found out, or null. Until then an environment that was
/// deployed is not healthy: nobody has looked at it yet.
codec::EnvironmentObject make_object(const Environment& environment,
                                     const EnvironmentStatus* status);
codec::DeploymentObject make_object(const Deployment& deployment);
/// An empty list without a time when `status` is null.
codec::InstanceStatusList make_instance_list(const EnvironmentStatus* status);

codec::AdoptionList make_adoption_list(const std::vector<Adoption>& adoptions, bool dry_run);

}  // namespace blox::scheduler
