#include "http/peer_quota.h"

#include "base/check.h"

namespace blox::http {

QuotaAnswer PeerQuota::take(const PeerAddress& peer, std::size_t amount, bool is_proxy) {
  if (amount == 0) return QuotaAnswer::kTaken;
  const PeerAddress group = peer.group();
  const auto found = held_.find(group);
  const std::size_t held = found == held_.end() ? 0 : found->second;
  if (amount > rules_.total - used_) return QuotaAnswer::kAllTaken;
  if (held + amount > rules_.small) {
    const std::size_t reserve = rules_.total * rules_.reserve_percent / 100;
    if (used_ + amount + reserve > rules_.total) return QuotaAnswer::kAllTaken;
    const std::size_t left_by_others = rules_.total - (used_ - held);
    const bool within = (held + amount) * 100 <= left_by_others * rules_.share_percent;
    if (!is_proxy && !within) return QuotaAnswer::kPeersPart;
  }
  used_ += amount;
  held_[group] = held + amount;
  return QuotaAnswer::kTaken;
}

void PeerQuota::give_back(const PeerAddress& peer, std::size_t amount) {
  if (amount == 0) return;
  const auto found = held_.find(peer.group());
  check(found != held_.end() && found->second >= amount, "a peer gives back more than it took");
  used_ -= amount;
  found->second -= amount;
  if (found->second == 0) held_.erase(found);
}

QuotaAnswer QuotaShare::set(std::size_t amount) {
  if (amount > held_) {
    const QuotaAnswer answer = quota_->take(peer_, amount - held_, is_proxy_);
    if (answer != QuotaAnswer::kTaken) return answer;
  } else {
    quota_->give_back(peer_, held_ - amount);
  }
  held_ = amount;
  return QuotaAnswer::kTaken;
}

QuotaAnswer QuotaShare::move_to(const PeerAddress& peer, bool is_proxy) {
  if (peer == peer_) return QuotaAnswer::kTaken;
  quota_->give_back(peer_, held_);
  const QuotaAnswer answer = quota_->take(peer, held_, is_proxy);
  if (answer == QuotaAnswer::kTaken) {
    peer_ = peer;
    is_proxy_ = is_proxy;
  } else {
    quota_->restore(peer_, held_);
  }
  return answer;
}

void PeerQuota::restore(const PeerAddress& peer, std::size_t amount) {
  if (amount == 0) return;
  used_ += amount;
  held_[peer.group()] += amount;
}

}  // namespace blox::http
