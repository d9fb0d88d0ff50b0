#include "codec/network_bindings.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace blox::codec::internal {
namespace {

using simdjson::dom::object;

// Longer texts of a binding are none, and a range would repeat them.
constexpr std::size_t kRangeTextBytesMax = 64;

// Consecutive ports.
struct Ports {
  std::int64_t first = 0;
  std::int64_t count = 1;
};

// "8000-8010".
std::optional<Ports> parse_port_range(std::string_view text) {
  constexpr std::uint32_t kPortMax = 65'535;
  const char* const end = text.data() + text.size();
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  const auto dash = std::from_chars(text.data(), end, first);
  if (dash.ec != std::errc{} || dash.ptr == end || *dash.ptr != '-') return std::nullopt;
  const auto stop = std::from_chars(dash.ptr + 1, end, last);
  if (stop.ec != std::errc{} || stop.ptr != end) return std::nullopt;
  if (last < first || last > kPortMax) return std::nullopt;
  return Ports{first, std::int64_t{last} - first + 1};
}

std::optional<Ports> find_ports(object binding, std::string_view field,
                                std::string_view range_field) {
  if (const auto port = find_integer(binding, field)) return Ports{*port, 1};
  return parse_port_range(find_text(binding, range_field).value_or(""));
}

}  // namespace

void read_binding(object from, std::int64_t& range_ports_left,
                  std::vector<NetworkBinding>& bindings) {
  const auto container = find_ports(from, "containerPort", "containerPortRange");
  const auto host = find_ports(from, "hostPort", "hostPortRange");
  if (!container || !host || container->count != host->count) return;
  NetworkBinding binding{text_or_empty(from, "bindIP"), container->first, host->first,
                         text_or_empty(from, "protocol")};
  if (container->count == 1) {
    bindings.push_back(std::move(binding));
    return;
  }
  if (binding.bind_ip.size() + binding.protocol.size() > kRangeTextBytesMax) return;
  const std::int64_t count = std::min(container->count, range_ports_left);
  range_ports_left -= count;
  for (std::int64_t i = 0; i < count; ++i) {
    bindings.push_back(binding);
    ++binding.container_port;
    ++binding.host_port;
  }
}

}  // namespace blox::codec::internal
