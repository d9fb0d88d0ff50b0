#include "codec/lenient_json.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "codec/json_write.h"

namespace blox::codec {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";
constexpr std::size_t kCodeBytes = 6;  // \u and four digits.

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '+' ||
         c == '.';
}

// The code of a \u with its four digits at the front of `text`.
std::optional<std::uint16_t> find_code(std::string_view text) {
  if (text.size() < kCodeBytes || !text.starts_with("\\u")) return std::nullopt;
  std::uint16_t code = 0;
  const char* const end = text.data() + kCodeBytes;
  const auto [stopped, error] = std::from_chars(text.data() + 2, end, code, 16);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return code;
}
bool is_high_surrogate(std::uint16_t code) { return code >= 0xd800 && code < 0xdc00; }
bool is_low_surrogate(std::uint16_t code) { return code >= 0xdc00 && code < 0xe000; }

// What stands for a number that no parser takes; empty when they do, or when it is no number.
std::string mend_number(std::string_view word) {
  if (word == "NaN" || word == "Infinity" || word == "-Infinity") return "null";
  const std::string text{word};
  if (text.find_first_not_of("-+.eE0123456789") != text.npos) return {};
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (!(is_digit(text.back()) && end == text.c_str() + text.size())) return {};
  if (!std::isfinite(number)) return "null";
  if (text.find_first_not_of("-0123456789") != text.npos) return {};
  std::int64_t whole = 0;
  std::uint64_t natural = 0;
  const char* const stop = text.data() + text.size();
  if (std::from_chars(text.data(), stop, whole).ec == std::errc{}) return {};
  if (std::from_chars(text.data(), stop, natural).ec == std::errc{}) return {};
  return text + ".0";
}

class Repair {
 public:
  explicit Repair(std::string_view text) : left_(text) { out_.reserve(text.size() + 64); }

  std::optional<std::string> run() {
    while (!left_.empty()) {
      if (left_.front() == '"') {
        take_text();
      } else if (is_word(left_.front())) {
        take_word();
      } else {
        copy(1);
      }
    }
    return repaired_ ? std::optional{std::move(out_)} : std::nullopt;
  }

 private:
  void copy(std::size_t count) {
    out_.append(left_.substr(0, count));
    left_.remove_prefix(count);
  }
  void replace(std::size_t count, std::string_view by) {
    out_ += by;
    left_.remove_prefix(count);
    repaired_ = true;
  }

  void take_word() {
    std::size_t length = 1;
    while (length < left_.size() && is_word(left_[length])) ++length;
    const std::string mended = mend_number(left_.substr(0, length));
    if (mended.empty()) {
      copy(length);
    } else {
      replace(length, mended);
    }
  }

  void take_text() {
    copy(1);
    while (!left_.empty()) {
      const char next = left_.front();
      if (next == '"') return copy(1);
      if (next == '\\') {
        take_escape();
      } else if (static_cast<unsigned char>(next) < 0x20) {
        internal::append_escaped(out_, next);
        left_.remove_prefix(1);
        repaired_ = true;
      } else if (const std::size_t length = internal::letter_bytes(left_); length > 0) {
        copy(length);
      } else {
        replace(1, kReplacement);
      }
    }
  }

  void take_escape() {
    if (left_.size() >= 2 && std::string_view{"\"\\/bfnrt"}.contains(left_[1])) return copy(2);
    const auto code = find_code(left_);
    if (!code) return replace(1, kReplacement);
    if (is_high_surrogate(*code)) {
      const auto second = find_code(left_.substr(kCodeBytes));
      if (second && is_low_surrogate(*second)) return copy(2 * kCodeBytes);
      return replace(kCodeBytes, kReplacement);
    }
    if (is_low_surrogate(*code)) return replace(kCodeBytes, kReplacement);
    copy(kCodeBytes);
  }

  std::string_view left_;
  std::string out_;
  bool repaired_ = false;
};

}  // namespace

std::optional<std::string> repair_json(std::string_view text) { return Repair{text}.run(); }

}  // namespace blox::codec
