// What the servers of one process may use up, shared by all of them and by their peers.
#pragma once

#include <cstddef>
#include <memory>

#include "http/peer_quota.h"

namespace blox::http {

/// Bounds for a process. Errors of use: 503 with Retry-After.
struct ProcessLimits {
  std::size_t connection_count = 10'000;  ///< Or what the open files allow, if that is less.
  std::size_t stream_count = 4'000;       ///< Or three quarters of the connections.
  std::size_t request_bytes = 64 << 20;   ///< Requests that are being read or answered.
  /// Requests that read the store at a time: each may hold megabytes of what it may have waiting.
  std::size_t store_read_count = 4;
  std::size_t peer_share_percent = QuotaRules{}.share_percent;
  std::size_t peer_reserve_percent = QuotaRules{}.reserve_percent;
  /// Of connections, streams, and requests of usual size.
  std::size_t peer_small_count = QuotaRules{}.small;
};

/// Threading: one thread.
struct ServerBudgets {
  explicit ServerBudgets(const ProcessLimits& limits);

  std::shared_ptr<PeerQuota> connections;
  std::shared_ptr<PeerQuota> streams;
  std::shared_ptr<PeerQuota> request_bytes;
  std::shared_ptr<PeerQuota> store_reads;
};

/// `limits` with no more connections than the limit of open files, as it stands, leaves when the
/// store, the calls out and connections being refused have what they need: clients alone cannot
/// use up what a StartTask needs to connect.
ProcessLimits within_open_files(ProcessLimits limits);

/// Raises the soft limit of open files to the hard one, as the usual soft limit of 1,024 is less
/// than a server's clients need. Shape: the limit in force. To be called once, at start.
std::size_t raise_open_files_max();

}  // namespace blox::http
