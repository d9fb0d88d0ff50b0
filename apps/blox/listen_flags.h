// The flags of every command that listens: whom it lets in, and how much they may use up.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "blox/byte_size.h"
#include "http/server.h"

namespace blox::apps {

/// "50%".
inline std::string format_percent(std::size_t percent) { return std::to_string(percent) + "%"; }

struct ListenFlags {
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> trusted_proxies;
  std::size_t connections_max = http::ProcessLimits{}.connection_count;
  std::size_t streams_max = http::ProcessLimits{}.stream_count;
  std::string request_memory = format_bytes(http::ProcessLimits{}.request_bytes);
  std::string peer_share = format_percent(http::ProcessLimits{}.peer_share_percent);
  std::string peer_reserve = format_percent(http::ProcessLimits{}.peer_reserve_percent);
  std::size_t peer_small = http::ProcessLimits{}.peer_small_count;

  void add_to(CLI::App& app);
  /// What they say. Requires: the flags are parsed.
  http::ProcessLimits limits() const;
  /// What all servers of the process share. Requires: the flags are parsed.
  std::shared_ptr<http::ServerBudgets> make_budgets() const;
  /// Options of one server. Requires: as above.
  http::ServerOptions options(std::string bind, std::shared_ptr<http::ServerBudgets> budgets) const;
};

}  // namespace blox::apps
