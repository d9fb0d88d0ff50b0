// What stands between act and the outside, broken: calls that are repeated or forgotten, intents
// and outcomes that are not what they should be.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "aws/ecs_control.h"
#include "scheduler/act/intent_log.h"

namespace blox::simulation {

enum class UnknownStarts : std::uint8_t { kSentAgain, kTakenForNotDone };

/// Does the wrong thing when nobody knows what became of a start.
class BrokenControl final : public aws::EcsControl {
 public:
  BrokenControl(aws::EcsControl& real, UnknownStarts unknown) : real_(real), unknown_(unknown) {}

  Async<Result<std::vector<aws::StartedOn>>> start_task(aws::StartRequest request) override {
    auto started = co_await real_.start_task(request);
    if (started || is_outcome_known(started.error().kind)) co_return started;
    if (unknown_ == UnknownStarts::kSentAgain) {
      co_return co_await real_.start_task(std::move(request));
    }
    co_return fail(ErrorKind::kUnavailable, started.error().message);
  }
  Async<Status> stop_task(ClusterArn cluster, TaskArn task, std::string reason) override {
    co_return co_await real_.stop_task(std::move(cluster), std::move(task), std::move(reason));
  }

 private:
  aws::EcsControl& real_;
  UnknownStarts unknown_;
};

/// Forgets what ECS answered.
class NoOutcomeLog final : public scheduler::IntentLog {
 public:
  explicit NoOutcomeLog(scheduler::Repository& repository) : real_(repository) {}
  Async<Result<std::vector<scheduler::Intent>>> open(
      std::vector<scheduler::Intent> intents) override {
    return real_.open(std::move(intents));
  }
  Async<Status> close(std::vector<scheduler::IntentClosing> closings) override {
    for (auto& closing : closings) closing.outcomes.clear();
    return real_.close(std::move(closings));
  }

 private:
  scheduler::RepositoryIntentLog real_;
};

}  // namespace blox::simulation
