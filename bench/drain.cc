// How fast one answer comes over a plain socket to a client that counts bytes and keeps none: what
// the service can give, without the share of a client that keeps it.
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/url/parse.hpp>
#include <charconv>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "load.h"

namespace blox::bench {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 1 << 20;
constexpr std::string_view kLengthHeader = "\r\nContent-Length: ";

struct Drained {
  std::size_t bytes = 0;  ///< Of the body.
  Clock::duration to_first_byte{};
  Clock::duration to_last_byte{};
};

/// Bytes of the whole answer, head included; 0 as long as the head has not come whole.
Result<std::size_t> answer_bytes(std::string_view begin) {
  const auto head_end = begin.find("\r\n\r\n");
  if (head_end == begin.npos) return 0;
  if (!begin.starts_with("HTTP/1.1 200 ")) {
    return fail(ErrorKind::kInternal, std::string{begin.substr(0, begin.find('\r'))});
  }
  const auto at = begin.find(kLengthHeader);
  if (at >= head_end) return fail(ErrorKind::kInternal, "the answer has no Content-Length");
  std::size_t length = 0;
  const auto digits = begin.substr(at + kLengthHeader.size());
  std::from_chars(digits.data(), digits.data() + digits.size(), length);
  return head_end + 4 + length;
}

Result<Drained> drain_once(asio::ip::tcp::socket& socket, const std::string& request,
                           std::vector<char>& buffer) {
  Drained drained;
  boost::system::error_code error;
  const auto start = Clock::now();
  asio::write(socket, asio::buffer(request), error);
  std::string head;
  std::size_t read = 0;
  std::size_t wanted = 0;  // Unknown yet.
  while (!error && (wanted == 0 || read < wanted)) {
    const auto bytes = socket.read_some(asio::buffer(buffer), error);
    if (read == 0) drained.to_first_byte = Clock::now() - start;
    read += bytes;
    if (wanted != 0) continue;
    head.append(buffer.data(), bytes);
    auto found = answer_bytes(head);
    if (!found) return std::unexpected(found.error());
    wanted = *found;
    drained.bytes = wanted == 0 ? 0 : wanted - head.find("\r\n\r\n") - 4;
  }
  if (error) return fail(ErrorKind::kInternal, error.message());
  drained.to_last_byte = Clock::now() - start;
  return drained;
}

}  // namespace

Result<Figures> drain(const Fetch& load) {
  if (load.count < 1) return fail(ErrorKind::kInvalid, "--count: at least 1");
  const auto url = boost::urls::parse_uri(load.url);
  if (!url) return fail(ErrorKind::kInvalid, "--url: '" + load.url + "' is not a URL");
  asio::io_context context;
  asio::ip::tcp::resolver resolver{context};
  asio::ip::tcp::socket socket{context};
  boost::system::error_code error;
  const auto endpoints = resolver.resolve(url->host(), url->port(), error);
  if (!error) asio::connect(socket, endpoints, error);
  if (error) return fail(ErrorKind::kUnavailable, load.url + ": " + error.message());

  const std::string request = "GET " + std::string{url->encoded_resource()} +
                              " HTTP/1.1\r\nHost: " + url->host() + "\r\n\r\n";
  std::vector<char> buffer(kReadBytes);
  std::vector<double> first_ms;
  std::vector<double> seconds;
  std::size_t bytes = 0;
  for (int i = 0; i < load.count; ++i) {
    const auto drained = drain_once(socket, request, buffer);
    if (!drained) return drained.error_in(load.url);
    bytes = drained->bytes;
    first_ms.push_back(to_ms(drained->to_first_byte));
    seconds.push_back(to_seconds(drained->to_last_byte));
  }
  return Figures{{"bytes", static_cast<double>(bytes)},
                 {"first_byte_p50_ms", quantile(first_ms, 0.5)},
                 {"first_byte_p99_ms", quantile(first_ms, 0.99)},
                 {"bytes_per_second", static_cast<double>(bytes) / quantile(seconds, 0.5)}};
}

}  // namespace blox::bench
