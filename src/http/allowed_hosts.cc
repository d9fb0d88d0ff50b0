#include "http/allowed_hosts.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "http/peer.h"
#include "http/url.h"

namespace blox::http {
namespace {

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
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':';
  };
  return !name.empty() && !name.ends_with(':') && std::ranges::all_of(name, is_of_name) &&
         port.size() <= 5 && port.find_first_not_of("0123456789") == port.npos;
}

}  // namespace

Status AllowedHosts::check(const std::vector<std::string>& allowed) {
  for (const auto& host : allowed) {
    const auto scheme = host.find("://");
    const bool scheme_fits = scheme == host.npos || host.substr(0, scheme) == "http" ||
                             host.substr(0, scheme) == "https";
    if (scheme_fits && is_authority(authority_of(host))) continue;
    return fail(ErrorKind::kInvalid,
                "allowed host '" + without_userinfo(host) +
                    "': not HOST or HOST:PORT, perhaps with http:// or https:// before it");
  }
  return done();
}

AllowedHosts::AllowedHosts(std::string_view bound, const std::vector<std::string>& own,
                           const std::vector<std::string>& allowed) {
  names_.push_back(host_name(bound));
  for (const auto& name : own) names_.push_back(to_lower(name));
  for (const auto& entry : allowed) {
    const auto host = authority_of(entry);
    if (has_port(host)) {
      authorities_.push_back(to_lower(host));
    } else {
      names_.push_back(host_name(host));
    }
  }
}

std::string AllowedHosts::names() const {
  std::set<std::string_view> all{names_.begin(), names_.end()};
  all.insert(authorities_.begin(), authorities_.end());
  std::string joined;
  for (const auto name : all) {
    const bool is_said = PeerAddress::parse(name) || name.find('.') == name.npos;
    if (!is_said) joined.append(joined.empty() ? "" : ", ").append(name);
  }
  return joined;
}

bool AllowedHosts::is_ours(std::string_view authority) const {
  const std::string name = host_name(authority);
  return is_loopback(name) || std::ranges::count(names_, name) > 0 ||
         std::ranges::count(authorities_, to_lower(authority)) > 0;
}

bool AllowedHosts::takes_host(std::string_view authority) const {
  if (!is_authority(authority)) return false;
  const std::string name = host_name(authority);
  return is_ours(authority) || PeerAddress::parse(name) || name.find('.') == name.npos;
}

bool AllowedHosts::takes_origin(std::string_view origin, std::string_view host) const {
  const auto authority = authority_of(origin);
  if (authority.size() == origin.size() || !is_authority(authority)) return false;
  return is_ours(authority) || to_lower(authority) == to_lower(host);
}

}  // namespace blox::http
