// Targets of requests, taken apart: path segments and query parameters, percent-decoded.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace blox::http {

/// Decoded names and values in the order sent, repeats included; `a` and `a=` both have the value
/// "".
using Query = std::vector<std::pair<std::string, std::string>>;

struct Target {
  std::vector<std::string> raw_segments;  ///< Still encoded; "/v1/tasks/" has {"v1", "tasks", ""}.
  std::string raw_query;                  ///< Still encoded, without "?".
  Query query;
};

/// Takes "/path?query" apart; a plus in the query is a space.
/// Errors: kInvalid (not such a target, a broken percent-encoding, more than 64 segments or
/// parameters).
Result<Target> parse_target(std::string_view text);

/// Percent-decodes `text`. Errors: kInvalid ('%' without two hexadecimal digits, or a NUL).
Result<std::string> decode_percent(std::string_view text);

/// The first value of `name`, whose case counts.
std::optional<std::string_view> find_query(const Query& query, std::string_view name);

/// As find_query, for filters: an empty one counts as left out, as it did in v0.3.
std::optional<std::string_view> find_filter(const Query& query, std::string_view name);

/// `text` as one segment of a path: all but unreserved characters, ':' among them, as %XX.
std::string encode_path_segment(std::string_view text);

/// An endpoint as it may be shown: "http://user:secret@css:3000" is "http://css:3000", and
/// "u:p@css" is "css". Goes by the last '@', be the rest a URL or not: of one that is broken nobody
/// knows where its secret ends.
std::string without_userinfo(std::string_view endpoint);

/// The host's name without port, brackets or case: "[::1]:3000" is "::1", "Prod:80" is "prod".
std::string host_name(std::string_view authority);

/// True for "localhost", names under it, 127.0.0.0/8 and "::1". Requires: as host_name returns it.
bool is_loopback(std::string_view name);

}  // namespace blox::http
