// The order of reads and how many go on at a time, by table.
#include "cluster_state/reconcile/read_queue.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

namespace blox::cluster_state {
namespace {

ClusterArn cluster(char letter) { return ClusterArn{std::string(1, letter)}; }

// Steps: a letter after '!', '+', '?' or '.' adds that cluster as asked for, started, unread or
// another; after '-' its read ends, after 'x' it is removed; '>' begins what may begin, and answers
// it.
std::string play(ReadQueue& queue, std::string_view steps) {
  std::string begun;
  for (std::size_t at = 0; at < steps.size(); ++at) {
    if (steps[at] == '>') {
      while (const auto next = queue.begin()) begun += next->value;
      begun += ' ';
      continue;
    }
    const char step = steps[at];
    const ClusterArn named = cluster(steps[++at]);
    switch (step) {
      case '!': queue.add(named, ReadRank::kAsked); break;
      case '+': queue.add(named, ReadRank::kStarted); break;
      case '?': queue.add(named, ReadRank::kUnread); break;
      case '.': queue.add(named, ReadRank::kOther); break;
      case '-': queue.end(named); break;
      case 'x': queue.remove(named); break;
      default: ADD_FAILURE() << step;
    }
  }
  return begun;
}

TEST(ReadQueue, FollowsTheTable) {
  const std::tuple<const char*, const char*, const char*> rows[] = {
      {"who came first goes first", ".b.a.c>", "bac "},
      {"asked for, started, unread, others", ".a?b+c!d>", "dcba "},
      {"four at a time", ".a.b.c.d.e>-b>", "abcd e "},
      {"two more that are asked for", ".a.b.c.d>!e!f!g>-f>", "abcd ef g "},
      {"not for others", ".a.b.c.d.e>+f?g>", "abcd  "},
      {"asked for may take all places", "!a!b!c!d!e!f!g>-a>", "abcdef g "},
      {"then nothing else begins before there is room", "!a!b!c!d!e!f.g>-a>", "abcdef g "},
      {"each waits once", ".a.a.b>", "ab "},
      {"and with the better rank", ".a.b!b.b>", "ba "},
      {"one that is under way waits for its end", ".a>!a>-a>", "a  a "},
      {"and holds up no other", ".a>!a.b>", "a b "},
      {"what is removed does not begin", ".a.bxa>", "b "},
      {"a place that was asked for is given back", "!a!b!c!d!e!f>-a-b-c-d-e-f.a.b.c.d.e>",
       "abcdef abcd "},
  };
  for (const auto& [rule, steps, expected] : rows) {
    ReadQueue queue;
    EXPECT_EQ(play(queue, steps), expected) << rule;
  }
}

TEST(ReadQueue, SaysWhatWaitsAndWhatIsUnderWay) {
  ReadQueue queue;
  queue.add(cluster('a'), ReadRank::kOther);
  EXPECT_TRUE(queue.waits(cluster('a')));
  EXPECT_FALSE(queue.is_under_way(cluster('a')));
  ASSERT_EQ(queue.begin(), cluster('a'));
  EXPECT_FALSE(queue.waits(cluster('a')));
  EXPECT_TRUE(queue.is_under_way(cluster('a')));
  EXPECT_FALSE(queue.remove(cluster('a')));
  queue.end(cluster('a'));
  EXPECT_FALSE(queue.is_under_way(cluster('a')));
}

}  // namespace
}  // namespace blox::cluster_state
