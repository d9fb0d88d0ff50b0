// The names that this machine goes by, as far as can be known without asking the network.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace blox::http {

/// The host name, and the other names that stand beside it in /etc/hosts. In lower case.
std::vector<std::string> machine_names();

/// The names on those lines of `hosts`, a text in the form of /etc/hosts, that name `host_name`.
/// Pure.
std::vector<std::string> names_beside(std::string_view host_name, std::string_view hosts);

}  // namespace blox::http
