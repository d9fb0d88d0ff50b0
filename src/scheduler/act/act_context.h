// ActContext: what all parts of act share: the seams they work through, and what they count.
#pragma once

#include <cstdint>

#include "aws/ecs_control.h"
#include "aws/ecs_query.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/signal.h"
#include "client/cluster_mirror.h"
#include "scheduler/act/assumptions.h"
#include "scheduler/act/intent_log.h"
#include "scheduler/environments/repository.h"
#include "scheduler/plan/launch_memory.h"

namespace blox::scheduler {

struct ActMetrics {
  explicit ActMetrics(Metrics& metrics);
  Counter& starts;             ///< Tasks that ECS said it started.
  Counter& refusals;           ///< Starts that it refused.
  Counter& stops;              ///< StopTask calls that it accepted.
  Counter& disproved_stops;    ///< Stops of which ECS said in the end that they had no effect.
  Counter& withdrawn_stops;    ///< Stops that were taken back.
  Counter& unknown_outcomes;   ///< Starts of which nobody knew the outcome.
  Counter& unknown_found;      ///< Of those: found by looking.
  Counter& unknown_absent;     ///< Of those: settled as not done.
  Counter& confirmations;      ///< Times that ECS was asked before a start or a stop.
  Counter& health_questions;   ///< Times that it was asked whether new tasks are healthy.
  Counter& unknown_checks;     ///< Times that it did not say whether a definition has a check.
  Histogram& wanted_to_start;  ///< From "has no task" to StartTask sent, first attempts only.
};

/// Requires: all of it outlives its users. Threading: the executor's thread.
struct ActContext {
  Executor& executor;
  Random& random;
  Repository& repository;
  IntentLog& log;
  aws::EcsControl& control;
  aws::EcsQuery& query;
  const client::ClusterMirror::Tasks& tasks;  ///< What the picture shows, always the newest.
  LaunchMemory& memory;
  ActOptions options;
  ActMetrics metrics;
  Signal changed;         ///< Told when something ended or became possible: look again.
  bool stopping = false;  ///< No call that starts a task goes out any more.
  /// Another number after each time that the picture was read anew: it may have gone backwards.
  std::uint64_t picture_number = 0;

  const Records& records() const { return repository.records(); }
  TimePoint now() const { return executor.now(); }
  /// The intent as it is stored now, if it is still that very attempt.
  const Intent* find_open(const Intent& intent) const;
};

/// Closes intents, again and again until it is stored or somebody else closed them.
/// Requires: the context outlives it.
Async<void> close_durably(ActContext& context, std::vector<IntentClosing> closings);

IntentKey key_of(const Intent& intent);
IntentClosing closing_of(const Intent& intent);
/// The note that a stop has emptied its instance. `task`: the one it ended, or an empty ARN. As it
/// takes the place of an earlier note, it names all that is known to be over there and that the
/// picture shows alive: a later process has the note alone.
Emptied emptied_by(const ActContext& context, const Intent& intent, TaskArn task);
/// What a task of a start intent is laid over the picture as.
Outcome outcome_of(const Intent& intent, TaskArn task);

}  // namespace blox::scheduler
