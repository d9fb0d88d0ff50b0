#include "http/server.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <charconv>
#include <tuple>
#include <unordered_map>

#include "base/log.h"
#include "http/connection.h"
#include "http/dead_peer.h"
#include "http/url.h"

namespace blox::http {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;

// Connections beyond the bound that are told so; still more are closed without a word.
constexpr std::size_t kRefusedCountMax = 64;
// After accept failed (no file descriptor left), as trying at once would only burn the CPU.
constexpr Duration kAcceptPause = std::chrono::milliseconds{100};

Result<tcp::endpoint> parse_bind(const std::string& bind) {
  const auto invalid = [&] {
    return fail(ErrorKind::kInvalid,
                "cannot bind to '" + bind +
                    "': not HOST:PORT with an IP address or localhost and a port of 0 to 65535");
  };
  const auto colon = bind.rfind(':');
  if (colon == bind.npos) return invalid();
  const std::string_view digits = std::string_view{bind}.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), port);
  if (error != std::errc{} || end != digits.end()) return invalid();
  std::string host = host_name(bind);
  if (host.empty()) host = "0.0.0.0";
  if (host == "localhost") host = "127.0.0.1";
  ErrorCode not_address;
  const auto address = asio::ip::make_address(host, not_address);
  if (not_address) return invalid();
  return tcp::endpoint{address, port};
}

std::string to_text(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

class TcpServer final : public Server {
 public:
  TcpServer(IoLoop& loop, tcp::acceptor acceptor, std::string address,
            std::shared_ptr<ServerContext> context, std::shared_ptr<ConnectionPool> pool)
      : loop_(loop),
        acceptor_(std::move(acceptor)),
        address_(std::move(address)),
        context_(std::move(context)),
        pool_(std::move(pool)) {
    context_->forget = [this](Connection& connection) { forget(connection); };
    const Limits& limits = context_->limits;
    tick_interval_ =
        std::clamp<Duration>(std::min({limits.idle_max, limits.write_max, limits.answer_max}) / 4,
                             std::chrono::milliseconds{1}, std::chrono::seconds{1});
    accept();
    tick_later();
  }

  ~TcpServer() override {
    loop_.cancel(tick_timer_);
    loop_.cancel(accept_timer_);
    for_each_connection([](Connection& connection) { connection.abort(); });
  }

  std::string address() const override { return address_; }
  std::size_t connection_count() const override { return connections_.size(); }

  void stop_accepting() override {
    ErrorCode ignored;
    std::ignore = acceptor_.close(ignored);
    context_->stopping = true;
    // Later, as a handler, which is the business of one of them, may have called.
    loop_.post([this, alive = std::weak_ptr<bool>{alive_}] {
      if (alive.expired()) return;
      for_each_connection([](Connection& connection) { connection.end_soon(); });
    });
  }

 private:
  void accept() {
    if (!acceptor_.is_open()) return;
    acceptor_.async_accept(
        [this, alive = std::weak_ptr<bool>{alive_}](const ErrorCode& error, tcp::socket socket) {
          if (alive.expired() || !acceptor_.is_open()) return;
          if (error) {
            log::warn("http", "cannot accept on {}: {}", address_, error.message());
            accept_timer_ = loop_.call_at(loop_.now() + kAcceptPause, [this] { accept(); });
            return;
          }
          add(std::move(socket));
          accept();
        });
  }

  void add(tcp::socket socket) {
    const std::size_t count_max = context_->limits.connection_count_max;
    const bool refused = served_count_ >= count_max || !pool_->take();
    if (refused) {
      context_->metrics.count_refused();
      if (connections_.size() - served_count_ >= kRefusedCountMax) return;
    } else {
      ++served_count_;
    }
    ErrorCode ignored;
    std::ignore = socket.set_option(tcp::no_delay{true}, ignored);
    std::ignore = socket.non_blocking(true, ignored);
    notice_dead_peer(socket.native_handle());
    auto connection = Connection::open(std::move(socket), context_, refused);
    connections_.emplace(connection.get(), Held{connection, refused});
  }

  void forget(Connection& connection) {
    const auto found = connections_.find(&connection);
    if (!found->second.refused) {
      --served_count_;
      pool_->give_back();
    }
    connections_.erase(found);
  }

  void tick_later() {
    tick_timer_ = loop_.call_at(loop_.now() + tick_interval_, [this] {
      const TimePoint now = loop_.now();
      for_each_connection([now](Connection& connection) { connection.tick(now); });
      tick_later();
    });
  }

  // `act` may end the connection, which erases it; it does not end others.
  template <class Act>
  void for_each_connection(Act act) {
    for (auto next = connections_.begin(); next != connections_.end();) act(*(next++)->first);
  }

  struct Held {
    std::shared_ptr<Connection> connection;
    bool refused;  // It only gets told so, and holds no place in the pool.
  };

  IoLoop& loop_;
  tcp::acceptor acceptor_;
  std::string address_;
  std::shared_ptr<ServerContext> context_;
  std::shared_ptr<ConnectionPool> pool_;
  std::unordered_map<Connection*, Held> connections_;
  std::size_t served_count_ = 0;
  Duration tick_interval_{};
  Executor::TimerId tick_timer_ = 0;
  Executor::TimerId accept_timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

Result<std::unique_ptr<Server>> Server::open(IoLoop& loop, ServerOptions options, Handler& handler,
                                             Metrics& metrics) {
  const auto endpoint = parse_bind(options.bind);
  if (!endpoint) return std::unexpected<Error>(endpoint.error());
  if (const auto checked = HostGuard::check(options.allowed_hosts); !checked) {
    return std::unexpected<Error>(checked.error());
  }
  tcp::acceptor acceptor{loop.context()};
  ErrorCode error;
  const bool failed = acceptor.open(endpoint->protocol(), error) ||
                      acceptor.set_option(tcp::acceptor::reuse_address{true}, error) ||
                      acceptor.bind(*endpoint, error) ||
                      acceptor.listen(asio::socket_base::max_listen_connections, error);
  const tcp::endpoint bound = failed ? *endpoint : acceptor.local_endpoint(error);
  if (error) {
    return fail(ErrorKind::kUnavailable, "cannot bind to " + options.bind + ": " + error.message());
  }
  std::string address = to_text(bound);
  HostGuard guard{address, options.allowed_hosts};
  Limits& limits = options.limits;
  limits.connection_count_max = std::min(limits.connection_count_max, options.pool->count_max());
  limits.stream_count_max = std::min(limits.stream_count_max,
                                     std::max<std::size_t>(1, limits.connection_count_max / 4 * 3));
  auto context = std::make_shared<ServerContext>(loop, handler, limits, std::move(guard), metrics);
  std::unique_ptr<Server> server = std::make_unique<TcpServer>(
      loop, std::move(acceptor), std::move(address), context, std::move(options.pool));
  return server;
}

}  // namespace blox::http
