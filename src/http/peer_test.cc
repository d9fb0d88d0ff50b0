// Addresses, networks and X-Forwarded-For, by table.
#include "http/peer.h"

#include <gmock/gmock.h>

namespace blox::http {
namespace {

TEST(PeerAddress, ReadsAndWritesAddresses) {
  const std::tuple<const char*, const char*, const char*> rows[] = {
      {"10.0.0.7", "10.0.0.7", "10.0.0.7"},
      {"127.3.2.1", "127.3.2.1", "127.0.0.1"},
      {"::ffff:10.0.0.7", "10.0.0.7", "10.0.0.7"},
      {"::1", "::1", "::"},
      {"2001:DB8:0:1:2::3", "2001:db8:0:1:2::3", "2001:db8:0:1::"},
  };
  for (const auto& [text, written, group] : rows) {
    const auto address = PeerAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_text(), written);
    EXPECT_EQ(address->group().to_text(), group) << text;
  }
  for (const char* text :
       {"", "10.0.0", "10.0.0.7:80", "[::1]", "fe80::1%eth0", "a.example", "1"}) {
    EXPECT_FALSE(PeerAddress::parse(text)) << text;
  }
}

TEST(Network, ContainsByItsBits) {
  const std::tuple<const char*, const char*, bool> rows[] = {
      {"10.0.0.0/8", "10.255.0.1", true},
      {"10.0.0.0/8", "11.0.0.1", false},
      {"10.0.0.7", "10.0.0.7", true},
      {"10.0.0.7", "10.0.0.8", false},
      {"10.1.2.128/25", "10.1.2.127", false},
      {"10.1.2.128/25", "10.1.2.200", true},
      {"0.0.0.0/0", "9.9.9.9", true},
      {"0.0.0.0/0", "::1", false},
      {"fd00::/8", "fdab::1", true},
      {"fd00::/8", "fe80::1", false},
      {"::/0", "10.0.0.1", true},
  };
  for (const auto& [network, address, contained] : rows) {
    const auto parsed = Network::parse(network);
    ASSERT_TRUE(parsed) << network;
    EXPECT_EQ(parsed->contains(*PeerAddress::parse(address)), contained) << network << address;
  }
  for (const char* text : {"", "10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10.0.0.0/-1", "x/8",
                           "10.0.0.0/8 ", "10.0.0.0/8/8"}) {
    const auto parsed = Network::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error().message, ::testing::HasSubstr("10.0.0.0/8")) << text;
  }
}

TEST(Network, RepeatsNoPassword) {
  const auto parsed = Network::parse("http://user:hush@proxy:3128");
  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error().message, ::testing::Not(::testing::HasSubstr("hush")));
}

TEST(TrustedProxies, BelievesOnlyWhatTrustedOnesSay) {
  const TrustedProxies proxies{{*Network::parse("10.0.0.0/8"), *Network::parse("fd00::/8")}};
  using Values = std::vector<std::string>;
  const std::tuple<const char*, const char*, Values, const char*> rows[] = {
      {"not behind a proxy", "9.9.9.9", {"1.1.1.1"}, "9.9.9.9"},
      {"no header", "10.0.0.1", {}, "10.0.0.1"},
      {"one hop", "10.0.0.1", {"1.1.1.1"}, "1.1.1.1"},
      {"what the client wrote itself", "10.0.0.1", {"8.8.8.8, 1.1.1.1"}, "1.1.1.1"},
      {"two proxies", "10.0.0.1", {"8.8.8.8, 1.1.1.1 , 10.0.0.2"}, "1.1.1.1"},
      {"two headers", "10.0.0.1", {"8.8.8.8", "1.1.1.1,10.0.0.2"}, "1.1.1.1"},
      {"proxies alone", "10.0.0.1", {"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
      {"with ports", "fd00::1", {"[2001:db8::1]:4711, [fd00::2]:1, 10.0.0.2:80"}, "2001:db8::1"},
      {"nonsense", "10.0.0.1", {"8.8.8.8, unknown, 10.0.0.2"}, "10.0.0.2"},
      {"empty", "10.0.0.1", {""}, "10.0.0.1"},
  };
  for (const auto& [rule, peer, values, client] : rows) {
    Headers headers{{"Host", "x"}};
    for (const auto& value : values) headers.emplace_back("x-forwarded-for", value);
    EXPECT_EQ(proxies.client_of(*PeerAddress::parse(peer), headers).to_text(), client) << rule;
  }
}

}  // namespace
}  // namespace blox::http
