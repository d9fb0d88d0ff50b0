// What lagging lists see of an object's past.
#include "simulator/history.h"

#include <gtest/gtest.h>

namespace blox::simulator {
namespace {

using namespace std::chrono_literals;

TEST(History, ShowsTheStateOfThatTime) {
  History<char> history{TimePoint{10s}, 'a'};
  history.change(TimePoint{20s}, 'b', 60s);
  history.change(TimePoint{30s}, 'c', 60s);
  const std::pair<Duration, char> rows[] = {{9s, '-'},  {10s, 'a'}, {19s, 'a'}, {20s, 'b'},
                                            {29s, 'b'}, {30s, 'c'}, {99s, 'c'}};
  for (const auto& [time, expected] : rows) {
    const char* seen = history.as_of(TimePoint{time});
    EXPECT_EQ(seen == nullptr ? '-' : *seen, expected) << time.count();
  }
}

TEST(History, ForgetsStatesThatEndedLongAgo) {
  History<char> history{TimePoint{0s}, 'a'};
  history.change(TimePoint{10s}, 'b', 5s);   // 'a' ended only now.
  history.change(TimePoint{100s}, 'c', 5s);  // 'a' ended at 10.
  EXPECT_EQ(*history.as_of(TimePoint{97s}), 'b');
  EXPECT_EQ(*history.as_of(TimePoint{3s}), 'b') << "the oldest kept stands for what was before";
  history.change(TimePoint{101s}, 'd', 0s);  // Nothing is kept.
  EXPECT_EQ(*history.as_of(TimePoint{100s}), 'd');
}

}  // namespace
}  // namespace blox::simulator
