// Who is at the other end: addresses, networks of trusted proxies, and what proxies say of whom
// they speak for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/headers.h"

namespace blox::http {

/// An IP address; an IPv4 one and the same mapped into IPv6 are equal.
class PeerAddress {
 public:
  /// "::", which no peer has.
  PeerAddress() = default;
  /// Takes "10.0.0.7", "::1" or "::ffff:10.0.0.7"; no brackets, port or zone.
  static std::optional<PeerAddress> parse(std::string_view text);
  /// Requires: 4 or 16 bytes in network order.
  static PeerAddress of_bytes(std::string_view bytes);

  /// "10.0.0.7", "2001:db8::1".
  std::string to_text() const;
  bool is_v4() const;
  /// Whom shares are counted by: an IPv4 address itself; of an IPv6 one the first 64 bits, as
  /// whoever has one address of such a network has them all; the same is true of 127.0.0.0/8.
  PeerAddress group() const;
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }

  friend bool operator==(const PeerAddress&, const PeerAddress&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

struct PeerAddressHash {
  std::size_t operator()(const PeerAddress& peer) const;
};

/// "10.0.0.0/8", or a single address.
class Network {
 public:
  /// Errors: kInvalid, naming `text` and the form.
  static Result<Network> parse(std::string_view text);
  bool contains(const PeerAddress& peer) const;

 private:
  PeerAddress address_;
  std::size_t bits_ = 128;  // Of the 128 of a mapped address.
};

/// The networks of --trusted-proxy.
class TrustedProxies {
 public:
  TrustedProxies() = default;
  explicit TrustedProxies(std::vector<Network> networks) : networks_(std::move(networks)) {}

  bool contains(const PeerAddress& peer) const;
  /// Whom a request comes from: `peer`, or, when that is a trusted proxy, the last address in
  /// X-Forwarded-For that is none. What stands before it anybody may have written.
  PeerAddress client_of(const PeerAddress& peer, const Headers& headers) const;

 private:
  std::vector<Network> networks_;
};

}  // namespace blox::http
