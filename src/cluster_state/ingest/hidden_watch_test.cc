// When all is read because events may be hidden: not before they are, once, and with pauses.
#include "cluster_state/ingest/hidden_watch.h"

#include <gtest/gtest.h>

#include <string>

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1h};

// The seconds of `until` after kStart in which a read begins, asked each second: "10 40".
std::string reads(HiddenWatch& watch, int from, int until) {
  std::string text;
  for (int second = from; second <= until; ++second) {
    if (!watch.take_due(kStart + std::chrono::seconds{second})) continue;
    text += (text.empty() ? "" : " ") + std::to_string(second);
  }
  return text;
}

TEST(HiddenWatch, AsksForNothingByItself) {
  HiddenWatch watch;
  EXPECT_EQ(reads(watch, 0, 300), "");
}

TEST(HiddenWatch, AsksOnceWhenNoMoreCanBecomeHidden) {
  HiddenWatch watch;
  watch.note(kStart + 10s);
  EXPECT_EQ(reads(watch, 0, 300), "10");
}

TEST(HiddenWatch, IsNotPutOffByWhatIsLostMeanwhile) {
  HiddenWatch watch;
  std::string text;
  for (int second = 0; second < 100; ++second) {
    watch.note(kStart + std::chrono::seconds{second + 10});
    const std::string read = reads(watch, second, second);
    if (!read.empty()) text += read + " ";
  }
  EXPECT_EQ(text, "10 40 70 ") << "in the midst, with pauses";
  EXPECT_EQ(reads(watch, 100, 300), "100 130") << "and behind the last";
}

TEST(HiddenWatch, TwoLossesThatOneReadCoversHaveOne) {
  HiddenWatch watch;
  watch.note(kStart + 10s);
  watch.note(kStart + 9s);
  EXPECT_EQ(reads(watch, 9, 300), "10");
}

TEST(HiddenWatch, AFailureThatGoesOnIsReadBehindItsEnd) {
  HiddenWatch watch;
  watch.note(kStart + 10s);
  for (int second = 1; second <= 60; ++second) {
    const TimePoint now = kStart + std::chrono::seconds{second};
    watch.note(now + 1s);
  }
  EXPECT_EQ(reads(watch, 60, 300), "61");
  watch.note(kStart + 65s);
  EXPECT_EQ(reads(watch, 64, 300), "91") << "after the pause";
  watch.note(kStart + 500s);
  EXPECT_EQ(reads(watch, 500, 600), "500");
}

}  // namespace
}  // namespace blox::cluster_state
