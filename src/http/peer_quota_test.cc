// Shares by table, and that all comes back.
#include "http/peer_quota.h"

#include <gtest/gtest.h>

namespace blox::http {
namespace {

PeerAddress peer(int number) {
  return *PeerAddress::parse("10.0." + std::to_string(number / 250) + "." +
                             std::to_string(number % 250 + 1));
}

// Takes ones until there are no more. Shape: how many.
std::size_t take_all(PeerQuota& quota, const PeerAddress& taker, bool is_proxy = false) {
  std::size_t taken = 0;
  while (quota.take(taker, 1, is_proxy) == QuotaAnswer::kTaken) ++taken;
  return taken;
}

TEST(PeerQuota, GivesAPeerHalfOfWhatOthersLeave) {
  PeerQuota quota{{.total = 1'000}};
  EXPECT_EQ(take_all(quota, peer(1)), 500u);
  EXPECT_EQ(quota.take(peer(1), 1), QuotaAnswer::kPeersPart);
  EXPECT_EQ(take_all(quota, peer(2)), 250u);
  EXPECT_EQ(take_all(quota, peer(3)), 125u);
  EXPECT_EQ(take_all(quota, peer(4)), 62u);
  // 63 are left, 50 of them for those that hold little.
  EXPECT_EQ(take_all(quota, peer(5)), 13u);
  EXPECT_EQ(quota.take(peer(5), 1), QuotaAnswer::kAllTaken);
  for (int small = 6; small < 12; ++small) EXPECT_EQ(take_all(quota, peer(small)), 8u);
  EXPECT_EQ(take_all(quota, peer(12)), 2u);
  EXPECT_EQ(quota.used(), 1'000u);
  EXPECT_EQ(quota.take(peer(13), 1), QuotaAnswer::kAllTaken);
}

TEST(PeerQuota, GivesAFewToEachAsLongAsThereAreAny) {
  PeerQuota quota{{.total = 10}};
  EXPECT_EQ(take_all(quota, peer(1)), 8u);
  EXPECT_EQ(take_all(quota, peer(2)), 2u);
  quota.give_back(peer(1), 8);
  EXPECT_EQ(quota.used(), 2u);
  EXPECT_EQ(take_all(quota, peer(3)), 8u);
}

TEST(PeerQuota, KeepsTheReserveFromProxiesAndNothingElse) {
  PeerQuota quota{{.total = 1'000}};
  EXPECT_EQ(take_all(quota, peer(1), /*is_proxy=*/true), 950u);
  EXPECT_EQ(take_all(quota, peer(2)), 8u);
}

TEST(PeerQuota, TakesAnIpv6NetworkForOnePeer) {
  PeerQuota quota{{.total = 1'000}};
  EXPECT_EQ(take_all(quota, *PeerAddress::parse("2001:db8::1")), 500u);
  EXPECT_EQ(take_all(quota, *PeerAddress::parse("2001:db8::2")), 0u);
  EXPECT_EQ(take_all(quota, *PeerAddress::parse("2001:db8:0:1::1")), 250u);
}

TEST(PeerQuota, GivesNothingWhereThereIsNothing) {
  PeerQuota quota{{.total = 0}};
  EXPECT_EQ(quota.take(peer(1), 1), QuotaAnswer::kAllTaken);
  EXPECT_EQ(quota.take(peer(1), 0), QuotaAnswer::kTaken);
}

TEST(QuotaShare, HoldsWhatItIsSetToAndGivesItBack) {
  const auto quota = std::make_shared<PeerQuota>(QuotaRules{.total = 100, .small = 10});
  {
    QuotaShare share{quota, peer(1)};
    EXPECT_EQ(share.set(30), QuotaAnswer::kTaken);
    EXPECT_EQ(share.set(60), QuotaAnswer::kPeersPart);
    EXPECT_EQ(quota->used(), 30u);
    EXPECT_EQ(share.set(5), QuotaAnswer::kTaken);
    EXPECT_EQ(quota->used(), 5u);
  }
  EXPECT_EQ(quota->used(), 0u);
}

TEST(QuotaShare, MovesToAnotherPeerWithAllThatItHolds) {
  const auto quota = std::make_shared<PeerQuota>(QuotaRules{.total = 100, .small = 0});
  QuotaShare proxy{quota, peer(1), /*is_proxy=*/true};
  QuotaShare full{quota, peer(2)};
  EXPECT_EQ(proxy.set(40), QuotaAnswer::kTaken);
  EXPECT_EQ(full.set(30), QuotaAnswer::kTaken);
  EXPECT_EQ(proxy.move_to(peer(2), false), QuotaAnswer::kPeersPart);
  EXPECT_EQ(quota->used(), 70u);
  EXPECT_EQ(full.set(0), QuotaAnswer::kTaken);
  EXPECT_EQ(proxy.move_to(peer(3), false), QuotaAnswer::kTaken);
  EXPECT_EQ(proxy.set(60), QuotaAnswer::kPeersPart);
  EXPECT_EQ(proxy.set(0), QuotaAnswer::kTaken);
  EXPECT_EQ(quota->used(), 0u);
}

}  // namespace
}  // namespace blox::http
