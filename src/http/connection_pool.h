// What the servers of one process share: how many connections they may hold in all.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace blox::http {

/// A bounded count of connections. Threading: any thread.
class ConnectionPool {
 public:
  explicit ConnectionPool(std::size_t count_max) : count_max_(count_max) {}
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  /// Takes a place. False when none is left.
  bool take();
  void give_back() { --count_; }
  std::size_t count_max() const { return count_max_; }

 private:
  const std::size_t count_max_;
  std::atomic<std::size_t> count_ = 0;
};

/// Raises the soft limit of open files to the hard one, as the usual soft limit of 1,024 is less
/// than a server's clients need. Shape: the limit in force. To be called once, at start.
std::size_t raise_open_files_max();

/// The pool of this process: the limit of open files, as it stands at the first call, less what
/// the store, the calls out and the connections being refused need. So clients alone cannot use up
/// what a StartTask needs to connect.
std::shared_ptr<ConnectionPool> process_connections();

}  // namespace blox::http
