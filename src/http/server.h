// The HTTP server on Beast: connections, limits, bodies that stream. Handlers see plain messages.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/io_loop.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/time.h"
#include "http/message.h"
#include "http/request_reader.h"
#include "http/server_budgets.h"

namespace blox::http {

/// Of one connection. What breaks one is told by a status and a sentence that names the limit, or,
/// when it is too slow to be told, loses its connection. Bodies have the bound of their Route.
struct Limits {
  std::size_t head_bytes_max = kHeadBytesMax;
  Duration idle_max = std::chrono::seconds{75};    ///< Between requests, and for reading one.
  Duration answer_max = std::chrono::seconds{60};  ///< For a handler, until its answer begins.
  Duration write_max = std::chrono::seconds{30};   ///< Without a byte taken by a slow peer.
  /// Beside `write_max`, all of an answer, or of what a stream says at once, has to be taken at
  /// this rate, in bytes.
  std::size_t write_bytes_per_second_min = 32 << 10;
};

struct ServerOptions {
  std::string bind = "127.0.0.1:0";  ///< HOST:PORT, "[::1]:3000"; port 0: any free one.
  Limits limits;
  /// Names besides ours that Host and Origin may have: see AllowedHosts. HOST, HOST:PORT, or either
  /// behind http:// or https://.
  std::vector<std::string> allowed_hosts;
  /// Whom to believe what X-Forwarded-For says: addresses and networks, "10.0.0.0/8".
  std::vector<std::string> trusted_proxies;
  /// Shared by the servers of a process; null: its own, of the usual size.
  std::shared_ptr<ServerBudgets> budgets;
};

/// Serves one address until destroyed, which breaks off what is under way.
/// Threading: the loop's thread.
class Server {
 public:
  /// Binds and starts to accept. `handler` and `loop` must outlive it.
  /// Errors: kInvalid (not HOST:PORT, a broken allowed host or proxy), kUnavailable (address in
  /// use, not permitted).
  static Result<std::unique_ptr<Server>> open(IoLoop& loop, ServerOptions options, Handler& handler,
                                              Metrics& metrics);
  virtual ~Server() = default;
  /// Where it listens, with the real port: "127.0.0.1:43571".
  virtual std::string address() const = 0;
  /// Accepts no more and lets requests under way end; streams are told to end.
  virtual void stop_accepting() = 0;
  /// Connections open. After stop_accepting, 0 means that no request is under way.
  virtual std::size_t connection_count() const = 0;
};

}  // namespace blox::http
