#include "http/peer.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ranges>

#include "base/text.h"
#include "http/url.h"

namespace blox::http {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t kMappedBits = 96;

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Proxies write "10.0.0.7", "10.0.0.7:4711", "::1" or "[::1]:4711".
std::optional<PeerAddress> parse_forwarded(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    return end == text.npos ? std::nullopt : PeerAddress::parse(text.substr(1, end - 1));
  }
  if (std::ranges::count(text, ':') == 1) text = text.substr(0, text.find(':'));
  return PeerAddress::parse(text);
}

}  // namespace

std::optional<PeerAddress> PeerAddress::parse(std::string_view text) {
  const std::string terminated{text};
  PeerAddress parsed;
  in_addr v4{};
  if (inet_pton(AF_INET, terminated.c_str(), &v4) == 1) {
    return of_bytes({reinterpret_cast<const char*>(&v4), sizeof v4});
  }
  if (inet_pton(AF_INET6, terminated.c_str(), parsed.bytes_.data()) == 1) return parsed;
  return std::nullopt;
}

PeerAddress PeerAddress::of_bytes(std::string_view bytes) {
  PeerAddress address;
  const bool is_v4 = bytes.size() == 4;
  if (is_v4) std::ranges::copy(kMapped, address.bytes_.begin());
  std::ranges::copy(bytes, address.bytes_.begin() + (is_v4 ? kMapped.size() : 0));
  return address;
}

std::string PeerAddress::to_text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = is_v4();
  inet_ntop(v4 ? AF_INET : AF_INET6, bytes_.data() + (v4 ? kMapped.size() : 0), text.data(),
            text.size());
  return text.data();
}

bool PeerAddress::is_v4() const {
  return std::ranges::equal(std::views::take(bytes_, 12), kMapped);
}

PeerAddress PeerAddress::group() const {
  if (is_v4() && bytes_[12] == 127) return of_bytes({"\x7f\0\0\x01", 4});
  if (is_v4()) return *this;
  PeerAddress group = *this;
  std::fill(group.bytes_.begin() + 8, group.bytes_.end(), std::uint8_t{0});
  return group;
}

std::size_t PeerAddressHash::operator()(const PeerAddress& peer) const {
  return std::hash<std::string_view>{}(
      {reinterpret_cast<const char*>(peer.bytes().data()), peer.bytes().size()});
}

Result<Network> Network::parse(std::string_view text) {
  const auto invalid = [&] {
    return fail(ErrorKind::kInvalid, "network " + quote(without_userinfo(text)) +
                                         ": not an IP address, nor one with /BITS behind it, as "
                                         "10.0.0.0/8 or fd00::/8");
  };
  const auto slash = text.find('/');
  const auto address = PeerAddress::parse(text.substr(0, slash));
  if (!address) return invalid();
  Network network;
  network.address_ = *address;
  if (slash == text.npos) return network;
  const std::string_view digits = text.substr(slash + 1);
  const std::size_t before = address->is_v4() ? kMappedBits : 0;
  std::size_t bits = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), bits);
  if (error != std::errc{} || end != digits.end() || bits > 128 - before) return invalid();
  network.bits_ = before + bits;
  return network;
}

bool Network::contains(const PeerAddress& peer) const {
  const std::size_t whole = bits_ / 8;
  const auto& ours = address_.bytes();
  const auto& theirs = peer.bytes();
  if (!std::equal(ours.begin(), ours.begin() + static_cast<std::ptrdiff_t>(whole),
                  theirs.begin())) {
    return false;
  }
  const std::size_t rest = bits_ % 8;
  return rest == 0 || ((ours.at(whole) ^ theirs.at(whole)) >> (8 - rest)) == 0;
}

bool TrustedProxies::contains(const PeerAddress& peer) const {
  return std::ranges::any_of(networks_,
                             [&](const Network& network) { return network.contains(peer); });
}

PeerAddress TrustedProxies::client_of(const PeerAddress& peer, const Headers& headers) const {
  PeerAddress client = peer;
  if (!contains(client)) return client;
  for (const auto& [name, value] : std::views::reverse(headers)) {
    if (!is_same_name(name, "X-Forwarded-For")) continue;
    std::string_view rest{value};
    while (!rest.empty()) {
      const auto comma = rest.rfind(',');
      const auto last = trim(comma == rest.npos ? rest : rest.substr(comma + 1));
      rest = comma == rest.npos ? std::string_view{} : rest.substr(0, comma);
      const auto said = parse_forwarded(last);
      if (!said) return client;
      client = *said;
      if (!contains(client)) return client;
    }
  }
  return client;
}

}  // namespace blox::http
