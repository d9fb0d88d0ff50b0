// The rules by which an object only moves forward, one row a rule.
#include "cluster_state/ingest/merge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <tuple>

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;

constexpr WallTime at(int minute) { return WallTime{std::chrono::minutes{minute}}; }
constexpr TimePoint when(int minute) { return TimePoint{std::chrono::minutes{minute}}; }
std::optional<EcsVersion> version(int number) {
  return number > 0 ? std::optional{EcsVersion{number}} : std::nullopt;
}

// Version 0 stands for none. Seen at minute 10; described at minute 5, if at all.
Known unknown() { return {}; }
Known live(int number, bool final = false) {
  return {Known::Kind::kLive, final, version(number), std::nullopt, at(10), std::nullopt, when(10)};
}
Known described(int number, bool final = false) {
  return {Known::Kind::kLive, final, version(number), at(5), at(10), when(5), when(10)};
}
Known gone(int number, bool final = false) {
  return {Known::Kind::kTombstone,
          final,
          version(number),
          std::nullopt,
          at(10),
          std::nullopt,
          when(10)};
}
Sighting event(int number, int minute = 20, bool final = false) {
  return {Origin::kEvent, final, version(number), at(minute)};
}
Sighting describe(int number, int minute = 20, bool final = false) {
  return {Origin::kDescribe, final, version(number), at(minute), when(minute)};
}
constexpr bool kEnd = true;

TEST(Merge, FollowsTheTable) {
  using enum Verdict;
  const std::tuple<const char*, Known, Sighting, Verdict, bool> rows[] = {
      {"a fresh event makes an object", unknown(), event(1, 20), kApply, false},
      {"an old event of an unknown object proves nothing", unknown(), event(1, 14), kDescribe,
       false},
      {"an old event of an end is true for ever", unknown(), event(9, 1, kEnd), kApply, false},
      {"a Describe makes an object", unknown(), describe(1, 1), kApply, true},
      {"a Describe without version does, too", unknown(), describe(0, 1), kApply, true},

      {"a newer event applies", live(3), event(4), kApply, false},
      {"whenever it was sent", live(3), event(4, 1), kApply, false},
      {"a repeated event is stale", live(3), event(3), kStale, false},
      {"an older event is stale", live(3), event(2), kStale, false},
      {"a newer Describe applies", described(3), describe(4), kApply, true},
      {"an equal Describe is laid over", described(3), describe(3), kOverlay, true},
      {"one asked before the last is not", described(3), describe(3, 4), kStale, false},
      {"nor the same answer twice", described(3), describe(3, 5), kStale, false},
      {"the first Describe lays its part", live(3), describe(3, 4), kOverlay, true},
      {"an older Describe may know the health", described(3), describe(2), kStale, true},
      {"unless it was asked before", described(3), describe(2, 4), kStale, false},
      {"a newer one asked before brings the detail", described(3), describe(4, 4), kApply, false},

      {"STOPPED applies over a greater version", live(7), event(3, 20, kEnd), kApply, false},
      {"nothing comes after STOPPED", live(3, kEnd), event(9), Verdict::kFinal, false},
      {"not even by Describe", live(3, kEnd), describe(9), Verdict::kFinal, false},
      {"STOPPED may get newer", live(3, kEnd), event(4, 20, kEnd), kApply, false},
      {"or be laid over", live(3, kEnd), describe(3, 20, kEnd), kOverlay, true},

      {"a Describe without version is laid over", live(3), describe(0, 11), kOverlay, true},
      {"but not over what was seen later", live(3), describe(0, 9), kStale, true},
      {"an event newer than the Describe applies", described(0), event(1, 6), kApply, false},
      {"an event before it proves nothing", described(0), event(1, 4), kDescribe, false},
      {"a versioned Describe applies after it", described(0), describe(1, 6), kApply, true},
      {"and not before it", described(0), describe(1, 4), kStale, false},

      {"an event cannot bring back what is gone", gone(3), event(9), kDescribe, false},
      {"an end of what is gone is stale", gone(3), event(9, 20, kEnd), kStale, false},
      {"a Describe can bring it back", gone(3), describe(3, 11), kApply, true},
      {"unless it was asked before the end", gone(3), describe(3, 10), kDescribe, false},
      {"or is behind", gone(3), describe(2), kStale, false},
      {"what ended before it went stays away", gone(3, kEnd), describe(9), Verdict::kFinal, false},
      {"its STOPPED is stale", gone(3, kEnd), describe(4, 20, kEnd), kStale, false},
  };
  for (const auto& [rule, known, sighting, verdict, takes_describe] : rows) {
    const Decision decision = decide(known, sighting, at(15));
    EXPECT_EQ(to_text(decision.verdict), to_text(verdict)) << rule;
    EXPECT_EQ(decision.takes_describe, takes_describe) << rule;
  }
}

// An answer has its place by when it was asked, whatever the date was then.
TEST(Merge, ADateThatIsSetOrdersNoAnswers) {
  for (const int off : {-60, 0, 60}) {
    const auto dated = [&](Sighting sighting) {
      sighting.at += std::chrono::minutes{off};
      return sighting;
    };
    const std::tuple<const char*, Known, Sighting, Verdict> rows[] = {
        {"an equal one that is newer", described(3), describe(3, 20), Verdict::kOverlay},
        {"an equal one that is older", described(3), describe(3, 4), Verdict::kStale},
        {"one without version that is newer", described(0), describe(0, 20), Verdict::kOverlay},
        {"one without version that is older", described(0), describe(0, 4), Verdict::kStale},
        {"the first version that is newer", described(0), describe(1, 20), Verdict::kApply},
        {"the first version that is older", described(0), describe(1, 4), Verdict::kStale},
        {"one after the end", gone(3), describe(3, 20), Verdict::kApply},
        {"one before the end", gone(3), describe(3, 9), Verdict::kDescribe},
    };
    for (const auto& [rule, known, sighting, verdict] : rows) {
      EXPECT_EQ(to_text(decide(known, dated(sighting), at(15)).verdict), to_text(verdict))
          << rule << ", " << off;
    }
    EXPECT_TRUE(decide(described(3), dated(describe(2, 20)), at(15)).takes_describe);
    EXPECT_FALSE(decide(described(3), dated(describe(4, 4)), at(15)).takes_describe);
  }
}

// The order of arrival must not matter to where an object ends: all orders of four events.
TEST(Merge, EveryOrderOfEventsEndsAlike) {
  std::array<int, 4> order{1, 2, 3, 4};
  do {
    Known known;
    for (const int number : order) {
      const Sighting sighting = event(number, 20, number == 4);
      if (decide(known, sighting, at(15)).verdict == Verdict::kApply) {
        known = {Known::Kind::kLive, sighting.final, sighting.version, std::nullopt, at(20)};
      }
    }
    EXPECT_EQ(known.version, version(4));
    EXPECT_TRUE(known.final);
  } while (std::ranges::next_permutation(order).found);
}

}  // namespace
}  // namespace blox::cluster_state
