// HostGuard: keeps web pages of other sites from changing anything through a visitor's browser.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace blox::http {

/// Refuses mutating requests whose Origin (cross-site request) or Host (DNS rebinding) is foreign.
class HostGuard {
 public:
  /// Errors: kInvalid, naming the first of `allowed` that is neither HOST nor HOST:PORT, perhaps
  /// behind "http://" or "https://": it would never match.
  static Status check(const std::vector<std::string>& allowed);
  /// `bound` is the address served, "10.0.0.7:3000". Requires: `allowed` as `check` wants it.
  HostGuard(std::string_view bound, const std::vector<std::string>& allowed);

  /// Why `request` is refused, or nullopt. Requests that change nothing never are.
  std::optional<std::string> refuse(const Request& request) const;

 private:
  bool allows(std::string_view authority) const;

  std::vector<std::string> names_;        // Without port: any port will do.
  std::vector<std::string> authorities_;  // With port, in lower case.
};

}  // namespace blox::http
