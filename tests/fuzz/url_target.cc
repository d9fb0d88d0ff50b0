// Targets of requests, their parts, and the names of hosts: http/url.h and http/allowed_hosts.h.
#include "http/url.h"

#include <string>
#include <string_view>

#include "base/text.h"
#include "fuzz/oracle.h"
#include "http/allowed_hosts.h"
#include "http/peer.h"

namespace blox::fuzz {
namespace {

bool is_clean(std::string_view text) { return text.find('\0') == text.npos; }

// What a client would build of the parts of `target`.
std::string rebuild(const http::Target& target) {
  std::string text;
  for (const auto& segment : target.raw_segments) {
    const auto plain = http::decode_percent(segment);
    check(plain.has_value(), "a segment of a parsed path can be decoded");
    text += "/" + http::encode_path_segment(*plain);
  }
  char before = '?';
  for (const auto& [name, value] : target.query) {
    text += before + http::encode_path_segment(name) + "=" + http::encode_path_segment(value);
    before = '&';
  }
  return text;
}

void parse_target(std::string_view text) {
  const auto target = [&] {
    // Each '&' makes a parameter of two texts, in a vector that grows by doubling.
    const MemoryBound bound{text, std::size_t{256} * 1'024, 3 * sizeof(http::Query::value_type)};
    return http::parse_target(text);
  }();
  if (!target) {
    check(target.error().kind == ErrorKind::kInvalid, "a bad target is invalid");
    check(target.error().message.size() <= kErrorBytesMax, "an error's length is bounded");
    return;
  }
  std::size_t bytes = target->raw_query.size();
  for (const auto& segment : target->raw_segments) {
    const auto plain = http::decode_percent(segment);
    check(plain.has_value() && is_clean(*plain), "a segment can be decoded, without NUL");
    bytes += plain->size();
  }
  for (const auto& [name, value] : target->query) {
    check(is_clean(name) && is_clean(value), "a query has no NUL");
    check(http::find_query(target->query, name).has_value(), "a name that is there is found");
    bytes += name.size() + value.size();
  }
  check(bytes <= 2 * text.size() + 1, "decoding makes nothing longer");
  const auto again = http::parse_target(rebuild(*target));
  check(again.has_value(), "what is built of a target's parts is a target");
  check(again->raw_segments.size() == target->raw_segments.size() && again->query == target->query,
        "a target's parts are read back");
}

void percent(std::string_view text) {
  const std::string encoded = http::encode_path_segment(text);
  check(encoded.size() <= 3 * text.size(), "encoding makes a byte three at most");
  check(encoded.find_first_of("/?#& +:;=\r\n") == encoded.npos, "an encoded segment is one");
  const auto decoded = http::decode_percent(encoded);
  check(decoded.has_value() == is_clean(text), "NUL alone is refused");
  check(!decoded || *decoded == text, "what was encoded is read back");
  const auto direct = http::decode_percent(text);
  check(!direct || direct->size() <= text.size(), "decoding makes nothing longer");
}

void hosts(std::string_view text) {
  const std::string name = http::host_name(text);
  check(name.size() <= text.size() && name == to_lower(name),
        "a name is part of it, in lower case");
  check(http::host_name(to_lower(text)) == name, "case does not count");
  const std::vector<std::string> allowed{std::string{text}};
  const Status usable = http::AllowedHosts::check(allowed);
  check(usable || usable.error().kind == ErrorKind::kInvalid, "a bad host is invalid");
  const http::AllowedHosts ours{"10.0.0.7:3000", {}, {}};
  if (ours.takes_host(text)) {
    check(http::is_loopback(name) || http::PeerAddress::parse(name) ||
              name.find('.') == std::string::npos,
          "a foreign host is refused");
  }
  if (ours.takes_origin("http://" + std::string{text}, "css")) {
    check(http::is_loopback(name) || name == "10.0.0.7" || to_lower(text) == "css",
          "a foreign page is refused");
  }
  if (!usable || text.find("://") != text.npos) return;
  const http::AllowedHosts allowing{"10.0.0.7:3000", {}, allowed};
  check(allowing.takes_host(text) && allowing.takes_origin("http://" + std::string{text}, "css"),
        "what is allowed is let in");
}

}  // namespace
}  // namespace blox::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = blox::fuzz::as_text(data, size);
  blox::fuzz::parse_target(text);
  blox::fuzz::percent(text);
  blox::fuzz::hosts(text);
  return 0;
}
