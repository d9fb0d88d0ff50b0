// Endpoints by table.
#include "http/endpoint.h"

#include <gmock/gmock.h>

namespace blox::http {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ParseEndpoint, TakesWhatPeopleWrite) {
  const std::pair<const char*, const char*> rows[] = {
      {"css:3000", "http://css:3000"},
      {"css", "http://css"},
      {"10.0.0.5:3000/", "http://10.0.0.5:3000"},
      {"[::1]:3000", "http://[::1]:3000"},
      {"http://css:3000", "http://css:3000"},
      {"http://css:3000//", "http://css:3000"},
      {"HTTPS://Css.Example", "https://css.example"},
      {"https://proxy/Blox/css/", "https://proxy/Blox/css"},
      {"http://User:Secret@CSS:3000/", "http://User:Secret@css:3000"},
      {"user:secret@css:3000", "http://user:secret@css:3000"},
      {"http://u:p@q@css", "http://u:p@q@css"},
  };
  for (const auto& [text, url] : rows) {
    const auto parsed = parse_endpoint(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
    EXPECT_EQ(*parsed, url);
  }
}

TEST(ParseEndpoint, SaysWhatIsAllowedAndNoPassword) {
  const std::pair<const char*, const char*> rows[] = {
      {"", "it has no host"},
      {"http://", "it has no host"},
      {"http:///path", "it has no host"},
      {":3000", "its host is no name"},
      {"ftp://user:hush@css", "not an http or https URL"},
      {"local:/x://user:hush@h", "not an http or https URL"},
      {"css:99999", "its port is not 1 to 65535"},
      {"css:", "its port is not 1 to 65535"},
      {"css:0", "its port is not 1 to 65535"},
      {"::1", "its host is no name"},
      {"[::1", "its host is no name"},
      {"[::1]3000", "its host is no name"},
      {"http://user:hu/sh@css", "its port is not"},
      {"http://css/?x", "it has a query"},
      {"http://css#hush@x", "it has a query"},
      {"css 3000", "it holds a blank"},
      {"css:3000\n", "it holds a blank"},
      {"http://css/a//b", "its path is not in its simplest form"},
      {"http://css/../b", "its path is not in its simplest form"},
  };
  for (const auto& [text, why] : rows) {
    const auto parsed = parse_endpoint(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kInvalid);
    EXPECT_THAT(parsed.error().message,
                AllOf(HasSubstr(why), HasSubstr("allowed is HOST:PORT, http://HOST"),
                      Not(HasSubstr("hush")), Not(HasSubstr("hu/sh")), Not(HasSubstr("\n"))));
  }
}

TEST(ParseEndpoint, MayWantASchemeAndNoUser) {
  const EndpointForm form{.needs_scheme = true, .takes_user = false};
  EXPECT_EQ(parse_endpoint("http://css:1/", form), "http://css:1");
  for (const char* text : {"css:1", "http://user:hush@css"}) {
    const auto parsed = parse_endpoint(text, form);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error().message,
                AllOf(HasSubstr("; allowed is http://HOST"), Not(HasSubstr("hush"))));
  }
}

}  // namespace
}  // namespace blox::http
