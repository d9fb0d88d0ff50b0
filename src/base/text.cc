#include "base/text.h"

#include <fmt/format.h>

#include "base/bounded_text.h"

namespace blox {
namespace {

constexpr std::size_t kQuotedMax = 80;

// How many bytes of `text` its first letter takes. 1 for a byte that begins none in UTF-8.
std::size_t letter_size(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
  if (first > 0xf4 || size > text.size()) return 1;
  const bool is_whole = std::ranges::all_of(text.substr(1, size - 1), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
  });
  return is_whole ? size : 1;
}

// Of one letter: whether it tells a terminal to do something instead of being shown. Besides the
// controls of ASCII these are those of C1, the ends of lines and the marks of direction, which
// can make a text read as another one; and bytes that are no UTF-8, which an older terminal takes
// for C1.
bool is_control(std::string_view letter) {
  const auto byte = static_cast<unsigned char>(letter.front());
  if (letter.size() == 1) return byte < 0x20 || byte >= 0x7f;
  const auto last = static_cast<unsigned char>(letter.back());
  if (letter.size() == 2) return byte == 0xc2 && last < 0xa0;
  if (letter.starts_with("\xe2\x80")) {
    return last == 0x8e || last == 0x8f || (last >= 0xa8 && last <= 0xae);
  }
  return letter.starts_with("\xe2\x81") && last >= 0xa6 && last <= 0xa9;
}

}  // namespace

std::string escape_control(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  while (!text.empty()) {
    const std::string_view letter = text.substr(0, letter_size(text));
    text.remove_prefix(letter.size());
    if (!is_control(letter)) {
      escaped += letter;
      continue;
    }
    for (const char byte : letter) {
      escaped += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
  }
  return escaped;
}

std::string quote(std::string_view text) {
  if (text.size() <= kQuotedMax) return "'" + escape_control(text) + "'";
  return fmt::format("'{}…' ({} bytes)", escape_control(cut(text, kQuotedMax)), text.size());
}

}  // namespace blox
