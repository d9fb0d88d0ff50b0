// Sightings: live tasks of an environment that ECS has shown and the picture lacks. Nothing starts
// beside one.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "scheduler/act/act_context.h"

namespace blox::scheduler {

/// A sighting counts until the picture shows the task, ECS says that it has ended, or complete
/// answers have lacked it for ecs_visible_max: lists lag. One of ours is stored as an outcome, so
/// that later processes know of it and it is followed to its end; another is remembered here.
/// Bounds: one an instance and environment. Threading: the executor's thread.
class Sightings {
 public:
  explicit Sightings(ActContext& context) : context_(context) {}

  /// Takes in a complete answer to a question that was asked at `asked_at`: tasks that the picture
  /// lacked then, whoever they are of. `about`: the instances that it tells all of; empty: all.
  Async<void> take(Environment environment, std::vector<TaskReport> reports,
                   std::vector<ContainerInstanceArn> about, TimePoint asked_at);
  bool contains(const EnvironmentUid& environment, const ContainerInstanceArn& instance) const {
    return seen_.contains({environment, instance});
  }
  /// Forgets what the picture shows by now, and outcomes that are over.
  void forget_shown();

 private:
  struct Seen {
    TaskArn task;
    TimePoint at;
    bool stored = false;  // As an outcome, whose end is its own.
  };
  void note(const Environment& environment, const TaskReport& report, TimePoint asked_at,
            std::vector<Outcome>& ours);

  ActContext& context_;
  std::map<IntentKey, Seen> seen_;
};

}  // namespace blox::scheduler
