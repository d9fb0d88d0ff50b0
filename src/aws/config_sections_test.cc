// Names of sections by table; the same rows go through botocore in tests/integration.
#include "aws/config_sections.h"

#include <gtest/gtest.h>

#include <utility>

namespace blox::aws {
namespace {

TEST(NameConfigSection, FollowsBotocore) {
  const std::pair<const char*, std::optional<std::string>> rows[] = {
      {"default", "default"},
      {"profile default", "default"},
      {"profile p", "p"},
      {"profile\tp", "p"},
      {"profile  p ", "p"},
      {"profile \"my prof\"", "my prof"},
      {"profile 'my prof'", "my prof"},
      {"profile my\\ prof", "my prof"},
      {"profile a]b", "a]b"},
      {"profile \"a\\\"b\"", "a\"b"},
      {"profile \"a\\b\"", "a\\b"},
      {"profile 'a\\b'", "a\\b"},
      {"profile 'it''s'", "its"},
      {"profile \"\"", ""},
      {"profiles p", "p"},
      {"services \"s\"", "services s"},
      {"sso-session t", "sso-session t"},
      {"p", std::nullopt},
      {"profile", std::nullopt},
      {"profile a b", std::nullopt},
      {"profile it's", std::nullopt},
      {"profile \"p", std::nullopt},
      {"profile p\\", std::nullopt},
      {" profile p", std::nullopt},
      {" default ", std::nullopt},
      {"Default", std::nullopt},
      {"preview", std::nullopt},
  };
  for (const auto& [section, name] : rows) EXPECT_EQ(name_config_section(section), name) << section;
}

}  // namespace
}  // namespace blox::aws
