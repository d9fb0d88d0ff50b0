// Where log lines go, which are written, and that none can look like another.
#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
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

std::string text_of(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

class LogFileTest : public testing::Test {
 protected:
  LogFileTest() { std::filesystem::create_directories(folder_); }
  ~LogFileTest() override {
    EXPECT_TRUE(log::configure(log::Level::kWarn, ""));
    std::filesystem::remove_all(folder_);
  }
  static unsigned mode_of(const std::string& path) {
    return static_cast<unsigned>(std::filesystem::status(path).permissions());
  }
  std::size_t file_count() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator{folder_}, {}));
  }

  const std::string folder_ = testing::TempDir() + "blox_log_" +
                              testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string path_ = folder_ + "/blox.log";
};

TEST_F(LogFileTest, IsForItsOwnerAloneUnlessItWasThere) {
  const std::string below = folder_ + "/below/blox.log";
  ASSERT_TRUE(log::configure(log::Level::kInfo, below));
  EXPECT_EQ(mode_of(below), 0600U);
  std::ofstream{path_} << "";
  std::filesystem::permissions(path_, std::filesystem::perms{0640});
  ASSERT_TRUE(log::configure(log::Level::kInfo, path_));
  EXPECT_EQ(mode_of(path_), 0640U);
}

TEST_F(LogFileTest, IsMovedAsideWhenItIsFull) {
  ASSERT_TRUE(log::configure(log::Level::kInfo, log::File{path_, 1'000, 2}));
  for (int i = 0; i < 100; ++i) log::info("part", "line {} of many that fill the file", i);
  EXPECT_EQ(file_count(), 3U);
  for (const char* name : {"/blox.log", "/blox.1.log", "/blox.2.log"}) {
    EXPECT_LE(std::filesystem::file_size(folder_ + name), 1'000U) << name;
    EXPECT_EQ(mode_of(folder_ + name), 0600U) << name;
  }
  EXPECT_THAT(text_of(path_), HasSubstr("line 99 of"));
  const std::string whole = text_of(folder_ + "/blox.2.log") + text_of(folder_ + "/blox.1.log");
  EXPECT_GE(std::ranges::count(whole, '\n'), 20);
}

TEST_F(LogFileTest, WhatIsNoPlainFileStaysWhereItIs) {
  ASSERT_TRUE(log::configure(log::Level::kInfo, log::File{"/dev/null", 1'000, 1}));
  for (int i = 0; i < 100; ++i) log::info("part", "line {} of many that fill the file", i);
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST_F(LogFileTest, IsOpenedAnewAfterItWasMovedAway) {
  for (const std::size_t bytes_max : {std::size_t{0}, std::size_t{1} << 20}) {
    ASSERT_TRUE(log::configure(log::Level::kInfo, log::File{path_, bytes_max, 1}));
    log::info("part", "before");
    std::filesystem::rename(path_, path_ + ".moved");
    log::info("part", "still there");
    ASSERT_TRUE(log::reopen());
    log::info("part", "after");
    EXPECT_THAT(text_of(path_ + ".moved"), HasSubstr("still there\n"));
    EXPECT_THAT(text_of(path_), testing::EndsWith("part: after\n"));
    EXPECT_EQ(mode_of(path_), 0600U);
    EXPECT_TRUE(log::is_on(log::Level::kInfo));
    std::filesystem::remove(path_);
  }
}

TEST_F(LogFileTest, GoesOnWhereItWasWhenItCannotBeOpenedAnew) {
  ASSERT_TRUE(log::configure(log::Level::kInfo, path_));
  std::filesystem::rename(path_, path_ + ".moved");
  std::filesystem::create_directory(path_);
  const auto refused = log::reopen();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("'" + path_ + "'"));
  log::info("part", "after");
  EXPECT_THAT(text_of(path_ + ".moved"), HasSubstr("part: after\n"));
}

TEST_F(LogFileTest, SaysARepeatedWarningOnce) {
  ASSERT_TRUE(log::configure(log::Level::kInfo, path_));
  for (int i = 0; i < 5; ++i) {
    log::warn("part", "again");
    log::info("part", "twice");
    if (i == 0) log::error("part", "again");
  }
  const std::string text = text_of(path_);
  EXPECT_EQ(std::ranges::count(text, '\n'), 7) << text;
  EXPECT_THAT(text, HasSubstr("warning part: again\n"));
  EXPECT_THAT(text, HasSubstr("error part: again\n"));
}

}  // namespace
}  // namespace blox
