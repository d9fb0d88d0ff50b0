// One server without a socket of its own, and a peer that does what a byte program says: for the
// target of connections and its tests.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/signal.h"
#include "fuzz/byte_program.h"
#include "fuzz/counting_allocator.h"
#include "http/connection.h"
#include "http/router.h"
#include "http/socket_channel.h"

namespace blox::fuzz {

/// A head and what is made of it, a body and the room it grows in, what is read and sent at a time.
inline constexpr std::int64_t kHeldBytesMax = 512 << 10;
/// What the loop and the handlers may keep from one input to the next.
inline constexpr std::int64_t kKeptBytesMax = 64 << 10;

class OneLine final : public http::BodyStream {
 public:
  explicit OneLine(Executor& executor) : never_(executor) {}
  Async<Result<http::Slices>> next() override {
    if (said_) co_await never_.wait();
    said_ = true;
    co_return http::Slices{{nullptr, "a line\n"}};
  }

 private:
  Signal never_;
  bool said_ = false;
};

class ManyPieces final : public http::FrozenBody {
 public:
  static constexpr std::size_t kPieces = 4'096;
  std::size_t size() const override { return 4 * kPieces; }
  http::Slices next() override {
    if (std::exchange(given_, true)) return {};
    return http::Slices(kPieces, http::Slice{nullptr, "four"});
  }

 private:
  bool given_ = false;
};

/// Serves one connection at a time, with the limits that ship. Answers GET /, POST / (with the
/// body's size), GET /v1/stream/tasks (a line, and then nothing) and GET /v1/tasks (4,096 pieces).
class ConnectionWorld {
 public:
  ConnectionWorld() {
    using Context = http::RequestContext;
    router_.add("GET", "/",
                [](Context) -> Async<http::Response> { co_return http::make_text(200, "root"); });
    router_.add("POST", "/", [](Context asked) -> Async<http::Response> {
      co_return http::make_text(200, std::to_string(asked.request.body.size()));
    });
    router_.add("GET", "/v1/stream/tasks", [this](Context) -> Async<http::Response> {
      http::Response response;
      response.body = std::make_unique<OneLine>(loop_);
      co_return response;
    });
    router_.add("GET", "/v1/tasks", [](Context) -> Async<http::Response> {
      http::Response response;
      response.body = std::make_unique<ManyPieces>();
      co_return response;
    });
    const auto allowed = std::make_shared<http::AllowedHosts>(
        "127.0.0.1:3000", std::vector<std::string>{}, std::vector<std::string>{});
    context_ = std::make_shared<http::ServerContext>(loop_, router_, http::Limits{},
                                                     http::make_admission(allowed), budgets_,
                                                     http::TrustedProxies{}, metrics_);
    context_->forget = [this](http::Connection&) { connection_.reset(); };
  }

  /// Runs a program to its end and the peer's. Checks all along what is held, and at the end that
  /// nothing is.
  void run(std::span<const Step> steps) {
    const HeapWatch heap;
    connect();
    for (const auto& step : steps) {
      if (step.kind == Step::Kind::kClose) break;
      if (step.kind == Step::Kind::kEndSending) ::shutdown(peer_, SHUT_WR);
      if (step.kind == Step::Kind::kSegment && !send(step.bytes)) break;
      check(heap.peak_growth() <= kHeldBytesMax, "a connection holds more than its limits");
      if (has_said_all_) break;  // What is sent now is read and dropped.
    }
    disconnect();
    check(connection_ == nullptr, "the peer has gone, and its connection has not");
    check(budgets_->request_bytes->used() == 0, "memory is counted that nobody holds");
    check(budgets_->streams->used() == 0, "a stream is counted that is gone");
    check(heap.growth() <= kKeptBytesMax, "a connection that is gone left memory behind");
  }

  /// A new connection. Requires: there is none.
  void connect() {
    std::array<int, 2> pair{};
    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()) == 0, "no socket pair");
    peer_ = pair[0];
    has_said_all_ = false;
    heard_bytes_ = 0;
    http::StreamSocket socket{loop_.context(), boost::asio::generic::stream_protocol{AF_UNIX, 0},
                              pair[1]};
    connection_ = http::Connection::open(
        http::make_socket_channel(std::move(socket), *http::PeerAddress::parse("127.0.0.1")),
        context_, std::nullopt);
  }
  void disconnect() {
    ::close(std::exchange(peer_, -1));
    turn();
  }

  /// Sends, and lets the server do what it can. False when it takes no more.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(peer_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
      turn();
      if (sent <= 0 && ::send(peer_, bytes.data(), 1, MSG_NOSIGNAL) != 1) return false;
      if (sent <= 0) bytes.remove_prefix(1);
    }
    return true;
  }
  /// How many bytes the server has said since the last connect.
  std::size_t heard_bytes() const { return heard_bytes_; }

 private:
  // Lets the server do all that it can, and takes what it says.
  void turn() {
    for (bool went_on = true; went_on;) {
      loop_.context().restart();
      went_on = loop_.context().poll() > 0;
      const auto heard = ::recv(peer_, heard_.data(), heard_.size(), 0);
      has_said_all_ |= heard == 0;
      heard_bytes_ += heard > 0 ? static_cast<std::size_t>(heard) : 0;
      went_on |= heard > 0;
    }
  }

  IoLoop loop_;
  Metrics metrics_;
  http::Router router_;
  std::shared_ptr<http::ServerBudgets> budgets_ =
      std::make_shared<http::ServerBudgets>(http::ProcessLimits{});
  std::shared_ptr<http::ServerContext> context_;
  std::shared_ptr<http::Connection> connection_;
  int peer_ = -1;
  bool has_said_all_ = false;  // The server sends no more.
  std::size_t heard_bytes_ = 0;
  std::array<char, 64 << 10> heard_{};
};

}  // namespace blox::fuzz
