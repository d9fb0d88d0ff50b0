// Amounts of memory, as flags name them.
#include "blox/byte_size.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

namespace blox::apps {
namespace {

using testing::StartsWith;

TEST(ByteSize, IsReadWithAndWithoutUnit) {
  const std::tuple<const char*, std::uint64_t> rows[] = {
      {"0", 0},
      {"0MiB", 0},
      {"1", 1},
      {"1000", 1'000},
      {"0064", 64},
      {"512KiB", 524'288},
      {"64MiB", 67'108'864},
      {"1GiB", 1'073'741'824},
      {"17179869183GiB", 18'446'744'072'635'809'792U},
      {"18446744073709551615", 18'446'744'073'709'551'615U},
  };
  for (const auto& [text, bytes] : rows) {
    const auto parsed = parse_bytes(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, bytes) << text;
    EXPECT_EQ(parse_bytes(format_bytes(bytes)).value(), bytes) << text;
  }
}

TEST(ByteSize, WhatIsNoneSaysWhatIs) {
  for (const char* text : {"", " ", "MiB", "64 MiB", " 64MiB", "64MiB ", "64mib", "64MB", "64M",
                           "64k", "-1", "+1", "1.5GiB", "0x40", "64MiBs", "one", "6 4"}) {
    const auto parsed = parse_bytes(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().message,
              "'" + std::string{text} +
                  "' is not an amount of memory: a whole number of bytes, or of KiB, MiB or GiB, "
                  "such as 64MiB");
  }
  for (const char* text : {"18446744073709551616", "18446744073709551616MiB", "17179869184GiB"}) {
    const auto parsed = parse_bytes(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().message, "'" + std::string{text} + "' is too large");
  }
}

TEST(ByteSize, IsShownInTheGreatestUnitThatIsExact) {
  const std::tuple<std::uint64_t, const char*> rows[] = {
      {0, "0"},
      {1, "1"},
      {1'023, "1023"},
      {1'024, "1KiB"},
      {1'025, "1025"},
      {1'536, "1536"},
      {1'048'576, "1MiB"},
      {1'572'864, "1536KiB"},
      {67'108'864, "64MiB"},
      {std::uint64_t{64} << 30, "64GiB"},
      {std::uint64_t{1} << 40, "1024GiB"},
  };
  for (const auto& [bytes, text] : rows) EXPECT_EQ(format_bytes(bytes), text);
}

TEST(ByteSize, HasBounds) {
  const auto check = is_byte_size();
  const std::tuple<const char*, const char*> rows[] = {
      {"1MiB", ""},
      {"1048576", ""},
      {"64GiB", ""},
      {"0", "'0' is not from 1MiB to 64GiB"},
      {"1048575", "'1048575' is not from 1MiB to 64GiB"},
      {"1023KiB", "'1023KiB' is not from 1MiB to 64GiB"},
      {"65GiB", "'65GiB' is not from 1MiB to 64GiB"},
      {"99999999999GiB", "'99999999999GiB' is too large"},
      {"64 megabytes", "'64 megabytes' is not an amount of memory"},
  };
  for (const auto& [text, problem] : rows) {
    EXPECT_THAT(check(text), StartsWith(problem)) << text;
    EXPECT_EQ(check(text).empty(), *problem == '\0') << text;
  }
  EXPECT_EQ(is_byte_size(0, 100)("101"), "'101' is not from 0 to 100");
  EXPECT_EQ(to_bytes("512KiB"), 524'288U);
}

}  // namespace
}  // namespace blox::apps
