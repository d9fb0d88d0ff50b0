#include "base/bisection.h"

#include <algorithm>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

namespace blox {
namespace {

struct Sent {
  std::vector<int> taken;
  std::set<int> blamed;
  int call_count = 0;
  std::size_t blamed_before_any = 0;  // Before the first was taken.
  int calls_until_blamed = 0;         // Until more than kBlamedMax were.
};

std::vector<int> sorted(std::vector<int> items) {
  std::ranges::sort(items);
  return items;
}

// A receiver that refuses each part in which one of `bad` is.
Sent send(std::vector<int> batch, const std::set<int>& bad) {
  Sent sent;
  for (Bisection<int> parts{std::move(batch)}; !parts.empty();) {
    std::vector<int> part = parts.next();
    ++sent.call_count;
    const bool refused = std::ranges::any_of(part, [&](int item) { return bad.contains(item); });
    if (!refused) {
      if (sent.taken.empty()) sent.blamed_before_any = sent.blamed.size();
      sent.taken.insert(sent.taken.end(), part.begin(), part.end());
    } else if (part.size() > 1) {
      parts.split(std::move(part));
    } else {
      sent.blamed.insert(part.front());
      if (sent.blamed.size() == kBlamedMax + 1) sent.calls_until_blamed = sent.call_count;
    }
  }
  return sent;
}

TEST(Bisection, SendsABatchThatIsTakenOnce) {
  const Sent sent = send({1, 2, 3}, {});
  EXPECT_EQ(sent.taken, (std::vector{1, 2, 3}));
  EXPECT_EQ(sent.call_count, 1);
}

TEST(Bisection, FindsWhoIsToBlameAndSendsAllOthers) {
  const Sent one = send({1, 2, 3, 4, 5, 6, 7, 8}, {6});
  EXPECT_EQ(sorted(one.taken), (std::vector{1, 2, 3, 4, 5, 7, 8}));
  EXPECT_EQ(one.blamed, (std::set{6}));
  EXPECT_EQ(one.call_count, 7);

  const Sent two = send({1, 2, 3, 4, 5}, {1, 5});
  EXPECT_EQ(sorted(two.taken), (std::vector{2, 3, 4}));
  EXPECT_EQ(two.blamed, (std::set{1, 5}));

  EXPECT_EQ(send({1, 2}, {1, 2}).blamed, (std::set{1, 2}));
}

// However the bad ones lie, something is taken before many are blamed; and where all are refused
// many are blamed soon.
TEST(Bisection, SoonShowsWhetherAnythingIsTaken) {
  std::vector<int> hundred(100);
  std::iota(hundred.begin(), hundred.end(), 0);
  const std::set<int> all(hundred.begin(), hundred.end());
  std::set<int> front(hundred.begin(), hundred.begin() + 50);
  std::set<int> back(hundred.begin() + 50, hundred.end());
  std::set<int> spread;
  for (int item = 0; item < 100; item += 3) spread.insert(item);
  for (const auto& bad : {front, back, spread}) {
    EXPECT_LE(send(hundred, bad).blamed_before_any, kBlamedMax) << *bad.begin();
  }
  EXPECT_LT(send(hundred, all).calls_until_blamed, 60);
}

// As if it had not been taken out, however often.
TEST(Bisection, WhatIsPutBackComesNext) {
  std::vector<int> hundred(100);
  std::iota(hundred.begin(), hundred.end(), 0);
  Bisection<int> plain{hundred};
  Bisection<int> often{hundred};
  for (int turn = 0; turn < 20 && !plain.empty(); ++turn) {
    std::vector<int> part = plain.next();
    for (int time = 0; turn > 0 && time < kPutBackMax; ++time) {
      std::vector<int> again = often.next();
      ASSERT_EQ(again, part) << turn;
      ASSERT_TRUE(often.put_back(again)) << time;
    }
    ASSERT_EQ(often.next(), part) << turn;
    if (part.size() == 1) continue;
    often.split(part);
    plain.split(part);
  }
}

TEST(Bisection, IsPutBackSoOftenAndNotBeforeAnythingIsFound) {
  Bisection<int> parts{{1, 2, 3, 4}};
  std::vector<int> part = parts.next();
  EXPECT_FALSE(parts.put_back(part));
  EXPECT_EQ(part.size(), 4U);
  parts.split(part);
  for (int time = 0; time < kPutBackMax; ++time) {
    part = parts.next();
    ASSERT_TRUE(parts.put_back(part)) << time;
  }
  part = parts.next();
  EXPECT_FALSE(parts.put_back(part));
  EXPECT_EQ(part.size(), 2U);
}

}  // namespace
}  // namespace blox
