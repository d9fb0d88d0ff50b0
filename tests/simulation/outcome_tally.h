// tally_outcomes: counts outcomes that were given up although the picture never showed their task.
#pragma once

#include <map>
#include <memory>
#include <utility>

#include "base/executor.h"
#include "simulation/coverage.h"
#include "simulation/sim_process.h"

namespace blox::simulation {

/// Never ends. Requires: all outlive it; `process` is null while the scheduler is down.
inline Async<void> tally_outcomes(Executor& executor,
                                  const std::unique_ptr<SchedulerProcess>& process,
                                  Coverage& coverage) {
  std::map<TaskArn, scheduler::EnvironmentUid> before;
  for (;;) {
    std::map<TaskArn, scheduler::EnvironmentUid> now;
    if (process && process->service() != nullptr) {
      const auto& service = *process->service();
      const auto& records = service.repository().records();
      for (const auto& [arn, outcome] : records.outcomes) now.emplace(arn, outcome.environment);
      for (const auto& [arn, environment] : before) {
        if (!service.is_loaded() || now.contains(arn)) continue;
        if (!records.environments.contains(environment)) continue;
        if (!service.mirror().is_loaded() || service.mirror().tasks().contains(arn)) continue;
        coverage.add("outcomes dropped as MISSING");
      }
      if (service.is_loaded()) before = std::move(now);
    }
    co_await sleep_for(executor, std::chrono::seconds{1});
  }
}

}  // namespace blox::simulation
