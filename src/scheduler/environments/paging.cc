#include "scheduler/environments/paging.h"

#include <charconv>
#include <limits>

#include "base/text.h"

namespace blox::scheduler {
namespace {

constexpr std::size_t kResultsMax = 10'000;
constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

std::string encode_page_token(std::string_view key) {
  std::string token;
  for (const char letter : key) {
    const auto byte = static_cast<unsigned char>(letter);
    token += kDigits[byte >> 4];
    token += kDigits[byte & 15];
  }
  return token;
}

Result<std::string> decode_page_token(std::string_view token) {
  std::string key;
  const bool even = token.size() % 2 == 0;
  for (std::size_t place = 0; even && place < token.size(); place += 2) {
    const auto high = kDigits.find(token[place]);
    const auto low = kDigits.find(token[place + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) break;
    key += static_cast<char>(high * 16 + low);
  }
  if (key.empty() || key.size() * 2 != token.size()) {
    return fail(ErrorKind::kInvalid, "nextToken is " + quote(token) +
                                         "; allowed is a nextToken that this list has answered");
  }
  return key;
}

Result<std::size_t> parse_results_max(const PageRequest& page) {
  if (!page.results_max) return std::numeric_limits<std::size_t>::max();
  const std::string& text = *page.results_max;
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 1 ||
      number > kResultsMax) {
    return fail(ErrorKind::kInvalid,
                "maxResults is " + quote(text) + "; allowed is an integer from 1 to 10000");
  }
  return number;
}

}  // namespace blox::scheduler
