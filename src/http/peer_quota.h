// PeerQuota: something of which a server has only so much, shared out so that no peer takes it all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "http/peer.h"

namespace blox::http {

struct QuotaRules {
  std::size_t total = 0;
  /// A peer may hold so much of what the others leave free, in percent.
  std::size_t share_percent = 50;
  /// The last of the total, in percent, goes only to peers that hold no more than `small`.
  std::size_t reserve_percent = 5;
  /// What each peer may hold as long as there is any left.
  std::size_t small = 8;
};

enum class QuotaAnswer : std::uint8_t {
  kTaken,
  kAllTaken,   ///< There is none left, or only the reserve.
  kPeersPart,  ///< This peer holds all that it may.
};

/// Peers count by their PeerAddress::group. With 10,000 places and the rules above, peers that each
/// ask for all get 5,000, 2,500, 1,250 and so on. Threading: one thread.
class PeerQuota {
 public:
  explicit PeerQuota(QuotaRules rules) : rules_(rules) {}
  PeerQuota(const PeerQuota&) = delete;
  PeerQuota& operator=(const PeerQuota&) = delete;

  /// `is_proxy`: `peer` speaks for many, so its share has no bound of its own; the reserve is kept
  /// from it all the same.
  QuotaAnswer take(const PeerAddress& peer, std::size_t amount, bool is_proxy = false);
  /// Requires: `amount` was taken by `peer`.
  void give_back(const PeerAddress& peer, std::size_t amount);

  /// Takes again what was given back just now, whatever the rules say.
  void restore(const PeerAddress& peer, std::size_t amount);
  std::size_t used() const { return used_; }
  const QuotaRules& rules() const { return rules_; }

 private:
  const QuotaRules rules_;
  std::size_t used_ = 0;
  std::unordered_map<PeerAddress, std::size_t, PeerAddressHash> held_;  // More than 0.
};

/// What one connection holds of a quota; given back at its end.
class QuotaShare {
 public:
  QuotaShare(std::shared_ptr<PeerQuota> quota, const PeerAddress& peer, bool is_proxy = false)
      : quota_(std::move(quota)), peer_(peer), is_proxy_(is_proxy) {}
  QuotaShare(const QuotaShare&) = delete;
  QuotaShare& operator=(const QuotaShare&) = delete;
  ~QuotaShare() { std::ignore = set(0); }

  /// Holds `amount` from here on; when that is more than before and not to be had, what it was.
  QuotaAnswer set(std::size_t amount);
  /// What is held counts as `peer`'s from here on; when that has no room for it, as before.
  QuotaAnswer move_to(const PeerAddress& peer, bool is_proxy);
  const PeerQuota& quota() const { return *quota_; }

 private:
  std::shared_ptr<PeerQuota> quota_;
  PeerAddress peer_;
  bool is_proxy_;
  std::size_t held_ = 0;
};

}  // namespace blox::http
