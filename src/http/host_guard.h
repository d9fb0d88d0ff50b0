// HostGuard: keeps web pages of other sites from changing anything through a visitor's browser.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace blox::http {

/// Refuses mutating requests whose Origin (cross-site request) or Host (DNS rebinding) is foreign.
class HostGuard {
 public:
  /// `bound` is the address served, "10.0.0.7:3000"; `allowed` names hosts with or without port.
  HostGuard(std::string_view bound, const std::vector<std::string>& allowed);

  /// Why `request` is refused, or nullopt. Requests that change nothing never are.
  std::optional<std::string> refuse(const Request& request) const;

 private:
  bool allows(std::string_view authority) const;

  std::vector<std::string> names_;        // Without port: any port will do.
  std::vector<std::string> authorities_;  // With port, in lower case.
};

}  // namespace blox::http
