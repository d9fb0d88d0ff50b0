// Byte programs: what each operation sends, and that nothing gets beyond the bounds.
#include "fuzz/byte_program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/random.h"

namespace blox::fuzz {
namespace {

constexpr std::string_view kWords[] = {"GET / HTTP/1.1\r\n", "a: b\r\n", "x"};

std::vector<Step> decode(std::string_view program,
                         std::span<const std::string_view> words = kWords) {
  const std::vector<std::uint8_t> data(program.begin(), program.end());
  return decode_byte_program(data, words);
}

Step segment(std::string_view bytes) { return {Step::Kind::kSegment, std::string{bytes}}; }
const Step kEnd{Step::Kind::kEndSending, {}};
const Step kClosed{Step::Kind::kClose, {}};

std::size_t sum_of_bytes(const std::vector<Step>& steps) {
  return std::accumulate(steps.begin(), steps.end(), std::size_t{0},
                         [](std::size_t sum, const Step& step) { return sum + step.bytes.size(); });
}

using namespace std::string_view_literals;

TEST(ByteProgram, FollowsTheTable) {
  const std::tuple<const char*, std::string_view, std::vector<Step>> rows[] = {
      {"nothing", ""sv, {}},
      {"a literal",
       "0\x02"
       "abc"sv,
       {segment("abc")}},
      {"a literal that the data cut short",
       "0\x20"
       "abc"sv,
       {segment("abc")}},
      {"the length of a literal wraps",
       "0\x42"
       "abc4"sv,
       {segment("abc")}},
      {"a word", "1\x01"sv, {segment("a: b\r\n")}},
      {"the number of a word wraps", "1\x05"sv, {segment("x")}},
      {"pieces join",
       "1\x02"
       "0\x00y"sv,
       {segment("xy")}},
      {"a split",
       "1\x02"
       "41\x02"sv,
       {segment("x"), segment("x")}},
      {"splits in a row are one",
       "441\x02"
       "441\x02"
       "44"sv,
       {segment("x"), segment("x")}},
      {"a repeat",
       "1\x02"
       "2\x00\x02\x00"sv,
       {segment("xxxx")}},
      {"a repeat by shift",
       "1\x02"
       "2\x00\x01\x07"sv,
       {segment("xxxxxxxxx")}},
      {"a repeat of two pieces",
       "1\x02"
       "0\x00y2\x01\x00\x00"sv,
       {segment("xyxy")}},
      {"a repeat of more than there are",
       "1\x02"
       "2\x03\x00\x00"sv,
       {segment("xx")}},
      {"a repeat of nothing",
       "2\x00\xff\xff"
       "1\x02"sv,
       {segment("x")}},
      {"a cut repeat",
       "0\x02"
       "abc3\x00\x05\x00\x01"sv,
       {segment("abca"), segment("bca"), segment("bc")}},
      {"a cut at the front",
       "0\x01"
       "ab3\x00\x03\x00\x00"sv,
       {segment("ab"), segment("ab"), segment("ab")}},
      {"an end of sending",
       "1\x02"
       "51\x02"
       "41\x02"sv,
       {segment("x"), kEnd}},
      {"a close",
       "1\x02"
       "61\x02"sv,
       {segment("x"), kClosed}},
      {"a close after the end",
       "1\x02"
       "556"sv,
       {segment("x"), kEnd, kClosed}},
      {"operands cut off",
       "1\x02"
       "2\x00\xff"sv,
       {segment("x")}},
      {"operands of a cut repeat cut off",
       "1\x02"
       "3\x00\xff\x00"sv,
       {segment("x")}},
      {"opcodes wrap", "\xf1\x02\xf6"sv, {segment("x"), kClosed}},
  };
  for (const auto& [rule, program, steps] : rows) EXPECT_EQ(decode(program), steps) << rule;
}

// What the oracle of HTTP needs cheaply: one trailer of 66 KB, and a head that comes in thousands
// of segments which each end two bytes into a field.
TEST(ByteProgram, LongAndFinelyCutTrafficCostsFewBytes) {
  constexpr std::string_view kTrailer =
      "1\x00"
      "0\x02"
      "t: 0\x00z2\x00\xff\x0c"sv;
  ASSERT_LE(kTrailer.size(), 20U);
  EXPECT_GT(decode(kTrailer)[0].bytes.size(), 65'536U);

  constexpr std::string_view kCut =
      "1\x00"
      "1\x01"
      "3\x00\x5f\x0c\x02"sv;
  ASSERT_LE(kCut.size(), 20U);
  const auto steps = decode(kCut);
  ASSERT_EQ(steps.size(), 4'097U);
  EXPECT_TRUE(std::all_of(steps.begin() + 1, steps.end() - 1,
                          [](const Step& step) { return step.bytes == " b\r\na:"; }));
}

TEST(ByteProgram, StaysWithinItsBounds) {
  // Pieces of a size that divides neither bound.
  std::string large{"0\x3e"};
  large.append(63, 'x');
  for (int i = 0; i < 8; ++i) large += "2\x00\xff\x0f"sv;
  const auto one = decode(large);
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].bytes.size(), kProgramBytesMax);
  EXPECT_EQ(decode(large.substr(0, 69))[0].bytes.size(), 63 + (kRepeatBytesMax + 62) / 63 * 63);

  const auto many = decode(
      "1\x02"
      "3\x00\xff\x0f\x00"
      "41\x02"
      "56"sv);
  ASSERT_EQ(many.size(), kProgramSegmentsMax + 2);
  EXPECT_EQ(many[kProgramSegmentsMax], kEnd);
  EXPECT_EQ(many[kProgramSegmentsMax + 1], kClosed);
}

// Chance finds programs that do something: the format is no needle's eye.
TEST(ByteProgram, RandomBytesMeanSomething) {
  Random random{7};
  int with_several_segments = 0;
  int with_thousands_of_bytes = 0;
  for (int round = 0; round < 200; ++round) {
    std::string program;
    for (int i = 0; i < 60; ++i) program += static_cast<char>(random.below(256));
    const auto steps = decode(program, http_words());
    EXPECT_LE(steps.size(), kProgramSegmentsMax + 2);
    EXPECT_LE(sum_of_bytes(steps), kProgramBytesMax);
    if (steps.size() > 4) ++with_several_segments;
    if (sum_of_bytes(steps) > 4'000) ++with_thousands_of_bytes;
  }
  EXPECT_GT(with_several_segments, 20);
  EXPECT_GT(with_thousands_of_bytes, 20);
}

TEST(ByteProgram, WordsOfHttpAreToldApart) {
  const auto words = http_words();
  ASSERT_LE(words.size(), 256U);
  for (std::size_t place = 0; place < words.size(); ++place) {
    EXPECT_FALSE(words[place].empty()) << place;
    EXPECT_EQ(std::ranges::find(words, words[place]) - words.begin(), static_cast<long>(place));
  }
}

}  // namespace
}  // namespace blox::fuzz
