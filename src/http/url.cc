#include "http/url.h"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/pct_string_view.hpp>
#include <boost/url/url_view.hpp>

#include "base/text.h"

namespace blox::http {
namespace {

namespace urls = boost::urls;

// No request of ours has more, and each costs a hundred times the byte that separates it.
constexpr std::ptrdiff_t kSegmentsMax = 64;
constexpr std::size_t kParametersMax = 64;

constexpr std::string_view kNoNul = "a NUL (%00) is not allowed";

std::unexpected<Error> invalid(std::string_view what, std::string_view text, std::string_view why) {
  return fail(ErrorKind::kInvalid, std::string{what} + " " + quote(text) + ": " + std::string{why});
}

// Requires: `encoded` has been validated.
Result<std::string> decode(std::string_view what, urls::pct_string_view encoded, bool plus) {
  urls::encoding_opts options;
  options.space_as_plus = plus;
  std::string decoded = encoded.decode(options);
  if (decoded.find('\0') != std::string::npos) {
    return invalid(what, encoded, kNoNul);
  }
  return decoded;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

Result<Query> decode_query(const urls::url_view& url) {
  Query query;
  if (url.encoded_query().empty()) return query;
  if (url.encoded_params().size() > kParametersMax) {
    return fail(ErrorKind::kInvalid,
                "the query has more than " + std::to_string(kParametersMax) + " parameters");
  }
  for (const auto& param : url.encoded_params()) {
    auto name = decode("query", param.key, true);
    if (!name) return std::unexpected<Error>(std::move(name.error()));
    auto value = decode("query", param.value, true);
    if (!value) return std::unexpected<Error>(std::move(value.error()));
    query.emplace_back(std::move(*name), std::move(*value));
  }
  return query;
}

}  // namespace

Result<Target> parse_target(std::string_view text) {
  const auto url = urls::parse_origin_form(text);
  if (!url) {
    return invalid("target", text,
                   "not a path with an optional query, percent-encoded as RFC 3986 says");
  }
  Target target;
  const urls::pct_string_view path = url->encoded_path();
  const auto slashes = std::ranges::count(std::string_view{path.data(), path.size()}, '/');
  if (slashes > kSegmentsMax) {
    return fail(ErrorKind::kInvalid,
                "the path has more than " + std::to_string(kSegmentsMax) + " segments");
  }
  if (std::string_view{path.data(), path.size()}.find("%00") != std::string_view::npos) {
    return invalid("path", text, kNoNul);
  }
  target.raw_segments.reserve(static_cast<std::size_t>(slashes));
  for (std::string_view rest = std::string_view{path.data(), path.size()}; !rest.empty();) {
    rest.remove_prefix(1);
    const auto end = std::min(rest.find('/'), rest.size());
    target.raw_segments.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  const auto raw_query = url->encoded_query();
  target.raw_query.assign(raw_query.data(), raw_query.size());
  auto query = decode_query(*url);
  if (!query) return std::unexpected<Error>(std::move(query.error()));
  target.query = std::move(*query);
  return target;
}

Result<std::string> decode_percent(std::string_view text) {
  if (text.find_first_of(std::string_view{"%\0", 2}) == text.npos) return std::string{text};
  const auto encoded = urls::make_pct_string_view(text);
  if (!encoded) return invalid("text", text, "'%' has to be followed by two hexadecimal digits");
  return decode("text", *encoded, false);
}

std::optional<std::string_view> find_query(const Query& query, std::string_view name) {
  const auto found = std::ranges::find(
      query, name, [](const auto& pair) -> const std::string& { return pair.first; });
  if (found == query.end()) return std::nullopt;
  return found->second;
}

std::optional<std::string_view> find_filter(const Query& query, std::string_view name) {
  const auto value = find_query(query, name);
  return value && !value->empty() ? value : std::nullopt;
}

std::string encode_path_segment(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded.push_back('%');
      encoded.push_back(kDigits[byte >> 4]);
      encoded.push_back(kDigits[byte & 15]);
    }
  }
  return encoded;
}

std::string without_userinfo(std::string_view endpoint) {
  const std::size_t at = endpoint.rfind('@');
  if (at == std::string_view::npos) return std::string{endpoint};
  // Behind a word alone it is a scheme; else it is a part of what goes.
  const std::size_t colon = endpoint.find_first_of(":/?#@");
  const bool has_scheme = colon != 0 && endpoint.substr(colon).starts_with("://");
  return std::string{has_scheme ? endpoint.substr(0, colon + 3) : ""} +
         std::string{endpoint.substr(at + 1)};
}

std::string host_name(std::string_view authority) {
  if (authority.starts_with('[')) {
    authority = authority.substr(1, authority.find(']') - 1);
  } else if (std::ranges::count(authority, ':') == 1) {
    authority = authority.substr(0, authority.find(':'));
  }
  return to_lower(authority);
}

bool is_loopback(std::string_view name) {
  if (name == "localhost" || name.ends_with(".localhost") || name == "::1") return true;
  // "127.evil.example" is a name that anybody may point anywhere, not an address.
  return name.starts_with("127.") && name.find_first_not_of("0123456789.") == name.npos;
}

}  // namespace blox::http
