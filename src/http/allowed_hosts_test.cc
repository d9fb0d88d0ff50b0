// Entries of --allowed-host, by table. What they let in: admission_test.cc.
#include "http/allowed_hosts.h"

#include <gmock/gmock.h>

namespace blox::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(AllowedHosts, SaysItsNamesOnce) {
  const AllowedHosts hosts{"0.0.0.0:3000",
                           {"Build.corp.example", "build", "build.corp.example"},
                           {"https://blox.example:80", "10.0.0.7", "a.example"}};
  EXPECT_EQ(hosts.names(), "a.example, blox.example:80, build.corp.example");
  EXPECT_EQ(AllowedHosts("0.0.0.0:1", {"build"}, {}).names(), "");
}

TEST(AllowedHosts, RefusesEntriesThatWouldNeverMatch) {
  const std::pair<const char*, bool> rows[] = {
      {"blox.example", true},
      {"https://blox.example", true},
      {"http://blox.example:80", true},
      {"[::1]:3000", true},
      {"::1", true},
      {"10.0.0.7:3000", true},
      {"", false},
      {"https://", false},
      {"https://blox.example/", false},
      {"ftp://blox.example", false},
      {"blox.example:", false},
      {"blox.example:port", false},
      {"*.example", false},
      {"a b", false},
      {"[]", false},
      {":80", false},
  };
  const auto secret = AllowedHosts::check({"http://user:hush@blox.example"});
  ASSERT_FALSE(secret);
  EXPECT_THAT(secret.error().message, Not(HasSubstr("hush")));
  for (const auto& [host, fits] : rows) {
    const auto checked = AllowedHosts::check({"fine.example", host});
    EXPECT_EQ(checked.has_value(), fits) << host;
    if (fits) continue;
    EXPECT_THAT(checked.error().message, HasSubstr("'" + std::string{host} + "'"));
  }
}

}  // namespace
}  // namespace blox::http
