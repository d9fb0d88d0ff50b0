// What holds for every decoder, as checks that end the fuzz target.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/result.h"
#include "base/time.h"
#include "fuzz/counting_allocator.h"

namespace blox::fuzz {

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Bytes of an error's message, at most, whatever was refused.
inline constexpr std::size_t kErrorBytesMax = 2'048;

/// Text about an input stays on its line and is bounded: it goes into logs and headers.
inline void check_message(std::string_view message) {
  check(!message.empty(), "an error says something");
  check(message.size() <= kErrorBytesMax, "an error's length is bounded");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  check(std::ranges::none_of(message, is_control), "an error is one line without control bytes");
}

/// An input that is refused is refused as `kind`, in one bounded line.
template <class Value>
void check_error(const Result<Value>& result, ErrorKind kind = ErrorKind::kInvalid) {
  if (result) return;
  check(result.error().kind == kind, "an error is of the kind that the header promises");
  check_message(result.error().message);
}

/// True when `result` is the value `expected`.
template <class Value>
bool gives(const Result<Value>& result, const Value& expected) {
  return result && *result == expected;
}

/// Bytes of the texts decoded of an answer, at most: a byte that is no text becomes U+FFFD.
inline std::size_t text_bytes_max(std::string_view input) { return 3 * input.size(); }

/// Every time that we take in is one that we can write down and read back.
inline void check_time(WallTime time) {
  const auto again = parse_time(format_time(time));
  check(again && *again == time, "a time is read back as it was written");
}

/// What is decoded of `input` takes memory in proportion to it at most.
class MemoryBound {
 public:
  /// `factor` bytes for each of the input, and `fixed` beyond, buffers that are made once among it.
  explicit MemoryBound(std::string_view input, std::size_t fixed = std::size_t{256} * 1'024,
                       std::size_t factor = 64)
      : bytes_max_(static_cast<std::int64_t>(factor * input.size() + fixed)) {}
  MemoryBound(const MemoryBound&) = delete;
  MemoryBound& operator=(const MemoryBound&) = delete;
  ~MemoryBound() { check(watch_.peak_growth() <= bytes_max_, "memory is bounded by the input"); }

 private:
  std::int64_t bytes_max_;
  HeapWatch watch_;
};

}  // namespace blox::fuzz
