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

TEST(Text, AQuoteStaysShortAndOnItsLine) {
  const std::string euros = "x€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€";  // 91 bytes; 80 would tear one.
  const std::pair<std::string, std::string> rows[] = {
      {"", "''"},
      {"15m", "'15m'"},
      {"a\nb\x1b[31m\x7f", "'a\\x0ab\\x1b[31m\\x7f'"},
      {std::string{"a\0b", 3}, "'a\\x00b'"},
      {"größe", "'größe'"},
      {std::string(80, 'x'), "'" + std::string(80, 'x') + "'"},
      {std::string(1'000'000, 'x'), "'" + std::string(80, 'x') + "…' (1000000 bytes)"},
      {euros, "'" + euros.substr(0, 79) + "…' (91 bytes)"},
      {std::string(100, '\x80'), "'…' (100 bytes)"},
  };
  for (const auto& [text, quoted] : rows) EXPECT_EQ(quote(text), quoted);
}

}  // namespace
}  // namespace blox
