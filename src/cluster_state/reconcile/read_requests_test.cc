// Requests for reads, by table: which begin one, which join one, and when it is due.
#include "cluster_state/reconcile/read_requests.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;

const ClusterArn kA{"a"};
const ClusterArn kB{"b"};

TimePoint at(Duration time) { return TimePoint{} + 1h + time; }

// One step a letter, a second apart: 'a' and 'b' are requests of people for a cluster, '*' for all,
// 'A', 'B' and '+' those of our own, '(' begins a read, '[' a full one, ')' ends it.
std::string play(ReadRequests& requests, std::string_view steps) {
  std::string answers;
  const auto note = [&](bool begins) { answers += begins ? 'y' : 'n'; };
  Duration now{};
  for (const char step : steps) {
    switch (step) {
      case 'a': note(requests.add_for_people(kA)); break;
      case 'b': note(requests.add_for_people(kB)); break;
      case '*': note(requests.add_all_for_people()); break;
      case 'A': requests.add(kA); break;
      case 'B': requests.add(kB); break;
      case '+': requests.add_all(); break;
      case '(': (void)requests.begin(at(now), false); break;
      case '[': (void)requests.begin(at(now), true); break;
      case ')': requests.end(at(now)); break;
      default: break;
    }
    now += 1s;
  }
  return answers;
}

TEST(ReadRequests, JoinWhatCoversThem) {
  const std::tuple<const char*, const char*, const char*> rows[] = {
      {"the first begins, the next joins what waits", "aa**a", "ynynn"},
      {"each cluster has a read of its own", "ab", "yy"},
      {"one joins a full read that waits", "*ab", "ynn"},
      {"all is more than one", "a*", "yy"},
      {"what waits for ourselves does as well", "Aab", "ny"},
      {"all for ourselves", "+a*", "nn"},
      {"what is under way does as well", "a(ab*", "ynyy"},
      {"and a full read for all", "[a*", "nn"},
      {"what is over does not", "a()a", "yy"},
      {"nor a full one", "[)a*", "yy"},
      {"what waits for its pause does", "a()aa", "yyn"},
      {"an own read takes nothing along that has to wait", "a()bA(b", "yyn"},
      {"a full one takes all along", "a()b[)b", "yyy"},
  };
  for (const auto& [rule, steps, expected] : rows) {
    ReadRequests requests{10s};
    EXPECT_EQ(play(requests, steps), expected) << rule;
  }
}

TEST(ReadRequests, AreDueAtOnceOrAfterAPause) {
  const std::tuple<const char*, const char*, std::optional<Duration>> rows[] = {
      {"nothing is due", "", std::nullopt},
      {"the first one of people", "a", 100ms},
      {"one of our own", "A", 100ms},
      {"nothing after a read", "aA+b()", std::nullopt},
      {"ten seconds after the last for people ended", "a()b", 12s},
      {"or as long as it took", "a(              )b", 31s},
      {"our own waits for nobody", "a()bA", 100ms},
      {"our own read makes nobody wait", "A()b", 100ms},
      {"one that people have waited for does", "a()b[)a", 15s},
  };
  for (const auto& [rule, steps, expected] : rows) {
    ReadRequests requests{10s};
    play(requests, steps);
    const auto due = requests.due(at(100ms));
    ASSERT_EQ(due.has_value(), expected.has_value()) << rule;
    if (due) EXPECT_EQ(*due - at(0s), *expected) << rule;
  }
}

TEST(ReadRequests, GiveOutWhatIsDue) {
  ReadRequests requests{10s};
  requests.add(kA);
  requests.add_for_people(kB);
  ReadScope read = requests.begin(at(0s), false);
  EXPECT_FALSE(read.all);
  EXPECT_EQ(read.clusters, (std::set{kA, kB}));
  requests.add_under_way({ClusterArn{"c"}});
  EXPECT_FALSE(requests.add_for_people(ClusterArn{"c"}));
  requests.end(at(1s));
  requests.add_for_people(kB);
  requests.add(kA);
  read = requests.begin(at(5s), false);
  EXPECT_EQ(read.clusters, std::set{kA}) << "people wait for their pause";
  requests.end(at(6s));
  read = requests.begin(at(11s), false);
  EXPECT_EQ(read.clusters, std::set{kB});
  requests.end(at(12s));
  requests.add(kA);
  requests.add_for_people(kB);
  requests.forget(kA);
  requests.forget(kB);
  EXPECT_FALSE(requests.due(at(12s)));
}

TEST(ReadRequests, TooManyNamesMeanAll) {
  ReadRequests requests{10s};
  for (std::size_t number = 0; number < ReadRequests::kNamedMax; ++number) {
    EXPECT_TRUE(requests.add_for_people(ClusterArn{std::to_string(number)}));
  }
  EXPECT_TRUE(requests.add_all_for_people()) << "not before it is one too many";
  ReadRequests more{10s};
  for (std::size_t number = 0; number <= ReadRequests::kNamedMax; ++number) {
    more.add(ClusterArn{std::to_string(number)});
  }
  const ReadScope read = more.begin(at(0s), false);
  EXPECT_TRUE(read.all);
  EXPECT_EQ(read.clusters.size(), ReadRequests::kNamedMax);
}

}  // namespace
}  // namespace blox::cluster_state
