// One connection of the server, from its first request to its end.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/io_loop.h"
#include "http/admission.h"
#include "http/channel.h"
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
  Admission admission;
  std::shared_ptr<ServerBudgets> budgets;
  TrustedProxies trusted_proxies;
  ServerMetrics metrics;
  bool stopping = false;                    ///< Each connection ends with the request under way.
  std::function<void(Connection&)> forget;  ///< Called once, when a connection has ended.

  /// The present second for the Date header.
  const std::string& date();

 private:
  std::int64_t date_second_ = -1;
  std::string date_;

 public:
  ServerContext(IoLoop& used, Handler& asked, const Limits& held, Admission admitting,
                std::shared_ptr<ServerBudgets> shared, TrustedProxies trusted, Metrics& counted)
      : loop(used),
        handler(asked),
        limits(held),
        admission(std::move(admitting)),
        budgets(std::move(shared)),
        trusted_proxies(std::move(trusted)),
        metrics(counted) {}
};

///            +--------------------------- keep alive --------------------------+
///            v                                                                 |
///   reading a request --> answering (the handler works) --> writing --> (streaming <-> writing)
///            | broken, too large, not let in                   |
///            +--> writing a refusal --> lingering --> ended <--+ close, peer gone, too slow
///
/// Of a request the head is read first; whether it is let in is decided then, before its body is
/// asked for. Requests that come while one is answered wait in the buffer, so answers keep their
/// order. A peer that ends its sending side still gets the answers it waits for; a stream ends
/// then, and so does one whose peer sends on and on meanwhile, as that peer's end could not be
/// seen. A handler that is not ready within `answer_max` is destroyed, and 504 written as a
/// refusal. Threading: the loop's thread. Never called from within its own handler.
class Connection : public Channel::User {
 public:
  /// Starts to serve `channel`; with a `refusal`, only writes that.
  static std::shared_ptr<Connection> open(std::unique_ptr<Channel> channel,
                                          std::shared_ptr<ServerContext> context,
                                          std::optional<Response> refusal);

  /// Breaks off at once: destroys the handler's coroutine and the stream where they wait.
  virtual void abort() = 0;
  /// To be called now and then: aborts what is over its deadline, looks whether the peer of a
  /// request under way is still there.
  virtual void tick(TimePoint now) = 0;
  /// After `stopping` was set: ends at once what idles, and a stream after its last whole chunk.
  virtual void end_soon() = 0;
};

}  // namespace blox::http
