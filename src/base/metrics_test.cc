// Metrics as their users see them: one a name and labels, all in the text.
#include "base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace blox {
namespace {

using testing::HasSubstr;

TEST(Metrics, TheSameNameAndLabelsAreTheSameMetric) {
  Metrics metrics;
  metrics.counter("blox_x_total", "Help.").Increment();
  metrics.counter("blox_x_total", "Help.").Increment();
  EXPECT_EQ(&metrics.counter("blox_y_total", "Help.", {{"kind", "a"}}),
            &metrics.counter("blox_y_total", "Help.", {{"kind", "a"}}));
  EXPECT_NE(&metrics.counter("blox_y_total", "Help.", {{"kind", "a"}}),
            &metrics.counter("blox_y_total", "Help.", {{"kind", "b"}}));
  EXPECT_EQ(&metrics.gauge("blox_z", "Help."), &metrics.gauge("blox_z", "Help."));
  EXPECT_EQ(&metrics.seconds("blox_w_seconds", "Help."),
            &metrics.seconds("blox_w_seconds", "Help."));
  EXPECT_THAT(metrics.to_text(), HasSubstr("\nblox_x_total 2"));
  EXPECT_THAT(metrics.to_text(), HasSubstr("# TYPE blox_w_seconds histogram"));
}

}  // namespace
}  // namespace blox
