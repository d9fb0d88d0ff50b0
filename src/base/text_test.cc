// Helpers for text, by table.
#include "base/text.h"

#include <gtest/gtest.h>

namespace blox {
namespace {

TEST(Text, LowersAsciiAlone) {
  EXPECT_EQ(to_lower("AZ az [@] 09"), "az az [@] 09");
  EXPECT_EQ(to_lower("\xC3\x84"), "\xC3\x84");
  EXPECT_EQ(to_lower(""), "");
}

TEST(Text, KnowsWhatEndsALine) {
  EXPECT_TRUE(is_one_line("a\tb"));
  EXPECT_FALSE(is_one_line("a\rb"));
  EXPECT_FALSE(is_one_line("a\n"));
  EXPECT_FALSE(is_one_line(std::string_view{"a\0b", 3}));
}

}  // namespace
}  // namespace blox
