// What one connection holds of what all connections of the process share.
#pragma once

#include <cstddef>
#include <optional>

#include "http/message.h"
#include "http/peer.h"
#include "http/server_budgets.h"

namespace blox::http {

/// Memory, a stream, a read of the store. Given back at its end. Threading: the loop's thread.
class ConnectionShares {
 public:
  /// Requires: both outlive it.
  ConnectionShares(const ServerBudgets& budgets, const TrustedProxies& proxies,
                   const PeerAddress& peer);

  /// `bytes` of memory are held from here on, instead of what was. False when there is no room for
  /// more; then it is what it was. A few KiB are not counted.
  bool hold(std::size_t bytes);
  /// Memory counts as `client`'s from here on. False when that has no room for it.
  bool move_to(const PeerAddress& client);
  /// What to answer when there was no room.
  Response no_room() const;

  /// A place among the streams, or what to answer when there is none.
  std::optional<Response> take_stream(const PeerAddress& client);
  /// Leave to read the store, which leaves room for what the service itself has to read and write;
  /// or what to answer when there is none.
  std::optional<Response> take_store_read(const PeerAddress& client);
  void give_back_store_read() { store_read_.reset(); }
  /// Of streams and of reads.
  void give_back_places();

 private:
  const ServerBudgets& budgets_;
  const TrustedProxies& proxies_;
  QuotaShare memory_;
  std::optional<QuotaShare> stream_;
  std::optional<QuotaShare> store_read_;
};

}  // namespace blox::http
