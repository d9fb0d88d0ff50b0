#include "http/host_guard.h"

#include <algorithm>

#include "base/text.h"
#include "http/url.h"

namespace blox::http {
namespace {

bool is_mutating(std::string_view method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS" && method != "TRACE";
}

bool has_port(std::string_view authority) {
  const auto colon = authority.rfind(':');
  if (colon == authority.npos || colon + 1 == authority.size()) return false;
  if (authority.starts_with('[')) return authority[colon - 1] == ']';
  return std::ranges::count(authority, ':') == 1;
}

// "http://example.com:8080" is "example.com:8080"; "null" and the like stay as they are.
std::string_view authority_of(std::string_view origin) {
  const auto scheme = origin.find("://");
  return scheme == origin.npos ? origin : origin.substr(scheme + 3);
}

// Characters of names and addresses; brackets and colons where they belong.
bool is_authority(std::string_view text) {
  const auto colon = has_port(text) ? text.rfind(':') : text.size();
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(std::min(colon + 1, text.size()));
  const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  const std::string_view name = bracketed ? host.substr(1, host.size() - 2) : host;
  const auto is_of_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{".-_:"}.find(c) != std::string_view::npos;
  };
  return !name.empty() && !name.ends_with(':') && std::ranges::all_of(name, is_of_name) &&
         port.size() <= 5 && port.find_first_not_of("0123456789") == port.npos;
}

}  // namespace

Status HostGuard::check(const std::vector<std::string>& allowed) {
  for (const auto& host : allowed) {
    const auto scheme = host.find("://");
    const bool scheme_fits = scheme == host.npos || host.substr(0, scheme) == "http" ||
                             host.substr(0, scheme) == "https";
    if (scheme_fits && is_authority(authority_of(host))) continue;
    return fail(ErrorKind::kInvalid,
                "allowed host '" + host +
                    "': not HOST or HOST:PORT, perhaps with http:// or https:// before it");
  }
  return done();
}

HostGuard::HostGuard(std::string_view bound, const std::vector<std::string>& allowed) {
  names_.push_back(host_name(bound));
  for (const auto& entry : allowed) {
    const auto host = authority_of(entry);
    if (has_port(host)) {
      authorities_.push_back(to_lower(host));
    } else {
      names_.push_back(host_name(host));
    }
  }
}

std::optional<std::string> HostGuard::refuse(const Request& request) const {
  if (!is_mutating(request.method)) return std::nullopt;
  for (const auto& [name, value] : {std::pair{"Host", find_header(request.headers, "Host")},
                                    std::pair{"Origin", find_header(request.headers, "Origin")}}) {
    if (!value || allows(authority_of(*value))) continue;
    return request.method + " refused: the header " + name + " says '" + std::string{*value} +
           "', allowed are loopback names, the bound address and --allowed-host";
  }
  return std::nullopt;
}

bool HostGuard::allows(std::string_view authority) const {
  const std::string name = host_name(authority);
  return is_loopback(name) || std::ranges::count(names_, name) > 0 ||
         std::ranges::count(authorities_, to_lower(authority)) > 0;
}

}  // namespace blox::http
