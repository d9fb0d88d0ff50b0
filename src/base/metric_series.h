// MetricSeries: gauges or counters of one name whose series come and go with what they tell of.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "base/metrics.h"

namespace blox {

/// Metric is Gauge or Counter. Threading: one thread uses it. Requires: the metrics outlive it.
template <class Metric>
class MetricSeries {
 public:
  MetricSeries(Metrics& metrics, std::string name, std::string help)
      : metrics_(metrics), name_(std::move(name)), help_(std::move(help)) {}
  MetricSeries(const MetricSeries&) = delete;
  MetricSeries& operator=(const MetricSeries&) = delete;

  /// The series of these labels, which lives on through the next sweep.
  Metric& at(const Metrics::Labels& labels) {
    Series& series = series_[labels];
    if (series.metric == nullptr) metrics_.find(series.metric, name_, help_, labels);
    series.is_used = true;
    return *series.metric;
  }

  /// Ends the series that were not asked for since the last sweep.
  void sweep() {
    for (auto at = series_.begin(); at != series_.end();) {
      if (std::exchange(at->second.is_used, false)) {
        ++at;
      } else {
        metrics_.remove(name_, help_, *at->second.metric);
        at = series_.erase(at);
      }
    }
  }

 private:
  struct Series {
    Metric* metric = nullptr;
    bool is_used = false;
  };
  Metrics& metrics_;
  std::string name_;
  std::string help_;
  std::map<Metrics::Labels, Series> series_;
};

}  // namespace blox
