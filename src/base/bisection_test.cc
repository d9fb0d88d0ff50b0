#include "base/bisection.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace blox {
namespace {

struct Sent {
  std::vector<int> taken;
  std::set<int> blamed;
  int call_count = 0;
};

// A receiver that refuses each part in which one of `bad` is.
Sent send(std::vector<int> batch, const std::set<int>& bad) {
  Sent sent;
  for (Bisection<int> parts{std::move(batch)}; !parts.empty();) {
    std::vector<int> part = parts.next();
    ++sent.call_count;
    const bool refused = std::ranges::any_of(part, [&](int item) { return bad.contains(item); });
    if (!refused) {
      sent.taken.insert(sent.taken.end(), part.begin(), part.end());
    } else if (part.size() > 1) {
      parts.split(std::move(part));
    } else {
      sent.blamed.insert(part.front());
    }
  }
  return sent;
}

TEST(Bisection, SendsABatchThatIsTakenOnce) {
  const Sent sent = send({1, 2, 3}, {});
  EXPECT_EQ(sent.taken, (std::vector{1, 2, 3}));
  EXPECT_EQ(sent.call_count, 1);
}

TEST(Bisection, FindsWhoIsToBlameAndSendsTheOthersInTheirOrder) {
  const Sent one = send({1, 2, 3, 4, 5, 6, 7, 8}, {6});
  EXPECT_EQ(one.taken, (std::vector{1, 2, 3, 4, 5, 7, 8}));
  EXPECT_EQ(one.blamed, (std::set{6}));
  EXPECT_EQ(one.call_count, 7);

  const Sent two = send({1, 2, 3, 4, 5}, {1, 5});
  EXPECT_EQ(two.taken, (std::vector{2, 3, 4}));
  EXPECT_EQ(two.blamed, (std::set{1, 5}));

  EXPECT_EQ(send({1, 2}, {1, 2}).blamed, (std::set{1, 2}));
}

}  // namespace
}  // namespace blox
