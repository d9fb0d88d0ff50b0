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

TEST(Text, EscapesWhatSaysSomethingToATerminal) {
  const std::pair<std::string, std::string> rows[] = {
      {"", ""},
      {"größe € 😀", "größe € 😀"},
      {"\x1b]0;title\x07", "\\x1b]0;title\\x07"},
      {"a\xc2\x9b\x33\x31m\xc2\xa0", "a\\xc2\\x9b31m\xc2\xa0"},  // CSI of C1; a blank.
      {"a\x9b\x33", "a\\x9b3"},                                  // The same in Latin-1.
      {"user\xe2\x80\xaetxt", "user\\xe2\\x80\\xaetxt"},         // From right to left.
      {"\xe2\x81\xa6\xe2\x80\xa8", "\\xe2\\x81\\xa6\\xe2\\x80\\xa8"},
      {"\xe2\x80\x94", "—"},
      {"\xc3", "\\xc3"},
      {"\xe2\x82", "\\xe2\\x82"},
      {"\xc0\x9b\xf5", "\\xc0\\x9b\\xf5"},
  };
  for (const auto& [text, escaped] : rows) EXPECT_EQ(escape_control(text), escaped) << escaped;
}

TEST(Text, AQuoteStaysShortAndOnItsLine) {
  const std::string euros = "x€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€";  // 91 bytes; 80 would tear one.
  std::string no_text;
  for (int byte = 0; byte < 77; ++byte) no_text += "\\x80";
  const std::pair<std::string, std::string> rows[] = {
      {"", "''"},
      {"15m", "'15m'"},
      {"a\nb\x1b[31m\x7f", "'a\\x0ab\\x1b[31m\\x7f'"},
      {std::string{"a\0b", 3}, "'a\\x00b'"},
      {"größe", "'größe'"},
      {std::string(80, 'x'), "'" + std::string(80, 'x') + "'"},
      {std::string(1'000'000, 'x'), "'" + std::string(80, 'x') + "…' (1000000 bytes)"},
      {euros, "'" + euros.substr(0, 79) + "…' (91 bytes)"},
      {std::string(100, '\x80'), "'" + no_text + "…' (100 bytes)"},
  };
  for (const auto& [text, quoted] : rows) EXPECT_EQ(quote(text), quoted);
}

}  // namespace
}  // namespace blox
