// OutcomeWatch: follows the tasks that ECS said it started until they need no watching: the picture
// shows them, or ECS says that they are over.
#pragma once

#include <map>
#include <optional>

#include "base/scope.h"
#include "scheduler/act/act_context.h"

namespace blox::scheduler {

/// The outcome of a live task is kept for at least ecs_visible_max, also when the picture shows it:
/// a picture that is read anew within that time may lack it again.
/// Bounds: one Describe a cluster at a time; one entry an outcome.
/// Threading: the executor's thread.
class OutcomeWatch {
 public:
  explicit OutcomeWatch(ActContext& context) : context_(context), scope_(context.executor) {}

  /// Starts what is due. Call it in every round.
  void drive();
  std::optional<TimePoint> next_due() const;

 private:
  struct Entry {
    TimePoint first_seen;
    TimePoint next_at;
    int check_count = 0;
    bool missing = false;  // ECS did not know it when asked last.
  };
  Async<void> describe(ClusterArn cluster, std::vector<TaskArn> tasks);
  Async<void> remove(std::vector<TaskArn> tasks);
  void prune_ended();

  ActContext& context_;
  std::map<TaskArn, Entry> entries_;
  std::map<ClusterArn, bool> describing_;
  bool removing_ = false;
  Scope scope_;
};

}  // namespace blox::scheduler
