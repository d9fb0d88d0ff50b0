// What becomes of each unclaimed task when an environment adopts, as a pure function.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "scheduler/environments/records.h"
#include "scheduler/environments/repository.h"
#include "scheduler/environments/status_board.h"

namespace blox::scheduler {

/// What becomes of one unclaimed task.
struct Adoption {
  UnclaimedLine task;
  std::string why_not;  ///< In words; empty: it is the environment's own from now on.
};

struct AdoptionDecision {
  std::vector<Adoption> adoptions;      ///< One a task, in their order.
  std::vector<Deployment> deployments;  ///< To be stored, sorted by id.
};

/// `adopted`: the ids of the deployments that this adoption has stored already.
/// Source: docs/decisions/0016.
AdoptionDecision decide_adoption(const Records& records, const Environment& environment,
                                 const std::vector<UnclaimedLine>& tasks,
                                 const std::set<DeploymentId>& adopted, WallTime now);

}  // namespace blox::scheduler
