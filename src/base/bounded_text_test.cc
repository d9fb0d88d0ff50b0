#include "base/bounded_text.h"

#include <gtest/gtest.h>

namespace blox {
namespace {

TEST(BoundedText, TearsNoLetter) {
  EXPECT_EQ(cut("", 0), "");
  EXPECT_EQ(cut("abc", 3), "abc");
  EXPECT_EQ(cut("abcd", 3), "abc");
  const std::string letters = "aé€😀z";  // One, two, three, four and one bytes.
  EXPECT_EQ(cut(letters, 11), letters);
  EXPECT_EQ(cut(letters, 10), "aé€😀");
  for (const std::size_t bytes : {6U, 7U, 8U, 9U}) EXPECT_EQ(cut(letters, bytes), "aé€") << bytes;
  for (const std::size_t bytes : {3U, 4U, 5U}) EXPECT_EQ(cut(letters, bytes), "aé") << bytes;
  for (const std::size_t bytes : {1U, 2U}) EXPECT_EQ(cut(letters, bytes), "a") << bytes;
  EXPECT_EQ(cut(letters, 0), "");
  EXPECT_EQ(cut(std::string(100, '\x80'), 50).size(), 47U) << "what is no UTF-8 is not lost";
}

TEST(BoundedText, SaysThatSomethingIsLeftOut) {
  EXPECT_EQ(shorten("abc", 3), "abc");
  EXPECT_EQ(shorten("abcd", 3), "abc…");
  EXPECT_EQ(shorten(std::string(kForeignTextBytesMax, 'x')).size(), kForeignTextBytesMax);
  EXPECT_EQ(shorten(std::string(1'000'000, 'x')).size(), kForeignTextBytesMax + 3);
}

}  // namespace
}  // namespace blox
