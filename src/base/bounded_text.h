// What is kept of the texts of others: enough to read, and no more, however much they send.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace blox {

/// Bytes of what a server says in words, such as the message of an error of AWS or the body of a
/// refusal. Longer than any sentence of ECS that names what is denied and to whom.
inline constexpr std::size_t kForeignTextBytesMax = 1'000;

/// As much of the begin of `text` as fits into `bytes_max`; no letter of UTF-8 is torn.
constexpr std::string_view cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t size = bytes_max;
  // Of what is no UTF-8 no more than one letter's bytes are given up.
  while (size > 0 && bytes_max - size < 3 &&
         (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) {
    --size;
  }
  return text.substr(0, size);
}

/// The same as a text of its own, which ends in "…" when something was left out. Shape: at most
/// `bytes_max` bytes and those of the "…".
inline std::string shorten(std::string_view text, std::size_t bytes_max = kForeignTextBytesMax) {
  const std::string_view shown = cut(text, bytes_max);
  return std::string{shown} + (shown.size() < text.size() ? "…" : "");
}

}  // namespace blox
