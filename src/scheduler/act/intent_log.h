// IntentLog: where act writes before and after each call. A seam, so that tests can break the
// protocol on purpose and prove that it is noticed.
#pragma once

#include <vector>

#include "scheduler/environments/repository.h"

namespace blox::scheduler {

/// Errors and shapes: those of Repository.
class IntentLog {
 public:
  virtual ~IntentLog() = default;
  virtual Async<Result<std::vector<Intent>>> open(std::vector<Intent> intents) = 0;
  virtual Async<Status> close(std::vector<IntentClosing> closings) = 0;
};

/// The real one. Requires: the repository outlives it.
class RepositoryIntentLog final : public IntentLog {
 public:
  explicit RepositoryIntentLog(Repository& repository) : repository_(repository) {}
  Async<Result<std::vector<Intent>>> open(std::vector<Intent> intents) override {
    return repository_.open_intents(std::move(intents));
  }
  Async<Status> close(std::vector<IntentClosing> closings) override {
    return repository_.close_intents(std::move(closings));
  }

 private:
  Repository& repository_;
};

}  // namespace blox::scheduler
