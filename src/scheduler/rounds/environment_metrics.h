// EnvironmentMetrics: what operators are paged by: of each environment how its instances stand, how
// long one of them is without service, how long its deployment takes, and how often its tasks die.
#pragma once

#include "base/metric_series.h"
#include "base/metrics.h"
#include "scheduler/environments/records.h"
#include "scheduler/plan/daemon_plan.h"

namespace blox::scheduler {

/// Threading: the executor's thread. Requires: the metrics outlive it.
class EnvironmentMetrics {
 public:
  explicit EnvironmentMetrics(Metrics& metrics);

  /// Takes in one environment of a round. `deployment`: the one in force, or null.
  void note(const Environment& environment, const Deployment* deployment, const World& world,
            const Plan& plan, WallTime now);
  /// After the last one: the series of environments that are gone end.
  void end_round();

 private:
  MetricSeries<Gauge> instances_;
  MetricSeries<Gauge> unserved_;
  MetricSeries<Gauge> deployment_;
  MetricSeries<Counter> deaths_;
};

}  // namespace blox::scheduler
