// OutcomeWatch: follows the tasks that ECS said it started until they need no watching: the picture
// shows them, or ECS says that they are over.
#pragma once

#include <map>
#include <optional>

#include "base/scope.h"
#include "scheduler/act/act_context.h"

namespace blox::scheduler {

/// An outcome is kept for at least settle_time, also when the picture shows the task: a picture
/// that is read anew within that time may lack it again. Only what a Describe did not find after
/// that time is over: what one did not find before may have come since. Bounds: one Describe a
/// cluster at a time; one entry an outcome. Threading: the executor's thread.
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
    std::optional<TimePoint> missing_at;  // When ECS was asked last, if it did not know it then.
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
