#include "http/request_target.h"

#include <algorithm>

#include "base/text.h"
#include "http/headers.h"

namespace blox::http {
namespace {

// "host:80" is "host" in a URL of http.
std::string_view without_default_port(std::string_view authority, bool is_https) {
  const std::string_view port = is_https ? ":443" : ":80";
  if (authority.ends_with(port)) authority.remove_suffix(port.size());
  return authority;
}

}  // namespace

Result<std::string> to_origin_form(std::string_view target, std::optional<std::string_view> host) {
  if (target.starts_with('/')) return std::string{target};
  const auto scheme_end = target.find("://");
  const std::string_view scheme = target.substr(0, scheme_end);
  const bool is_https = is_same_name(scheme, "https");
  if (scheme_end == target.npos || (!is_https && !is_same_name(scheme, "http"))) {
    return fail(ErrorKind::kInvalid,
                "target " + quote(target) + ": not a path with an optional query");
  }
  target.remove_prefix(scheme_end + 3);
  const auto path = std::min(target.find_first_of("/?"), target.size());
  const std::string_view authority = target.substr(0, path);
  if (!host || authority.empty() ||
      !is_same_name(without_default_port(authority, is_https),
                    without_default_port(*host, is_https))) {
    return fail(ErrorKind::kInvalid, "target is on host " + quote(authority) +
                                         ", but the header Host says " + quote(host.value_or("")));
  }
  target.remove_prefix(path);
  return target.starts_with('/') ? std::string{target} : "/" + std::string{target};
}

}  // namespace blox::http
