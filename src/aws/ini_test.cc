// The INI form by table.
#include "aws/ini.h"

#include <gtest/gtest.h>

#include <tuple>
#include <utility>

namespace blox::aws {
namespace {

TEST(ParseIni, FollowsTheTable) {
  const std::tuple<const char*, const char*, const char*, const char*, const char*> rows[] = {
      {"a key", "[a]\nk = v\n", "a", "k", "v"},
      {"no blanks, no line end", "[a]\nk=v", "a", "k", "v"},
      {"line ends of Windows", "[a]\r\nk = v\r\n", "a", "k", "v"},
      {"keys in any case", "[a]\nAWS_Key=v", "a", "aws_key", "v"},
      {"comments", "# c\n; c\n[a]\n\nk=v # not it\n", "a", "k", "v"},
      {"a sign of comment within", "[a]\nk=v#1;2=\n", "a", "k", "v#1;2="},
      {"nested", "[services s]\necs =\n  endpoint_url = http://h\nx=y", "services s",
       "ecs.endpoint_url", "http://h"},
      {"no longer nested", "[s]\necs =\n  a = b\nx=y", "s", "x", "y"},
      {"a colon", "[a]\nregion: eu-west-1\n", "a", "region", "eu-west-1"},
      {"the first of both counts", "[a]\nurl = http://h\nb: c=d", "a", "url", "http://h"},
      {"a colon before an equals sign", "[a]\nb: c=d", "a", "b", "c=d"},
      {"a byte order mark", "\xEF\xBB\xBF[a]\nk=v", "a", "k", "v"},
      {"a value that goes on", "[a]\nk = v\n  w = x\nl=m", "a", "k", "v\nw = x"},
      {"after one that went on", "[a]\nk = v\n  w\nl=m", "a", "l", "m"},
      {"all keys indented", "[a]\n  k=v\n  l=w\n", "a", "l", "w"},
      {"blanks round a section's name", "[ profile p ]\nk=v", " profile p ", "k", "v"},
      {"a bracket within a name", "[profile a]b]\nk=v", "profile a]b", "k", "v"},
      {"a comment behind a section", "[a] # c\nk=v", "a", "k", "v"},
      {"a bracket in that comment", "[a] # [c]\nk=v", "a] # [c", "k", "v"},
      {"a section glued to a value", "[a]\nk=v[b]\nl=w", "a", "k", "v[b]"},
      {"and what follows it", "[a]\nk=v[b]\nl=w", "a", "l", "w"},
      {"default in another case", "[Default]\nk=v", "Default", "k", "v"},
      {"line ends of old Macs", "[a]\rk = v\rl=w\r", "a", "l", "w"},
      {"a key in two sections", "[a]\nk=v\n[b]\nk=w\n", "b", "k", "w"},
  };
  for (const auto& [rule, text, section, key, value] : rows) {
    const auto parsed = parse_ini(text);
    ASSERT_TRUE(parsed) << rule << ": " << parsed.error().message;
    EXPECT_EQ(parsed->at(section).at(key), value) << rule;
  }
}

TEST(ParseIni, NamesTheBadLine) {
  const std::pair<const char*, const char*> rows[] = {
      {"[a]\nk=v\nword\n", "line 3 has no key"},
      {"[a]\n=v\n", "line 2 has no key"},
      {"\n[a\n", "line 2 has no ']' behind a name"},
      {"[]\n", "line 1 has no ']' behind a name"},
      {"[a]k=v\n", "line 1 goes on behind its ']'"},
      {"[a]\nk=v\n\n[a]\nl=w\n", "line 4 opens section 'a' a second time"},
      {"[a]\nk=v\nl=w\nK : x\n", "line 4 sets 'k' of section 'a' a second time"},
      {"[a]\nk=v[b]\nk=w\n", "line 3 sets 'k' of section 'a' a second time"},
      {"[a]\nk=v\n[DEFAULT]\nk=w\n", "line 3 opens [DEFAULT], which is not supported"},
      {"k=v\n", "line 1 stands before the first section"},
      {"[a]\nkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk=\n  a=b\n",
       "line 3 is nested under a key of over 64 bytes"},
  };
  for (const auto& [text, message] : rows) {
    const auto parsed = parse_ini(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kInvalid);
    EXPECT_TRUE(parsed.error().message.starts_with(message)) << parsed.error().message;
  }
}

TEST(ParseIni, SaysWhenTwoSectionsHaveOneName) {
  const NameSection first_letter = [](std::string_view name) {
    return name.starts_with('x') ? std::nullopt : std::optional{std::string{name.substr(0, 1)}};
  };
  const auto parsed = parse_ini("[ab]\nk=v\n[x]\nk=w\n[xy]\nk=w\n[b]\n", first_letter);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(*parsed, (IniSections{{"a", {{"k", "v"}}}, {"b", {}}}));
  const std::pair<const char*, const char*> rows[] = {
      {"[ab]\n[ac]\n", "line 2 opens section 'ac' a second time"},
      {"[x]\n[x]\n", "line 2 opens section 'x' a second time"},
      {"[x]\nk=v\nk=w\n", "line 3 sets 'k' of section 'x' a second time"},
  };
  for (const auto& [text, message] : rows) {
    const auto refused = parse_ini(text, first_letter);
    ASSERT_FALSE(refused) << text;
    EXPECT_TRUE(refused.error().message.starts_with(message)) << refused.error().message;
  }
}

}  // namespace
}  // namespace blox::aws
