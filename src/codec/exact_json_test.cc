// Numbers of JSON as they are, and all else as Boost's parser has it.
#include "codec/exact_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

namespace blox::codec {
namespace {

namespace json = boost::json;

json::value parse(std::string_view text) {
  json::error_code error;
  auto value = parse_exact(text, error);
  EXPECT_FALSE(error) << text << ": " << error.message();
  return value;
}

TEST(ExactJson, ADoubleIsTheOneNearestToItsText) {
  int off_in_boost = 0;
  for (const char* text :
       {"0.1", "-0.0", "1e2", "1787220003.4125", "2.2250738585072014e-308", "5e-324", "1e-400",
        "1.7976931348623157e308", "1111111111111111111115", "123456789.123456789123456789",
        "0.000000000000000000000000000000123456789", "8.41e21", "9007199254740993.5"}) {
    const auto value = parse(text);
    EXPECT_EQ(value.get_double(), std::strtod(text, nullptr)) << text;
    EXPECT_EQ(parse(json::serialize(value)).get_double(), value.get_double()) << text;
    if (json::parse(text).get_double() != value.get_double()) ++off_in_boost;
  }
  // Should it be none some day, this parser can go.
  EXPECT_GT(off_in_boost, 0);
  EXPECT_TRUE(std::isinf(parse("1e400").get_double()));
}

TEST(ExactJson, AllElseIsAsBoostHasIt) {
  for (const char* text :
       {"null", " true ", "-1", "9223372036854775807", "18446744073709551615", "\"a\\u00e9\\n\"",
        "[]", "{}", R"([1,2.5,3,[4.5,"5",{"6":7.5}],18446744073709551615,8.5])",
        R"({"a":1,"a":2,"b":{"c":[null,false]}})"}) {
    EXPECT_EQ(parse(text), json::parse(text)) << text;
  }
  const std::string deep(40, '[');
  const std::string_view bad[] = {"",   " ",  "{",        "[1,]", "1 2", "{}x", "nul",
                                  "01", "+1", "\"\xff\"", "1.",   "NaN", "'a'", deep};
  for (const std::string_view text : bad) {
    json::error_code expected;
    json::parse({text.data(), text.size()}, expected);
    json::error_code error;
    parse_exact(text, error);
    EXPECT_EQ(error, expected) << text;
    EXPECT_TRUE(error) << text;
  }
}

}  // namespace
}  // namespace blox::codec
