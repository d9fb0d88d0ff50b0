// Where log lines go, which are written, and that none can look like another.
#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <iterator>

namespace blox {
namespace {

using testing::HasSubstr;

TEST(Log, LevelsAreParsedInAnyCase) {
  const std::pair<const char*, log::Level> rows[] = {
      {"trace", log::Level::kTrace},  {"debug", log::Level::kDebug},    {"Info", log::Level::kInfo},
      {"WARN", log::Level::kWarn},    {"error", log::Level::kError},    {"off", log::Level::kOff},
      {"warning", log::Level::kWarn}, {"critical", log::Level::kError},
  };
  for (const auto& [text, level] : rows) EXPECT_EQ(log::parse_level(text), level) << text;
  for (const char* bad : {"", "inf", "info ", "5"}) {
    const auto refused = log::parse_level(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().kind, ErrorKind::kInvalid);
  }
}

TEST(Log, AFileThatCannotBeOpenedIsNamed) {
  const std::string folder = testing::TempDir();
  const auto refused = log::configure(log::Level::kWarn, folder);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kInvalid);
  EXPECT_THAT(refused.error().message, HasSubstr("'" + folder + "'"));
}

TEST(Log, LinesOfTheLevelAreAppendedEachOnALineOfItsOwn) {
  const std::string path = testing::TempDir() + "blox-log-test.log";
  std::ofstream{path} << "before\n";
  ASSERT_TRUE(log::configure(log::Level::kInfo, path));
  log::debug("part", "too fine");
  log::info("part", "{} apples", 3);
  log::error("part", "refused: {}", "a\n2026-08-20T10:00:03.000Z info  forged\x1b[2J");
  ASSERT_TRUE(log::configure(log::Level::kWarn, ""));
  EXPECT_FALSE(log::is_on(log::Level::kInfo));
  std::ifstream file{path};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  EXPECT_TRUE(text.starts_with("before\n"));
  EXPECT_THAT(text, HasSubstr("part: 3 apples\n"));
  EXPECT_THAT(text, HasSubstr("refused: a\\x0a2026-08-20T10:00:03.000Z info  forged\\x1b[2J\n"));
  EXPECT_THAT(text, Not(HasSubstr("too fine")));
  EXPECT_EQ(std::ranges::count(text, '\n'), 3);
  std::remove(path.c_str());
}

}  // namespace
}  // namespace blox
