// Times and durations as text, by table.
#include "base/time.h"

#include <gtest/gtest.h>

namespace blox {
namespace {

using namespace std::chrono_literals;

TEST(Time, ReadsRfc3339AndWritesUtc) {
  const std::pair<const char*, const char*> rows[] = {
      {"2026-08-20T10:00:03Z", "2026-08-20T10:00:03.000Z"},
      {"2026-08-20T10:00:03.1Z", "2026-08-20T10:00:03.100Z"},
      {"2026-08-20T10:00:03.123456789Z", "2026-08-20T10:00:03.123Z"},
      {"2026-08-20T12:00:03.5+02:00", "2026-08-20T10:00:03.500Z"},
      {"2026-08-20T00:30:00-01:00", "2026-08-20T01:30:00.000Z"},
      {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},
      {"0000-01-01T00:00:00-00:01", "0000-01-01T00:01:00.000Z"},
      {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
  };
  for (const auto& [text, expected] : rows) {
    const auto time = parse_time(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(format_time(*time), expected);
  }
  for (const char* bad :
       {"", "2026", "2026-08-20", "2026-13-20T10:00:03Z", "2026-02-30T10:00:03Z",
        "2026-08-20T24:00:03Z", "2026-08-20T10:00:03", "2026-08-20T10:00:03Zx",
        "2026-08-20T10:00:03+0200", "2026-08-20T10:00:03.Z", "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z"}) {
    EXPECT_FALSE(parse_time(bad)) << bad;
  }
}

TEST(Duration, ReadsWhatItWrites) {
  for (const char* text : {"250ms", "10s", "15m", "3h", "14d", "0ms", "90s"}) {
    const auto duration = parse_duration(text);
    ASSERT_TRUE(duration) << text;
    EXPECT_EQ(format_duration(*duration), text);
  }
  EXPECT_EQ(parse_duration("60m").value(), 1h);
  for (const char* bad : {"", "10", "s", "-5s", "1.5s", "10 s", "10x", "-99999999999999999999s"}) {
    const auto refused = parse_duration(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_NE(refused.error().message.find("is not a duration"), std::string::npos) << bad;
  }
}

TEST(Duration, HasALimitThatTheErrorNames) {
  EXPECT_EQ(parse_duration("3650d").value(), std::chrono::days{3'650});
  for (const char* bad : {"3651d", "87601h", "99999999999999d", "99999999999999999999999d"}) {
    const auto refused = parse_duration(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_NE(refused.error().message.find("at most 3650d"), std::string::npos) << bad;
  }
  const auto refused = parse_duration(std::string(1'000'000, '9') + "\n");
  ASSERT_FALSE(refused);
  EXPECT_LT(refused.error().message.size(), 300U);
}

}  // namespace
}  // namespace blox
