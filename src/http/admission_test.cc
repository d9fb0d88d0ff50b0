// Who is let in, by table.
#include "http/admission.h"

#include <gmock/gmock.h>

namespace blox::http {
namespace {

using ::testing::HasSubstr;

Request make_head(std::string method, Headers headers) {
  Request head;
  head.method = std::move(method);
  head.target = "/v1/tasks";
  head.headers = std::move(headers);
  return head;
}

std::shared_ptr<const AllowedHosts> allowed() {
  return std::make_shared<AllowedHosts>(
      "10.0.0.7:3000", std::vector<std::string>{"Build.corp.example"},
      std::vector<std::string>{"blox.example", "https://other.example:81"});
}

TEST(Admission, GoesByHostOriginAndFetchSite) {
  const Admission admission = make_admission(allowed());
  const std::tuple<const char*, const char*, Headers, const char*> rows[] = {
      // The host, for every method.
      {"loopback", "GET", {{"Host", "localhost:3000"}}, ""},
      {"below localhost", "GET", {{"Host", "a.localhost"}}, ""},
      {"address", "GET", {{"Host", "192.168.7.8:3000"}}, ""},
      {"IPv6", "POST", {{"Host", "[fd00::7]:3000"}}, ""},
      {"without a dot", "DELETE", {{"Host", "css:3000"}}, ""},
      {"machine's own", "GET", {{"Host", "BUILD.corp.example:3000"}}, ""},
      {"allowed", "GET", {{"Host", "Blox.example:1"}}, ""},
      {"allowed with port", "GET", {{"Host", "other.example:81"}}, ""},
      {"other port", "GET", {{"Host", "other.example:80"}}, "'other.example:80'"},
      {"none, as HTTP/1.0 may", "GET", {}, ""},
      {"rebound name", "GET", {{"Host", "evil.example:3000"}}, "'evil.example:3000'"},
      {"rebound name, HEAD", "HEAD", {{"Host", "evil.example"}}, "--allowed-host NAME"},
      {"like an address", "GET", {{"Host", "127.0.0.1.evil.example"}}, "no name of this server"},
      {"like an address in a name", "GET", {{"Host", "127.evil.example"}}, "no name"},
      {"trailing dot", "GET", {{"Host", "evil.example."}}, "no name"},
      {"empty", "GET", {{"Host", ""}}, "no name"},
      {"user in it", "GET", {{"Host", "localhost@evil"}}, "no name"},
      // The page that asks.
      {"no page", "POST", {{"Host", "localhost"}}, ""},
      {"own page", "POST", {{"Host", "css:3000"}, {"Origin", "http://css:3000"}}, ""},
      {"loopback page", "POST", {{"Host", "css"}, {"Origin", "http://127.0.0.1:9"}}, ""},
      {"allowed page", "GET", {{"Host", "css"}, {"Origin", "https://blox.example"}}, ""},
      {"foreign page",
       "GET",
       {{"Host", "css"}, {"Origin", "https://evil.example"}},
       "'https://evil"},
      {"page at an address", "POST", {{"Host", "css"}, {"Origin", "http://6.6.6.6"}}, "6.6.6.6"},
      {"page without a dot", "POST", {{"Host", "css"}, {"Origin", "http://wiki"}}, "'http://wiki'"},
      {"other port of the host",
       "POST",
       {{"Host", "wiki:1"}, {"Origin", "http://wiki:2"}},
       "wiki:2"},
      {"opaque page", "POST", {{"Host", "css"}, {"Origin", "null"}}, "'null'"},
      {"second Origin",
       "POST",
       {{"Host", "css"}, {"Origin", "http://css"}, {"Origin", "http://evil.example"}},
       "evil"},
      // What the browser says of it.
      {"typed", "GET", {{"Host", "css"}, {"Sec-Fetch-Site", "none"}}, ""},
      {"same page", "POST", {{"Host", "css"}, {"Sec-Fetch-Site", "same-origin"}}, ""},
      {"image elsewhere",
       "GET",
       {{"Host", "css"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "no-cors"}},
       "another site"},
      {"neighbour", "GET", {{"Host", "css"}, {"Sec-Fetch-Site", "same-site"}}, "another site"},
      {"unheard-of", "GET", {{"Host", "css"}, {"Sec-Fetch-Site", "new"}}, "another site"},
      {"link followed",
       "GET",
       {{"Host", "css"},
        {"Sec-Fetch-Site", "cross-site"},
        {"Sec-Fetch-Mode", "navigate"},
        {"Sec-Fetch-Dest", "document"}},
       ""},
      {"frame",
       "GET",
       {{"Host", "css"},
        {"Sec-Fetch-Site", "cross-site"},
        {"Sec-Fetch-Mode", "navigate"},
        {"Sec-Fetch-Dest", "iframe"}},
       "another site"},
      {"fetched ahead",
       "GET",
       {{"Host", "css"},
        {"Sec-Fetch-Site", "cross-site"},
        {"Sec-Fetch-Mode", "navigate"},
        {"Sec-Fetch-Dest", "document"},
        {"Sec-Purpose", "prefetch"}},
       "another site"},
      {"link followed, no word of where to",
       "GET",
       {{"Host", "css"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "navigate"}},
       ""},
      {"form sent",
       "POST",
       {{"Host", "css"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "navigate"}},
       "another site"},
      {"allowed page elsewhere",
       "GET",
       {{"Host", "css"}, {"Origin", "https://blox.example"}, {"Sec-Fetch-Site", "cross-site"}},
       ""},
  };
  const Route route;
  for (const auto& [rule, method, headers, refusal] : rows) {
    auto admitted = admission.admit(make_head(method, headers), route);
    EXPECT_EQ(admitted.has_value(), std::string_view{refusal}.empty()) << rule;
    if (admitted) {
      EXPECT_EQ(admitted->name, "anonymous") << rule;
    } else {
      EXPECT_EQ(admitted.error().status, 403) << rule;
      EXPECT_THAT(std::get<std::string>(admitted.error().body), HasSubstr(refusal)) << rule;
    }
  }
}

TEST(Admission, AsksNoRuleAboutWhatIsOpen) {
  const Admission admission = make_admission(allowed());
  Route open;
  open.is_open = true;
  const Headers headers{{"Host", "evil.example"}, {"Sec-Fetch-Site", "cross-site"}};
  EXPECT_TRUE(admission.admit(make_head("GET", headers), open));
}

}  // namespace
}  // namespace blox::http
