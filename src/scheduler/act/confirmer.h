// Confirmer: asks ECS before a launch where the picture alone is not enough: because it was not
// confirmed lately (Describe of the instances), or because a plan wants so many starts that the
// picture may be wrong or the picture lacks tasks (ListTasks and DescribeTasks of the environment's
// tasks), or because the picture may have gone backwards, or a task of the environment is shown
// that nobody can describe (the same of the instance's tasks).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/scope.h"
#include "scheduler/act/act_context.h"
#include "scheduler/act/held_reasons.h"
#include "scheduler/act/sightings.h"
#include "scheduler/plan/daemon_plan.h"

namespace blox::scheduler {

/// Level, as all else: what may not start now is asked about in the background; a later round asks
/// again and finds the answer. Answers serve for confirmation_age_max from when they are complete,
/// however long that took, beside the picture that they were held against; that an instance is
/// eligible counts from when it was asked about. Where a live task was seen that the picture lacks,
/// nothing starts, whatever the plan.
/// Bounds: ask_calls_max questions of each kind at a time, ask_instances_max instances in one.
/// Threading: the executor's thread.
class Confirmer {
 public:
  /// Requires: both outlive it.
  Confirmer(ActContext& context, Sightings& sightings)
      : context_(context), sightings_(sightings), scope_(context.executor) {}

  /// Those of the plan's starts that may be sent, with the time of their confirmation set.
  std::vector<StartAction> admit(const Environment& environment, const Plan& plan);
  /// Forgets why starts were kept back, as the plan may have none any more.
  void clear_held(const EnvironmentUid& environment) { held_.clear(environment); }
  /// Why the newest admit() kept back a start, in words; empty: it did not.
  std::string why_held(const EnvironmentUid& environment,
                       const ContainerInstanceArn& instance) const {
    return held_.why(environment, instance);
  }
  /// When an answer that forbids a start gets too old to go by.
  std::optional<TimePoint> next_due() const;

 private:
  struct Picture {             // What ECS said of an environment.
    std::uint64_t number = 0;  // Of the picture that lacks nothing of it but these.
    TimePoint answered_at;
    std::string failure;            // Why it could not be asked; else empty.
    std::set<TaskArn> undescribed;  // Perhaps its own, and nobody knows where.
  };

  struct Listing {             // What ECS said of the tasks of one instance.
    std::uint64_t number = 0;  // As above.
    TimePoint answered_at;
    std::string failure;            // Why it could not be asked; else empty.
    std::set<TaskArn> undescribed;  // There, and perhaps ours.
  };

  struct Unseen {  // Tasks that the picture lacks.
    std::vector<TaskReport> tasks;
    std::set<TaskArn> undescribed;
  };

  struct Refusal {  // By Describe: the instance is not eligible, or nobody can tell.
    TimePoint at;
    std::string why;
  };

  bool is_fresh(TimePoint at) const {
    return context_.now() - at < context_.options.confirmation_age_max;
  }
  const Picture* find_picture(const Environment& environment, std::string& why_not);
  Async<void> ask_tasks(Environment environment);
  Async<Result<Unseen>> find_unseen(Environment environment);
  std::set<std::string> families_of(const Environment& environment) const;
  std::string why_not_listed(const Environment& environment, const StartAction& start,
                             const Picture* picture);
  Async<void> ask_listing(Environment environment, ContainerInstanceArn instance);
  Async<Result<Unseen>> describe_unseen(ClusterArn cluster, std::set<TaskArn> tasks);
  Async<void> ask_instances(EnvironmentUid environment, ClusterArn cluster,
                            std::vector<ContainerInstanceArn> instances);
  void forget_old();
  template <class Answer>
  bool is_of_now(const Answer& answer) const {
    return is_fresh(answer.answered_at) && answer.number == context_.picture_number;
  }

  ActContext& context_;
  Sightings& sightings_;
  std::map<EnvironmentUid, Picture> pictures_;
  std::map<IntentKey, Listing> listings_;
  std::set<IntentKey> asking_listings_;
  std::map<ContainerInstanceArn, TimePoint> eligible_at_;  // By Describe.
  std::map<ContainerInstanceArn, Refusal> refusals_;
  HeldReasons held_;  // By the newest admit().
  std::set<EnvironmentUid> asking_tasks_;
  std::set<EnvironmentUid> asking_instances_;
  Scope scope_;
};

}  // namespace blox::scheduler
