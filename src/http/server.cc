#include "http/server.h"

#include <fcntl.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <charconv>
#include <tuple>
#include <unordered_map>

#include "base/log.h"
#include "http/connection.h"
#include "http/dead_peer.h"
#include "http/machine_names.h"
#include "http/socket_channel.h"
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
constexpr Duration kWarnPause = std::chrono::minutes{1};

Result<tcp::endpoint> parse_bind(const std::string& bind) {
  const auto invalid = [&] {
    return fail(ErrorKind::kInvalid,
                "cannot bind to '" + without_userinfo(bind) +
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

// "1.2.3.4" as bytes. What is no IP address counts as unknown.
PeerAddress peer_of(const tcp::socket& socket) {
  ErrorCode error;
  const auto address = socket.remote_endpoint(error).address();
  if (error) return {};
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    return PeerAddress::of_bytes({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  const auto bytes = address.to_v6().to_bytes();
  return PeerAddress::of_bytes({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// What is forked off later must hold neither our address nor our clients' connections open.
void close_on_exec(int descriptor) {
  fcntl(descriptor, F_SETFD, fcntl(descriptor, F_GETFD) | FD_CLOEXEC);
}

Response refusal_of(QuotaAnswer answer, const PeerQuota& connections) {
  if (answer == QuotaAnswer::kPeersPart) {
    return make_busy(503, "Too many connections of one address");
  }
  return make_busy(503, "Too many connections: this process takes " +
                            std::to_string(connections.rules().total) +
                            " at most, over all its addresses");
}

// Whoever serves others is told by which names they may ask, before they are refused.
void warn_of_reach(const std::string& address, const AllowedHosts& allowed) {
  const std::string names = allowed.names();
  log::warn("http",
            "{} can be reached by other machines, and nobody is asked for a password. The header "
            "Host may say an IP address, a name without a dot{}{}; --allowed-host NAME adds one",
            address, names.empty() ? "" : ", ", names);
}

class TcpServer final : public Server {
 public:
  TcpServer(IoLoop& loop, tcp::acceptor acceptor, std::string address,
            std::shared_ptr<ServerContext> context)
      : loop_(loop),
        acceptor_(std::move(acceptor)),
        address_(std::move(address)),
        context_(std::move(context)) {
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
            warn_of(error);
            accept_timer_ = loop_.call_at(loop_.now() + kAcceptPause, [this] { accept(); });
            return;
          }
          add(std::move(socket));
          accept();
        });
  }

  // A server without file descriptors tries ten times a second, and says so once a minute.
  void warn_of(const ErrorCode& error) {
    ++accept_failures_;
    if (loop_.now() < warn_again_at_) return;
    log::warn("http", "cannot accept on {}: {} ({} times since last said)", address_,
              error.message(), std::exchange(accept_failures_, 0));
    warn_again_at_ = loop_.now() + kWarnPause;
  }

  void add(tcp::socket socket) {
    const PeerAddress peer = peer_of(socket);
    Held held{nullptr, peer, true};
    const auto& connections = *context_->budgets->connections;
    const QuotaAnswer taken =
        context_->budgets->connections->take(peer, 1, context_->trusted_proxies.contains(peer));
    std::optional<Response> refusal;
    if (taken != QuotaAnswer::kTaken) {
      held.has_place = false;
      context_->metrics.count_refused();
      if (refused_count_ >= kRefusedCountMax) return;
      ++refused_count_;
      refusal = refusal_of(taken, connections);
    }
    ErrorCode ignored;
    std::ignore = socket.set_option(tcp::no_delay{true}, ignored);
    notice_dead_peer(socket.native_handle());
    close_on_exec(socket.native_handle());
    held.connection = Connection::open(make_socket_channel(std::move(socket), peer), context_,
                                       std::move(refusal));
    auto* const key = held.connection.get();
    connections_.emplace(key, std::move(held));
  }

  void forget(Connection& connection) {
    const auto found = connections_.find(&connection);
    if (found->second.has_place) {
      context_->budgets->connections->give_back(found->second.peer, 1);
    } else {
      --refused_count_;
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
    PeerAddress peer;
    bool has_place;  // Else it only gets told that there is none.
  };

  IoLoop& loop_;
  tcp::acceptor acceptor_;
  std::string address_;
  std::shared_ptr<ServerContext> context_;
  std::unordered_map<Connection*, Held> connections_;
  std::size_t refused_count_ = 0;
  std::uint64_t accept_failures_ = 0;
  TimePoint warn_again_at_{};
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
  if (const auto checked = AllowedHosts::check(options.allowed_hosts); !checked) {
    return std::unexpected<Error>(checked.error());
  }
  std::vector<Network> proxies;
  for (const auto& text : options.trusted_proxies) {
    auto network = Network::parse(text);
    if (!network) return network.error_in("trusted proxy");
    proxies.push_back(*network);
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
  close_on_exec(acceptor.native_handle());
  std::string address = to_text(bound);
  const auto allowed =
      std::make_shared<AllowedHosts>(address, machine_names(), options.allowed_hosts);
  if (!endpoint->address().is_loopback()) warn_of_reach(address, *allowed);
  if (!options.budgets) {
    options.budgets = std::make_shared<ServerBudgets>(within_open_files({}));
  }
  auto context = std::make_shared<ServerContext>(
      loop, handler, options.limits, make_admission(allowed), std::move(options.budgets),
      TrustedProxies{std::move(proxies)}, metrics);
  std::unique_ptr<Server> server =
      std::make_unique<TcpServer>(loop, std::move(acceptor), std::move(address), context);
  return server;
}

}  // namespace blox::http
