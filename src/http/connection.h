// One connection of the server, from its first request to its end. Asio and Beast stay in
// connection.cc and server.cc.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/io_loop.h"
#include "http/host_guard.h"
#include "http/server.h"
#include "http/server_metrics.h"

namespace blox::http {

class Connection;

/// What the connections of one server share. `loop` and `handler` are not used by a connection
/// that was aborted.
struct ServerContext {
  IoLoop& loop;
  Handler& handler;
  Limits limits;
  HostGuard guard;
  ServerMetrics metrics;
  bool stopping = false;                    ///< Each connection ends with the request under way.
  std::size_t stream_count = 0;             ///< Answers that stream now.
  std::function<void(Connection&)> forget;  ///< Called once, when a connection has ended.

  /// The present second for the Date header.
  const std::string& date();

 private:
  std::int64_t date_second_ = -1;
  std::string date_;

 public:
  ServerContext(IoLoop& used, Handler& asked, Limits held, HostGuard guarding, Metrics& counted)
      : loop(used), handler(asked), limits(held), guard(std::move(guarding)), metrics(counted) {}
};

///            +--------------------------- keep alive --------------------------+
///            v                                                                 |
///   reading a request --> answering (the handler works) --> writing --> (streaming <-> writing)
///            | broken, too large                               |
///            +--> writing a refusal --> lingering --> ended <--+ close, peer gone, too slow
///
/// Requests that come while one is answered wait in the buffer, so answers keep their order. A peer
/// that ends its sending side still gets the answers it waits for; a stream ends then. A handler
/// that is not ready within `answer_max` is destroyed, and 504 written as a refusal.
/// Threading: the loop's thread. Never called from within its own handler.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// Starts to serve `socket`; with `refused`, only answers that there are too many connections.
  static std::shared_ptr<Connection> open(boost::asio::ip::tcp::socket socket,
                                          std::shared_ptr<ServerContext> context, bool refused);
  virtual ~Connection() = default;

  /// Breaks off at once: destroys the handler's coroutine and the stream where they wait.
  virtual void abort() = 0;
  /// To be called now and then: aborts what is over its deadline, looks whether the peer of a
  /// request under way is still there.
  virtual void tick(TimePoint now) = 0;
  /// After `stopping` was set: ends at once what idles, and a stream after its last whole chunk.
  virtual void end_soon() = 0;
};

}  // namespace blox::http
