// Almost JSON into JSON, by table, and nothing changed in what was JSON already.
#include "codec/lenient_json.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>
#include <utility>

#include "codec/exact_json.h"

namespace blox::codec {
namespace {

using namespace std::string_view_literals;

bool is_json(std::string_view text) {
  boost::json::error_code error;
  parse_exact(text, error);
  simdjson::dom::parser parser;
  return !error && !parser.parse(text.data(), text.size()).error();
}

TEST(LenientJson, PutsRightWhatNoJsonMayHold) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {R"({"a":"\ud83d"})", "{\"a\":\"\xef\xbf\xbd\"}"},
      {R"({"a":"\ude00x"})", "{\"a\":\"\xef\xbf\xbdx\"}"},
      {R"({"a":"\udc00\udc00"})", "{\"a\":\"\xef\xbf\xbd\xef\xbf\xbd\"}"},
      {R"({"a":"\udbff\udbff"})", "{\"a\":\"\xef\xbf\xbd\xef\xbf\xbd\"}"},
      {R"({"a":"\ud83d\u0041"})", "{\"a\":\"\xef\xbf\xbd\\u0041\"}"},
      {R"({"a":"\ud83d\ud83d\ude00"})", "{\"a\":\"\xef\xbf\xbd\\ud83d\\ude00\"}"},
      {"{\"a\":\"x\xff\xc3\"}", "{\"a\":\"x\xef\xbf\xbd\xef\xbf\xbd\"}"},
      {"{\"a\":\"x\ty\nz\0\"}"sv, R"({"a":"x\u0009y\u000az\u0000"})"},
      {R"({"a":"\q\u12"})", "{\"a\":\"\xef\xbf\xbdq\xef\xbf\xbdu12\"}"},
      {R"({"a":1e400,"b":[-1e999]})", R"({"a":null,"b":[null]})"},
      {R"({"a":NaN,"b":Infinity,"c":-Infinity})", R"({"a":null,"b":null,"c":null})"},
      {R"([18446744073709551616,-9223372036854775809])",
       R"([18446744073709551616.0,-9223372036854775809.0])"},
      {"{\"a\xff\":1}", "{\"a\xef\xbf\xbd\":1}"},
  };
  for (const auto& [text, expected] : rows) {
    EXPECT_FALSE(is_json(text)) << text;
    EXPECT_EQ(repair_json(text), expected) << text;
    EXPECT_TRUE(is_json(expected)) << expected;
    EXPECT_FALSE(repair_json(expected)) << expected;
  }
}

TEST(LenientJson, LeavesAllElseAsItIs) {
  for (const std::string_view text :
       {R"({"a":"caf\u00e9 \ud83d\ude00 \\ud83d \" \/ caf)"
        "\xc3\xa9 NaN 1e400\"}"sv,
        R"([1,-0,1.5,1e400000x,1e-400,18446744073709551615,-9223372036854775808,true,null])"sv,
        "{\"a\":\xff}"sv, "NaNny"sv, "nan"sv, "0x1p9999"sv, R"({"a":"unended)"sv, R"({"a")"sv, ""sv,
        "\"\\"sv.substr(0, 1)}) {
    EXPECT_FALSE(repair_json(text)) << text;
  }
  EXPECT_EQ(repair_json("\"\\"), "\"\xef\xbf\xbd") << "still no JSON";
}

}  // namespace
}  // namespace blox::codec
