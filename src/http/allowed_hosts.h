// AllowedHosts: by which names this server may be called. A page whose name somebody points at our
// address (DNS rebinding) is told apart from us by its name alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace blox::http {

/// Threading: any, once made.
class AllowedHosts {
 public:
  /// Errors: kInvalid, naming the first of `allowed` that is neither HOST nor HOST:PORT, perhaps
  /// behind "http://" or "https://": it would never match.
  static Status check(const std::vector<std::string>& allowed);
  /// `bound` is the address served, "10.0.0.7:3000"; `own` are the machine's names.
  /// Requires: `allowed` as `check` wants it.
  AllowedHosts(std::string_view bound, const std::vector<std::string>& own,
               const std::vector<std::string>& allowed);

  /// Those beside IP addresses, names without a dot and loopback names, for people: "a.b, c.d:80".
  std::string names() const;

  /// Whether a request may have `authority` in Host, with any port unless --allowed-host names one.
  /// Besides loopback names, ours and --allowed-host these are IP addresses, which no name
  /// stands for, and names without a dot, which nobody outside the network can own.
  bool takes_host(std::string_view authority) const;
  /// Whether a page of `origin` ("http://localhost:8080") may ask us, where `host` is what the
  /// request has in Host. Anybody may have a page at an IP address, so that is no reason here.
  bool takes_origin(std::string_view origin, std::string_view host) const;

 private:
  bool is_ours(std::string_view authority) const;

  std::vector<std::string> names_;        // Without port: any port will do.
  std::vector<std::string> authorities_;  // With port, in lower case.
};

}  // namespace blox::http
