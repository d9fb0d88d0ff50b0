// The flags of every command that listens: whom it lets in, and how much they may use up.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "http/server.h"

namespace blox::apps {

struct ListenFlags {
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> trusted_proxies;
  std::size_t connections_max = 10'000;
  std::size_t streams_max = 4'000;
  std::string request_memory = "64MiB";
  std::string peer_share = "50%";
  std::string peer_reserve = "5%";
  std::size_t peer_small = 8;

  void add_to(CLI::App& app);
  /// What all servers of the process share. Requires: the flags are parsed.
  std::shared_ptr<http::ServerBudgets> make_budgets() const;
  /// Options of one server. Requires: as above.
  http::ServerOptions options(std::string bind, std::shared_ptr<http::ServerBudgets> budgets) const;
};

}  // namespace blox::apps
