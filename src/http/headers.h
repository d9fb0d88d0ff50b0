// Header fields of requests and answers.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"

namespace blox::http {

/// Names and values in the order sent.
using Headers = std::vector<std::pair<std::string, std::string>>;

/// Names of fields are compared without case.
inline bool is_same_name(std::string_view name, std::string_view other) {
  return std::ranges::equal(name, other, {}, to_lower_char, to_lower_char);
}

/// The first value of `name`.
inline std::optional<std::string_view> find_header(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (is_same_name(key, name)) return value;
  }
  return std::nullopt;
}

/// How many fields of that name there are.
inline std::size_t count_header(const Headers& headers, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::count_if(
      headers, [&](const auto& field) { return is_same_name(field.first, name); }));
}

}  // namespace blox::http
