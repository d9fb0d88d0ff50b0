// Targets, their parts, and what of a URL may be shown, by table.
#include "http/url.h"

#include <gtest/gtest.h>

#include <tuple>
#include <utility>

namespace blox::http {
namespace {

TEST(Url, ShowsNoUserInfo) {
  const std::pair<const char*, const char*> rows[] = {
      {"http://user:secret@css:3000", "http://css:3000"},
      {"https://secret@css/path?a=b#c", "https://css/path?a=b#c"},
      {"user:secret@css:3000", "css:3000"},
      {"http://user:s@secret@css", "http://css"},
      {"http://user:se/secret@css", "http://css"},
      {"http://user:se?secret#secret@css", "http://css"},
      {"user:secret://secret@css", "css"},
      {"://secret@css", "css"},
      {"/secret@css", "css"},
      {"http://user:secret@", "http://"},
      {"@", ""},
      {"", ""},
      {"http://css:3000/", "http://css:3000/"},
      {"css:3000", "css:3000"},
  };
  for (const auto& [endpoint, shown] : rows) {
    EXPECT_EQ(without_userinfo(endpoint), shown) << endpoint;
  }
}

TEST(Target, RefusesWhatIsNoTarget) {
  for (const char* text : {"", "tasks", "*", "/%", "/%4", "/%zz", "/a%00b", "/?a=%g1", "/a b",
                           "/a#b", "/\xff", "localhost:80"}) {
    const auto target = parse_target(text);
    ASSERT_FALSE(target) << text;
    EXPECT_EQ(target.error().kind, ErrorKind::kInvalid) << text;
  }
}

TEST(Target, BoundsWhatItsPartsCost) {
  EXPECT_TRUE(parse_target(std::string(64, '/') + "?" + std::string(63, '&')));
  EXPECT_FALSE(parse_target(std::string(65, '/')));
  EXPECT_FALSE(parse_target("/?" + std::string(64, '&')));
}

TEST(Target, KeepsRawSegmentsAndQuery) {
  const auto target = parse_target("/a%2Fb//c/?x=%41&x=");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->raw_segments, (std::vector<std::string>{"a%2Fb", "", "c", ""}));
  EXPECT_EQ(target->raw_query, "x=%41&x=");
  EXPECT_EQ(target->query, (Query{{"x", "A"}, {"x", ""}}));
  EXPECT_EQ(find_query(target->query, "x"), "A");
  EXPECT_EQ(find_query(target->query, "X"), std::nullopt);
  const Query empty = {{"x", ""}};
  EXPECT_EQ(find_query(empty, "x"), "");
  EXPECT_EQ(find_filter(empty, "x"), std::nullopt);
  EXPECT_EQ(find_filter(target->query, "x"), "A");
}

TEST(Url, EncodesEverythingReserved) {
  EXPECT_EQ(encode_path_segment("az-AZ_0.9~"), "az-AZ_0.9~");
  EXPECT_EQ(encode_path_segment("a:b/c d%\xc3\xa9"), "a%3Ab%2Fc%20d%25%C3%A9");
}

TEST(Url, TakesHostNamesOutOfAuthorities) {
  const std::tuple<const char*, const char*, bool> rows[] = {
      {"LocalHost:3000", "localhost", true},
      {"[::1]:3000", "::1", true},
      {"::1", "::1", true},
      {"127.8.9.1", "127.8.9.1", true},
      {"127.0.0.1.evil:1", "127.0.0.1.evil", false},
      {"a.localhost", "a.localhost", true},
      {"notlocalhost", "notlocalhost", false},
      {"10.0.0.1:80", "10.0.0.1", false},
      {"", "", false},
  };
  for (const auto& [authority, name, loopback] : rows) {
    EXPECT_EQ(host_name(authority), name);
    EXPECT_EQ(is_loopback(name), loopback) << name;
  }
}

}  // namespace
}  // namespace blox::http
