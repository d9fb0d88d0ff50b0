// Text into JSON where a value is built by joining strings, not by a tree.
#pragma once

#include <string>
#include <string_view>

namespace blox::codec::internal {

/// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void append_json_text(std::string& out, std::string_view text);

}  // namespace blox::codec::internal
