// What operators measure: one registry a service, in the Prometheus text format on /metrics.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <map>
#include <memory>
#include <string>

namespace prometheus {
class Registry;
}

namespace blox {

using Counter = prometheus::Counter;
using Gauge = prometheus::Gauge;
using Histogram = prometheus::Histogram;

/// Owns every metric made from it. Names follow Prometheus: `blox_ingest_messages_total`, seconds
/// and bytes as units. Asking again for the same name and labels gives the same metric.
/// Threading: any thread. Requires: outlives the users of its metrics.
class Metrics {
 public:
  using Labels = std::map<std::string, std::string>;

  Metrics();
  ~Metrics();

  Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  /// The same by kind, for those that do not know which they want.
  void find(Counter*& found, const std::string& name, const std::string& help,
            const Labels& labels) {
    found = &counter(name, help, labels);
  }
  void find(Gauge*& found, const std::string& name, const std::string& help, const Labels& labels) {
    found = &gauge(name, help, labels);
  }
  /// Ends a series. Requires: it was made here by that name, and nobody uses it any more.
  void remove(const std::string& name, const std::string& help, Counter& counter);
  void remove(const std::string& name, const std::string& help, Gauge& gauge);
  /// Buckets for waits from 100 us to 60 s.
  Histogram& seconds(const std::string& name, const std::string& help, const Labels& labels = {});
  /// Everything, in the text format, version 0.0.4.
  std::string to_text() const;

 private:
  std::shared_ptr<prometheus::Registry> registry_;
};

}  // namespace blox
