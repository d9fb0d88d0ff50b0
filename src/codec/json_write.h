// Text into JSON where a value is built by joining strings, not by a tree.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace blox::codec::internal {

/// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void append_json_text(std::string& out, std::string_view text);

/// Appends a control byte as \u and four digits.
void append_escaped(std::string& out, char control);

/// How many bytes at the front of `text` are one well-formed UTF-8 letter; 0 when none are.
/// Requires: it is not empty.
std::size_t letter_bytes(std::string_view text);

}  // namespace blox::codec::internal
