#include "http/machine_names.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/text.h"

namespace blox::http {

std::vector<std::string> names_beside(std::string_view host_name, std::string_view hosts) {
  const std::string wanted = to_lower(host_name);
  std::vector<std::string> names;
  std::istringstream lines{std::string{hosts}};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line.substr(0, line.find('#'))};
    std::string address;
    words >> address;
    std::vector<std::string> named;
    for (std::string name; words >> name;) named.push_back(to_lower(name));
    if (std::ranges::find(named, wanted) == named.end()) continue;
    names.insert(names.end(), named.begin(), named.end());
  }
  return names;
}

std::vector<std::string> machine_names() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  std::ifstream file{"/etc/hosts"};
  const std::string hosts{std::istreambuf_iterator<char>{file}, {}};
  std::vector<std::string> names = names_beside(name.data(), hosts);
  names.push_back(to_lower(name.data()));
  return names;
}

}  // namespace blox::http
