// For tests of calls out: a server whose every byte is the test's.
#pragma once

#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "http/loopback_for_tests.h"

namespace blox::http {

/// Runs `script` for every connection, each on a thread of its own, and closes it afterwards.
class RawServer {
 public:
  using Script = std::function<void(Peer&)>;

  explicit RawServer(Script script)
      : script_(std::move(script)), thread_([this] { accept_all(); }) {}
  ~RawServer() { stop(); }
  std::string url() const { return listener_.url(); }

  /// No further connection, and the end of those there are.
  void stop() {
    stop_accepting();
    {
      const std::lock_guard lock{mutex_};
      for (auto& connection : connections_) connection.peer.shut_down();
    }
    for (auto& connection : connections_) {
      if (connection.thread.joinable()) connection.thread.join();
    }
  }
  void stop_accepting() {
    listener_.shut_down();
    if (thread_.joinable()) thread_.join();
  }

 private:
  struct Connection {
    explicit Connection(Peer accepted) : peer(std::move(accepted)) {}
    Peer peer;
    std::thread thread;
  };

  void accept_all() {
    while (auto peer = listener_.accept()) {
      const std::lock_guard lock{mutex_};
      auto& connection = connections_.emplace_back(std::move(*peer));
      connection.thread = std::thread{[this, &connection] {
        script_(connection.peer);
        connection.peer.shut_down();
      }};
    }
  }

  Script script_;
  Listener listener_;
  std::mutex mutex_;
  std::list<Connection> connections_;
  std::thread thread_;
};

}  // namespace blox::http
