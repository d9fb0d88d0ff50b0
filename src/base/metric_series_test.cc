#include "base/metric_series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>

namespace blox {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(MetricSeries, EndsTheSeriesOfWhatIsGone) {
  Metrics metrics;
  MetricSeries<Gauge> series{metrics, "blox_things", "Things"};
  series.at({{"of", "a"}}).Set(1);
  series.at({{"of", "b"}}).Set(2);
  series.sweep();
  EXPECT_THAT(metrics.to_text(), HasSubstr("blox_things{of=\"a\"} 1"));
  EXPECT_THAT(metrics.to_text(), HasSubstr("blox_things{of=\"b\"} 2"));
  series.at({{"of", "b"}}).Set(3);
  series.sweep();
  EXPECT_THAT(metrics.to_text(), Not(HasSubstr("of=\"a\"")));
  EXPECT_THAT(metrics.to_text(), HasSubstr("blox_things{of=\"b\"} 3"));
  series.at({{"of", "a"}}).Set(4);
  series.sweep();
  EXPECT_THAT(metrics.to_text(), HasSubstr("blox_things{of=\"a\"} 4")) << "it may come back";
  EXPECT_THAT(metrics.to_text(), Not(HasSubstr("of=\"b\"")));
}

TEST(MetricSeries, CountersKeepCountingWhileTheyAreThere) {
  Metrics metrics;
  MetricSeries<Counter> series{metrics, "blox_deaths_total", "Deaths"};
  series.at({{"of", "a"}}).Increment(2);
  series.sweep();
  series.at({{"of", "a"}}).Increment(1);
  series.sweep();
  EXPECT_THAT(metrics.to_text(), HasSubstr("# TYPE blox_deaths_total counter"));
  EXPECT_THAT(metrics.to_text(), HasSubstr("blox_deaths_total{of=\"a\"} 3"));
  series.sweep();
  EXPECT_THAT(metrics.to_text(), Not(HasSubstr("of=\"a\"")));
}

}  // namespace
}  // namespace blox
