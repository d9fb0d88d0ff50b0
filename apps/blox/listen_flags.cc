#include "blox/listen_flags.h"

#include <charconv>
#include <utility>

#include "blox/flags.h"

namespace blox::apps {
namespace {

// The number of "50%", or nothing.
std::optional<std::size_t> parse_percent(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  std::size_t percent = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), percent);
  if (error != std::errc{} || end != text.end()) return std::nullopt;
  return percent;
}

CLI::Validator is_percent(std::size_t least, std::size_t most) {
  const std::string range = format_percent(least) + " to " + format_percent(most);
  const auto check = [least, most, range](const std::string& text) {
    const auto percent = parse_percent(text);
    const bool fits = percent && *percent >= least && *percent <= most;
    return fits ? std::string{} : "'" + text + "' is not a percentage of " + range;
  };
  return CLI::Validator{[check](std::string& text) { return check(text); }, range};
}

}  // namespace

void ListenFlags::add_to(CLI::App& app) {
  add_flag(app, "--allowed-host", allowed_hosts,
           "Host or origin that may ask, besides IP addresses, loopback names, names without a dot "
           "and the machine's own: HOST or HOST:PORT; repeat it");
  add_flag(app, "--trusted-proxy", trusted_proxies,
           "Address or network (10.0.0.0/8) of a proxy whose X-Forwarded-For says who asks; "
           "repeat it");
  add_flag(app, "--max-connections", connections_max,
           "Connections at a time, of all addresses served; fewer where open files are short")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}));
  add_flag(app, "--max-streams", streams_max,
           "Streams at a time; no more than three quarters of the connections")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}));
  add_flag(app, "--request-memory", request_memory,
           "What requests may take while they are read and answered")
      ->check(is_byte_size());
  add_flag(app, "--peer-share", peer_share,
           "Part of the free connections, streams and request memory that one address may have")
      ->check(is_percent(1, 100));
  add_flag(app, "--peer-reserve", peer_reserve,
           "Part of them that is kept for addresses that hold little")
      ->check(is_percent(0, 50));
  add_flag(app, "--peer-small", peer_small, "So many connections or streams are little")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000}));
}

http::ProcessLimits ListenFlags::limits() const {
  http::ProcessLimits limits;
  limits.connection_count = connections_max;
  limits.stream_count = streams_max;
  limits.request_bytes = to_bytes(request_memory);
  limits.peer_share_percent = parse_percent(peer_share).value_or(limits.peer_share_percent);
  limits.peer_reserve_percent = parse_percent(peer_reserve).value_or(limits.peer_reserve_percent);
  limits.peer_small_count = peer_small;
  return limits;
}

std::shared_ptr<http::ServerBudgets> ListenFlags::make_budgets() const {
  return std::make_shared<http::ServerBudgets>(http::within_open_files(limits()));
}

http::ServerOptions ListenFlags::options(std::string bind,
                                         std::shared_ptr<http::ServerBudgets> budgets) const {
  http::ServerOptions options;
  options.bind = std::move(bind);
  options.allowed_hosts = allowed_hosts;
  options.trusted_proxies = trusted_proxies;
  options.budgets = std::move(budgets);
  return options;
}

}  // namespace blox::apps
