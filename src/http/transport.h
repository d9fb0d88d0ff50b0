// Transport: calls out, as bytes. The lower seam of everything that Blox asks of others: above it
// retries, paging and error classes are simulated; below it is libcurl, or a simulated world.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/async.h"
#include "base/result.h"
#include "base/time.h"
#include "http/message.h"

namespace blox::http {

struct OutgoingRequest {
  std::string method = "GET";
  std::string url;
  Headers headers;
  std::string body;
  Duration deadline = std::chrono::seconds{30};         ///< For the whole call.
  Duration connect_deadline = std::chrono::seconds{5};  ///< For DNS, connect and TLS.
  /// No byte of the request is sent at this time or later, by the executor's clock, even when the
  /// process was held up since. Then the call fails with kUnavailable.
  std::optional<TimePoint> send_before;
  std::size_t answer_bytes_max = 64 << 20;
  /// Opens a connection of its own. Set it for every call that must not be executed twice: on a
  /// reused one libcurl may send a POST again by itself (design/scheduling.md, "Launching" 3).
  bool fresh_connection = false;
};

struct Answer {
  int status = 0;
  Headers headers;
  std::string body;
};

/// The lines of an endless answer. Destroying it closes the connection.
class LineStream {
 public:
  virtual ~LineStream() = default;
  /// Waits for at least one more line; several that came together come together. No line ends.
  /// Errors: kUnavailable (the peer closed, or nothing came within the idle bound).
  virtual Async<Result<std::vector<std::string>>> next() = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;
  /// Sends one request, once, and waits for the whole answer, whatever its status.
  /// Errors: kUnavailable (no byte of it was sent: DNS, connect, TLS, too late), kUnknown (perhaps
  /// sent in part or whole, and no whole answer came in time), kInvalid (not a URL).
  virtual Async<Result<Answer>> send(OutgoingRequest request) = 0;
  /// Opens an endless answer of lines. `deadline` bounds the wait for its head; afterwards the
  /// stream breaks off when nothing came for `idle_max`. A status other than 200 is an error whose
  /// message holds status and body: 4xx kInvalid (404 kNotFound, 410 kCompacted), else
  /// kUnavailable.
  virtual Async<Result<std::unique_ptr<LineStream>>> open_lines(OutgoingRequest request,
                                                                Duration idle_max) = 0;
};

}  // namespace blox::http
