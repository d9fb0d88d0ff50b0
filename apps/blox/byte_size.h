// Amounts of memory in flags: "64MiB".
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace blox::apps {

/// Bounds of the flags that say how much memory something may take.
inline constexpr std::uint64_t kMemoryBytesLeast = std::uint64_t{1} << 20;
inline constexpr std::uint64_t kMemoryBytesMost = std::uint64_t{64} << 30;

/// Parses "512KiB", "64MiB", "1GiB" or a plain number of bytes. Errors: kInvalid, naming the form.
Result<std::uint64_t> parse_bytes(std::string_view text);
/// The shortest text that parse_bytes reads back: "64MiB", "1000".
std::string format_bytes(std::uint64_t bytes);

/// Checks for CLI11 that the text is an amount from `least` to `most` bytes, and says what is
/// allowed if not.
CLI::Validator is_byte_size(std::uint64_t least = kMemoryBytesLeast,
                            std::uint64_t most = kMemoryBytesMost);

/// Requires: is_byte_size accepted it.
std::uint64_t to_bytes(const std::string& text);

}  // namespace blox::apps
