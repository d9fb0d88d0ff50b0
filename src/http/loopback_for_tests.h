// For tests of http: a loop on a thread of its own, and peers on plain blocking sockets.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/io_loop.h"
#include "base/scope.h"

namespace blox::http {

/// Runs an IoLoop; the test's own thread stays free for blocking peers.
class LoopThread {
 public:
  LoopThread() : thread_([this] { loop.run(); }) {}
  ~LoopThread() {
    loop.stop();
    thread_.join();
  }

  /// Runs `job` on the loop and waits for what it returns.
  template <class Job>
  auto call(Job job) {
    std::packaged_task<decltype(job())()> task{std::move(job)};
    auto result = task.get_future();
    loop.post([&task] { task(); });
    return result.get();
  }

  /// Awaits `work` on the loop.
  template <class T>
  T await(Async<T> work) {
    std::promise<T> promise;
    auto result = promise.get_future();
    auto scope = call([&] {
      auto made = std::make_unique<Scope>(loop);
      made->spawn(deliver(std::move(work), promise));
      return made;
    });
    T value = result.get();
    call([&] { scope.reset(); });
    return value;
  }

  IoLoop loop;

 private:
  template <class T>
  static Async<void> deliver(Async<T> work, std::promise<T>& promise) {
    promise.set_value(co_await std::move(work));
  }

  std::thread thread_;
};

/// One end of a TCP connection. Gives up after 5 s without a byte, so that no test hangs.
class Peer {
 public:
  explicit Peer(int socket) : socket_(socket) {
    const timeval limit{5, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  Peer(Peer&& other) noexcept : socket_(std::exchange(other.socket_, -1)), text_(other.text_) {}
  Peer& operator=(Peer&&) = delete;
  ~Peer() { close(); }

  /// Connects to "127.0.0.1:PORT". `receive_bytes` > 0 makes the kernel's buffer that small;
  /// `from`, an address of the loopback network, is the peer's own.
  static Peer connect_to(const std::string& address, int receive_bytes = 0,
                         const char* from = nullptr) {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    if (from != nullptr) {
      sockaddr_in own{};
      own.sin_family = AF_INET;
      inet_pton(AF_INET, from, &own.sin_addr);
      EXPECT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&own), sizeof own), 0);
    }
    if (receive_bytes > 0) {
      setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    return Peer{socket};
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Everything up to and with `end`; what came so far when the other side ends first.
  std::string read_until(std::string_view end) {
    while (text_.find(end) == text_.npos && read_some()) {
    }
    const auto found = text_.find(end);
    const auto size = found == text_.npos ? text_.size() : found + end.size();
    std::string taken = text_.substr(0, size);
    text_.erase(0, size);
    return taken;
  }
  /// Everything until the other side closes.
  std::string read_all() {
    while (read_some()) {
    }
    return std::exchange(text_, {});
  }
  /// How many bytes come until the other side closes, read in pieces and dropped.
  std::size_t count_all(std::size_t piece_bytes) {
    std::string piece(piece_bytes, '\0');
    std::size_t count = 0;
    for (;;) {
      const auto bytes = ::recv(socket_, piece.data(), piece.size(), 0);
      if (bytes <= 0) return count;
      count += static_cast<std::size_t>(bytes);
    }
  }
  /// A request with Content-Length, head and body.
  std::string read_request() {
    std::string head = read_until("\r\n\r\n");
    const auto length = head.find("Content-Length: ");
    if (length == head.npos) return head;
    const auto bytes = static_cast<std::size_t>(std::stoul(head.substr(length + 16)));
    while (text_.size() < bytes && read_some()) {
    }
    head += text_.substr(0, bytes);
    text_.erase(0, bytes);
    return head;
  }

  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }
  /// Closes with a reset, as a peer does whose process was killed with bytes unread.
  void reset() {
    const linger at_once{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }
  /// Sends no more, and still reads.
  void end_sending() { ::shutdown(socket_, SHUT_WR); }
  /// Wakes a read under way in another thread, and ends the connection.
  void shut_down() { ::shutdown(socket_, SHUT_RDWR); }

 private:
  bool read_some() {
    char bytes[16384];
    const auto count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    text_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }

  int socket_;
  std::string text_;
};

/// Listens on a free port of 127.0.0.1.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    EXPECT_EQ(::listen(socket_, 16), 0);
    socklen_t size = sizeof at;
    getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    const timeval limit{5, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { close(); }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  /// The next connection; nullopt once closed from elsewhere, or after 5 s.
  std::optional<Peer> accept() {
    const int socket = ::accept(socket_, nullptr, nullptr);
    if (socket < 0) return std::nullopt;
    return Peer{socket};
  }
  /// Wakes an accept under way.
  void shut_down() { ::shutdown(socket_, SHUT_RDWR); }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }

 private:
  int socket_;
  int port_ = 0;
};

}  // namespace blox::http
