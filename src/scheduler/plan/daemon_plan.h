// The scheduler's decision about one environment as a pure function: equal worlds, equal plans.
// Its rules, one row each: daemon_plan_test.cc.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scheduler/plan/world.h"

namespace blox::scheduler {

/// The numbers in the rules.
struct PlanLimits {
  Duration picture_age_max = std::chrono::hours{1};  ///< Three reconcile intervals.
  /// Since the cluster state gave a sign of life: nothing is concluded of an older picture.
  Duration contact_age_max = std::chrono::seconds{30};
  Duration backoff_first = std::chrono::seconds{1};  ///< After one failure; then doubled, …
  Duration backoff_max = std::chrono::minutes{5};    ///< … up to this.
  int failed_after = 3;                              ///< Starts in a row.
  Duration unhealthy_after = std::chrono::minutes{5};
  int confirm_above_percent = 20;  ///< Starts, of the eligible instances.
  /// For so long a stop on an instance that went silent holds its place in the budget, and the
  /// loss of an instance counts as news.
  Duration unreachable_release = std::chrono::minutes{10};
  Duration stuck_after = std::chrono::minutes{10};  ///< On its way up, or down.
};

struct StartAction {
  ContainerInstanceArn instance;
  int attempt = 1;
  std::string reason;
  std::vector<TaskArn> known_tasks;       ///< As ObservedInstance has them.
  std::optional<TimePoint> confirmed_at;  ///< When the instance was last known to be eligible.
  std::optional<TimePoint> wanted_since;  ///< Since when it is without a task.
};

struct StopAction {
  ContainerInstanceArn instance;
  TaskArn task;
  std::string started_by;
  std::string reason;
  std::optional<TaskArn> kept;  ///< The task that is to stay there; none: no other is seen.
};

/// What the deployment in force becomes.
struct DeploymentChange {
  RolloutStatus status = RolloutStatus::kPending;
  std::vector<ContainerInstanceArn> failed_instances;  ///< Sorted.
  /// Why it failed, or how many it was completed without, and why, if that can be told.
  std::string reason;
};

/// An intent that is over, and the tasks that show that a start took place: their outcomes are
/// kept, as a picture that is read anew may lack them.
struct IntentOver {
  ContainerInstanceArn instance;
  std::vector<TaskArn> started;
};

enum class InstanceState : std::uint8_t {
  kServing,   ///< Its task runs, and is the wanted one or may stay for now.
  kStarting,  ///< A task is on its way up.
  kStopping,  ///< A task is on its way down.
  kWaiting,   ///< For time or for others; the reason says for what.
  kBlocked,   ///< Something must be cleared first; the reason says what.
  kSkipped,   ///< Not planned for; the reason says why.
};
/// "serving", "starting", …
std::string_view to_text(InstanceState state);

struct InstanceLine {
  ContainerInstanceArn instance;
  InstanceState state = InstanceState::kSkipped;
  std::string reason;  ///< A sentence.
  std::optional<TaskArn> task;
};

/// One round towards exactly one task of the wanted revision on each eligible instance. At most
/// one action an instance. All lists are in the order of the instances.
struct Plan {
  /// False: the picture is not to be trusted, so nothing is begun, and no open stop is sent.
  bool decided = true;
  std::vector<StartAction> starts;
  std::vector<StopAction> stops;
  /// Instances whose open intent is over, as the picture shows what it was to bring about.
  std::vector<IntentOver> closings;
  /// Instances whose open stop has lost its reason: to be taken back, if it can be.
  std::vector<ContainerInstanceArn> withdrawals;
  /// Instances whose open stop is not to be sent now, as nobody listens there.
  std::vector<ContainerInstanceArn> silent_stops;
  std::optional<DeploymentChange> deployment;  ///< None: it stays as it is.
  /// So many starts that the picture may be wrong, or it lacks tasks: ask ECS about the tasks
  /// first.
  bool needs_confirmation = false;
  /// Tasks of the wanted definition that serve, and of which ECS is to be asked whether they are
  /// healthy, as something waits for it.
  std::vector<TaskArn> health_wanted;
  /// The picture may have gone backwards: ask ECS first what runs on each of the instances.
  bool needs_listing = false;
  std::vector<InstanceLine> lines;
  std::vector<ContainerInstanceArn> doubled;  ///< With two live tasks of this environment.
  bool healthy = true;                        ///< False also when that cannot be told.
  std::string reason;                         ///< Why nothing is done, or why it is not healthy.
  std::optional<TimePoint> next_due;          ///< When time alone changes the plan.
};

/// Decides. Requires: world.instances sorted by ARN, each once.
Plan plan_daemon(const World& world, const PlanLimits& limits = {});

/// A seam for tests that prove that a wrong planner is noticed.
class Planner {
 public:
  virtual ~Planner() = default;
  virtual Plan plan(const World& world) = 0;
};

class DaemonPlanner final : public Planner {
 public:
  explicit DaemonPlanner(PlanLimits limits = {}) : limits_(limits) {}
  Plan plan(const World& world) override { return plan_daemon(world, limits_); }

 private:
  PlanLimits limits_;
};

}  // namespace blox::scheduler
