#include "http/connection_shares.h"

#include <string>

namespace blox::http {
namespace {

// What a connection may hold without being counted: the usual request is smaller, and the number
// of connections is bounded.
constexpr std::size_t kUncountedBytesMax = 4 << 10;

}  // namespace

ConnectionShares::ConnectionShares(const ServerBudgets& budgets, const TrustedProxies& proxies,
                                   const PeerAddress& peer)
    : budgets_(budgets),
      proxies_(proxies),
      memory_(budgets.request_bytes, peer, proxies.contains(peer)) {}

bool ConnectionShares::hold(std::size_t bytes) {
  return memory_.set(bytes > kUncountedBytesMax ? bytes : 0) == QuotaAnswer::kTaken;
}

bool ConnectionShares::move_to(const PeerAddress& client) {
  return memory_.move_to(client, proxies_.contains(client)) == QuotaAnswer::kTaken;
}

Response ConnectionShares::no_room() const {
  return make_busy(503, "Too much is under way: requests and answers may take " +
                            std::to_string(memory_.quota().rules().total) +
                            " bytes in all, and one address a part of it; try again");
}

std::optional<Response> ConnectionShares::take_stream(const PeerAddress& client) {
  stream_.emplace(budgets_.streams, client, proxies_.contains(client));
  const QuotaAnswer taken = stream_->set(1);
  if (taken == QuotaAnswer::kTaken) return std::nullopt;
  stream_.reset();
  if (taken == QuotaAnswer::kPeersPart) return make_busy(503, "Too many streams of one address");
  return make_busy(
      503, "Too many streams: the limit is " + std::to_string(budgets_.streams->rules().total));
}

std::optional<Response> ConnectionShares::take_store_read(const PeerAddress& client) {
  store_read_.emplace(budgets_.store_reads, client, proxies_.contains(client));
  if (store_read_->set(1) == QuotaAnswer::kTaken) return std::nullopt;
  store_read_.reset();
  return make_busy(
      503, "Too many reads of the store: " + std::to_string(budgets_.store_reads->rules().total) +
               " may be under way at a time; try again");
}

void ConnectionShares::give_back_places() {
  stream_.reset();
  store_read_.reset();
}

}  // namespace blox::http
