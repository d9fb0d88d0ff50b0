#include "blox/byte_size.h"

#include <charconv>
#include <limits>
#include <utility>

#include "base/text.h"

namespace blox::apps {
namespace {

constexpr std::uint64_t kBytesMax = std::numeric_limits<std::uint64_t>::max();
constexpr std::pair<std::string_view, std::uint64_t> kUnits[] = {  // The greatest first.
    {"GiB", std::uint64_t{1} << 30},
    {"MiB", std::uint64_t{1} << 20},
    {"KiB", std::uint64_t{1} << 10},
    {"", 1}};

}  // namespace

Result<std::uint64_t> parse_bytes(std::string_view text) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  const bool is_large = error == std::errc::result_out_of_range;
  for (const auto& [name, size] : kUnits) {
    if (unit != name || (error != std::errc{} && !is_large)) continue;
    if (!is_large && count <= kBytesMax / size) return count * size;
    return fail(ErrorKind::kInvalid, quote(text) + " is too large");
  }
  return fail(ErrorKind::kInvalid, quote(text) +
                                       " is not an amount of memory: a whole number of bytes, or "
                                       "of KiB, MiB or GiB, such as 64MiB");
}

std::string format_bytes(std::uint64_t bytes) {
  for (const auto& [name, size] : kUnits) {
    if (bytes >= size && bytes % size == 0) return std::to_string(bytes / size) + std::string{name};
  }
  return "0";
}

CLI::Validator is_byte_size(std::uint64_t least, std::uint64_t most) {
  const auto check = [least, most](std::string& text) {
    const auto parsed = parse_bytes(text);
    if (!parsed) return parsed.error().message;
    if (*parsed >= least && *parsed <= most) return std::string{};
    return quote(text) + " is not from " + format_bytes(least) + " to " + format_bytes(most);
  };
  return CLI::Validator{check, "BYTES"};
}

std::uint64_t to_bytes(const std::string& text) { return parse_bytes(text).value(); }

}  // namespace blox::apps
