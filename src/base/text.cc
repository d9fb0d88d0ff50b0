#include "base/text.h"

#include <fmt/format.h>

namespace blox {
namespace {

constexpr std::size_t kQuotedMax = 80;

bool is_control(char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  return byte < 0x20 || byte == 0x7f;
}

// Where to cut so that no letter of several bytes is torn.
std::size_t cut_before(std::string_view text, std::size_t size) {
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return size;
}

}  // namespace

std::string escape_control(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char letter : text) {
    if (is_control(letter)) {
      escaped += fmt::format("\\x{:02x}", static_cast<unsigned char>(letter));
    } else {
      escaped.push_back(letter);
    }
  }
  return escaped;
}

std::string quote(std::string_view text) {
  if (text.size() <= kQuotedMax) return "'" + escape_control(text) + "'";
  const auto shown = text.substr(0, cut_before(text, kQuotedMax));
  return fmt::format("'{}…' ({} bytes)", escape_control(shown), text.size());
}

}  // namespace blox
