// Small helpers for text that more than one folder needs: ASCII case, and text from outside made
// fit to stand in an error or on a line of the log.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace blox {

/// 'A' to 'Z' in lower case; every other byte as it is.
constexpr char to_lower_char(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// `text` in lower case.
inline std::string to_lower(std::string_view text) {
  std::string lower{text};
  std::ranges::transform(lower, lower.begin(), to_lower_char);
  return lower;
}

/// `text` without the line ends at its end: what services say to people in one line.
constexpr std::string_view without_line_end(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

/// True when `text` can stand in one line of a header: no CR, LF or NUL.
constexpr bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view{"\r\n\0", 3}) == text.npos;
}

/// `text` with each control character as "\x0a" and the like, so that it stays on its line, reads
/// as it stands and says nothing to a terminal; so are bytes that are no UTF-8. Other letters
/// beyond ASCII stay as they are.
std::string escape_control(std::string_view text);

/// `text` in single quotes, for errors that name what they refuse: control bytes escaped, and cut
/// after 80 bytes, followed by how many there were.
std::string quote(std::string_view text);

}  // namespace blox
