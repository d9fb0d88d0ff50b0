#include "codec/json_write.h"

#include <cstdint>

namespace blox::codec::internal {

std::size_t letter_bytes(std::string_view text) {
  const auto byte = [&](std::size_t place) { return static_cast<unsigned char>(text[place]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : (first >= 0xe0 ? 3 : 2);
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  std::uint32_t letter = first & (0x7fU >> length);
  for (std::size_t place = 1; place < length; ++place) {
    if ((byte(place) & 0xc0U) != 0x80) return 0;
    letter = (letter << 6) | (byte(place) & 0x3fU);
  }
  constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = letter >= 0xd800 && letter <= 0xdfff;
  return letter < kSmallest[length] || letter > 0x10ffff || surrogate ? 0 : length;
}

void append_escaped(std::string& out, char control) {
  constexpr char kDigits[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(control);
  out += "\\u00";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = letter_bytes(text);
    const char first = text.front();
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (length == 1 && (first == '"' || first == '\\')) {
      out += '\\';
      out += first;
    } else if (length == 1 && static_cast<unsigned char>(first) < 0x20) {
      append_escaped(out, first);
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

}  // namespace blox::codec::internal
