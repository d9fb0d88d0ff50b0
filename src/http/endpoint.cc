#include "http/endpoint.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/text.h"
#include "http/url.h"

namespace blox::http {
namespace {

// True without a port too. Requires: `authority` is not empty.
bool has_fitting_port(std::string_view authority) {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == authority.npos ? 0 : bracket);
  if (colon == authority.npos) return true;
  const char* const end = authority.data() + authority.size();
  std::uint16_t port = 0;
  const auto [stopped, error] = std::from_chars(authority.data() + colon + 1, end, port);
  return error == std::errc{} && stopped == end && port > 0;
}

bool is_host(std::string_view authority) {
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    return end != authority.npos && end > 1 &&
           (end + 1 == authority.size() || authority[end + 1] == ':');
  }
  const auto name = authority.substr(0, authority.find(':'));
  return !name.empty() && name.find_first_of("[]\\\"'<>^`{|}%") == name.npos;
}

// Why it is none; nullptr if it is fine. `rest` stands behind the scheme, without a slash at its
// end.
const char* find_fault(std::string_view rest, std::string_view authority) {
  if (authority.empty()) return "it has no host";
  if (!is_host(authority)) return "its host is no name and no address";
  if (!has_fitting_port(authority)) return "its port is not 1 to 65535";
  const std::string path = std::string{rest} + "/";
  if (path.find("//") != path.npos || path.find("/./") != path.npos ||
      path.find("/../") != path.npos) {
    return "its path is not in its simplest form";
  }
  return nullptr;
}

}  // namespace

Result<std::string> parse_endpoint(std::string_view text, EndpointForm form) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorKind::kInvalid, quote(without_userinfo(text)) + ": " + std::string{why} +
                                         "; allowed is " +
                                         (form.needs_scheme ? "" : "HOST:PORT, ") +
                                         "http://HOST[:PORT][/PATH] or https://…");
  };
  std::string scheme = "http://";
  std::string_view rest = text;
  if (const auto end = text.find("://"); end != text.npos || form.needs_scheme) {
    scheme = to_lower(text.substr(0, end == text.npos ? 0 : end + 3));
    if (scheme != "http://" && scheme != "https://") return refuse("not an http or https URL");
    rest.remove_prefix(scheme.size());
  }
  if (std::ranges::any_of(rest, [](unsigned char c) { return c <= ' ' || c >= 127; })) {
    return refuse("it holds a blank or a character beyond ASCII");
  }
  if (rest.find_first_of(form.takes_user ? "?#" : "?#@") != rest.npos) {
    return refuse("it has a query, a fragment or a user");
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  std::string_view authority = rest.substr(0, rest.find('/'));
  const auto at = authority.rfind('@');
  const std::string_view user = authority.substr(0, at == authority.npos ? 0 : at + 1);
  authority.remove_prefix(user.size());
  if (const char* fault = find_fault(rest, authority)) return refuse(fault);
  const std::string_view path = rest.substr(user.size() + authority.size());
  // What signs a request covers the host in lower case, and curl sends it as it stands.
  return scheme + std::string{user} + to_lower(authority) + std::string{path};
}

}  // namespace blox::http
