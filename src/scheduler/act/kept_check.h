// KeptCheck: of two tasks on an instance one is stopped only when ECS has said lately that the
// other lives. A picture that missed an end would else have the only live one stopped.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/scope.h"
#include "scheduler/act/act_context.h"
#include "scheduler/act/held_reasons.h"
#include "scheduler/plan/daemon_plan.h"

namespace blox::scheduler {

/// Level, as all else: what may not be stopped now is asked about in the background, and a later
/// round finds the answer, which serves for confirmation_age_max. Bounds: one question an
/// environment and ask_calls_max in all at a time, ask_instances_max tasks in one.
/// Threading: the executor's thread.
class KeptCheck {
 public:
  explicit KeptCheck(ActContext& context) : context_(context), scope_(context.executor) {}

  /// Those of the plan's stops that may be opened. Call it in every round of an environment.
  std::vector<StopAction> admit(const Environment& environment, const Plan& plan);
  /// Why the newest admit() kept back a stop, in words; empty: it did not.
  std::string why_held(const EnvironmentUid& environment,
                       const ContainerInstanceArn& instance) const {
    return held_.why(environment, instance);
  }
  /// When an answer that holds a stop back gets too old to go by.
  std::optional<TimePoint> next_due() const;

 private:
  struct Answer {
    TimePoint at;
    std::string why_not;  // Empty: the task lives.
  };

  Async<void> ask(EnvironmentUid environment, ClusterArn cluster, std::vector<TaskArn> tasks);
  void forget_old();

  ActContext& context_;
  std::map<TaskArn, Answer> answers_;
  HeldReasons held_;  // By the newest admit().
  std::set<EnvironmentUid> asking_;
  Scope scope_;
};

}  // namespace blox::scheduler
