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
// 'A', 'B' and '+' those of our own, '(' begins a read, '[' a full one, '=' finds a and b to be
// all, '1' ends the read of a, '2' that of b, ')' all there are.
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
      case '=': requests.found({kA, kB}, at(now)); break;
      case '1': requests.end(kA, at(now)); break;
      case '2': requests.end(kB, at(now)); break;
      case ')':
        if (requests.is_finding()) requests.found({}, at(now));
        for (const auto& cluster : {kA, kB}) requests.end(cluster, at(now));
        break;
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
      {"a full one covers what it has not read yet", "[=1b", "n"},
      {"and no more what it has read", "[=1a", "y"},
      {"all join it until the last is read", "[=1*2*", "ny"},
      {"a read beside it covers its own", "[=1A(a", "n"},
      {"and ends by itself", "[=1A(1a*", "yn"},
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
      {"of a full one that which they have waited for", "a()b[=2                    1a", 16s},
      {"a read for people waits for the last for people", "a(b", std::nullopt},
      {"all of its clusters", "*[=1a", std::nullopt},
      {"not for a full one that they did not ask for", "[=1a", 100ms},
  };
  for (const auto& [rule, steps, expected] : rows) {
    ReadRequests requests{10s};
    play(requests, steps);
    const auto due = requests.due(at(100ms));
    ASSERT_EQ(due.has_value(), expected.has_value()) << rule;
    if (due) {
      EXPECT_EQ(*due - at(0s), *expected) << rule;
    }
  }
}

TEST(ReadRequests, GiveOutWhatIsDue) {
  ReadRequests requests{10s};
  requests.add(kA);
  requests.add_for_people(kB);
  ReadScope read = requests.begin(at(0s), false);
  EXPECT_FALSE(read.all);
  EXPECT_EQ(read.clusters, (std::set{kA, kB}));
  for (const auto& cluster : {kA, kB}) requests.end(cluster, at(1s));
  requests.add_for_people(kB);
  requests.add(kA);
  read = requests.begin(at(5s), false);
  EXPECT_EQ(read.clusters, std::set{kA}) << "people wait for their pause";
  requests.end(kA, at(6s));
  read = requests.begin(at(11s), false);
  EXPECT_EQ(read.clusters, std::set{kB});
  requests.end(kB, at(12s));
  requests.add(kA);
  requests.add_for_people(kB);
  EXPECT_TRUE(requests.forget(kA));
  EXPECT_TRUE(requests.forget(kB));
  EXPECT_FALSE(requests.forget(kB));
  EXPECT_FALSE(requests.due(at(12s)));
}

TEST(ReadRequests, SayWhatHasToBeginAnew) {
  const std::tuple<const char*, const char*, bool, bool, bool> rows[] = {
      {"all for ourselves", "+", false, true, true},
      {"also with a full one", "+", true, true, true},
      {"not by itself", "", true, true, false},
      {"all for people", "*", false, true, false},
      {"one", "A", false, false, false},
  };
  for (const auto& [rule, steps, full, all, anew] : rows) {
    ReadRequests requests{10s};
    play(requests, steps);
    const ReadScope read = requests.begin(at(1s), full);
    EXPECT_EQ(read.all, all) << rule;
    EXPECT_EQ(read.anew, anew) << rule;
    EXPECT_FALSE(requests.begin(at(2s), true).anew) << rule;
  }
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
  EXPECT_TRUE(read.anew);
  EXPECT_EQ(read.clusters.size(), ReadRequests::kNamedMax);
}

}  // namespace
}  // namespace blox::cluster_state
