// What the demo draws on terminals of any width.
#include "blox/demo_screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <tuple>

namespace blox::apps {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Characters of UTF-8.
std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

client::InstanceStatusList busy_instances(int count) {
  client::InstanceStatusList list;
  for (int i = 0; i < count; ++i) {
    const bool even = i % 2 == 0;
    list.items.push_back({"arn:" + std::to_string(i), even ? "waiting" : "starting",
                          even ? "waits: as many instances as may be are without their task"
                               : "StartTask was sent, and the task does not run yet",
                          ""});
  }
  return list;
}

TEST(DemoScreen, CutsByColumns) {
  const std::tuple<const char*, std::size_t, const char*> rows[] = {
      {"", 3, ""},         {"abc", 3, "abc"},    {"abcd", 3, "ab…"}, {"abcd", 1, "…"},
      {"abcd", 0, ""},     {"█▒▓", 3, "█▒▓"},    {"█▒▓░", 3, "█▒…"}, {"a·b", 2, "a…"},
      {"2× x", 4, "2× x"}, {"2× xy", 4, "2× …"},
  };
  for (const auto& [text, columns, cut] : rows) {
    EXPECT_EQ(cut_to_columns(text, columns), cut) << text << " to " << columns;
  }
}

TEST(DemoScreen, RedrawsOneRowOfTheTerminal) {
  for (const std::size_t columns : {20U, 80U, 200U}) {
    std::ostringstream out;
    DemoScreen screen{out, [columns] { return columns; }, TimePoint{}};
    screen.show_progress(TimePoint{} + std::chrono::seconds{1}, busy_instances(25));
    const std::string drawn = out.str();
    const std::string clear = "\r\x1b[2K";
    ASSERT_THAT(drawn, StartsWith(clear + "[  1.00 s] "));
    EXPECT_THAT(drawn, Not(HasSubstr("\n")));
    // One column less than there are: else the cursor is in the next row, which is not cleared.
    EXPECT_LE(columns_of(drawn) - columns_of(clear), columns - 1);
    EXPECT_EQ(drawn.ends_with("…"), columns < 200) << drawn;
  }
}

TEST(DemoScreen, TellsAllWhereNothingIsRedrawn) {
  std::ostringstream out;
  DemoScreen screen{out, {}, TimePoint{}};
  screen.show_progress(TimePoint{}, busy_instances(25));
  EXPECT_THAT(out.str(), StartsWith("[  0.00 s]    "));
  EXPECT_THAT(out.str(),
              EndsWith("does not run yet; 13× waiting: waits: as many instances as may be "
                       "are without their task\n"));
}

}  // namespace
}  // namespace blox::apps
