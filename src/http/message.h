// Requests and answers as plain values, for handlers and for calls out. Beast and libcurl stay
// behind server.h and curl_transport.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/async.h"
#include "base/result.h"
#include "http/headers.h"
#include "http/peer.h"
#include "http/route.h"
#include "http/url.h"

namespace blox::http {

/// In whose name a request acts. Nobody is asked for a name yet.
struct Principal {
  std::string name = "anonymous";
};

/// A request as a handler sees it.
struct Request {
  std::string method = {};  ///< "GET".
  /// Path and query, still percent-encoded: "/v1/tasks?status=x". Never a whole URL.
  std::string target = {};
  Headers headers = {};  ///< Those of the head; trailers are dropped.
  std::string body = {};
  std::optional<Target> url = {};  ///< `target` taken apart, where that was done already.
  PeerAddress client = {};         ///< Who asks; see TrustedProxies.
  Principal principal = {};
};

/// A piece of an answer whose bytes belong to somebody else, kept alive by `owner`: its own, or
/// that of another piece of the same Slices.
struct Slice {
  std::shared_ptr<const void> owner;
  std::string_view bytes;
};
using Slices = std::vector<Slice>;
std::size_t bytes_of(const Slices& slices);

/// An answer's body that comes bit by bit. Destroyed when the peer leaves.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  /// Waits for the next bytes; empty Slices end the body well, an error breaks the connection off.
  /// It is not asked again before what it gave has been written.
  virtual Async<Result<Slices>> next() = 0;
};

/// A body of known length, made piece by piece from what does not change any more, so that a slow
/// reader of a large answer costs no more than one piece. Threading: any thread, one at a time.
class FrozenBody {
 public:
  virtual ~FrozenBody() = default;
  /// Of the whole body, in bytes.
  virtual std::size_t size() const = 0;
  /// What it holds besides what others share, at the most, in bytes: counted as its peer's.
  virtual std::size_t held_bytes() const { return 0; }
  /// The next piece, a few hundred KiB at most; empty Slices after the last. All together are
  /// size() bytes. It is not asked again before what it gave has been written.
  virtual Slices next() = 0;
};

/// `std::string`: small, owned. `Slices`: a few pieces, Content-Length known.
/// `unique_ptr<FrozenBody>`: large, Content-Length known. `unique_ptr<BodyStream>`: chunked.
using Body =
    std::variant<std::string, Slices, std::unique_ptr<FrozenBody>, std::unique_ptr<BodyStream>>;

struct Response {
  int status = 200;
  Headers headers;  ///< Content-Type among them; lengths and Connection are the server's.
  Body body;
};

/// What a service is to the server. Requires: does not throw; outlives the server's connections.
class Handler {
 public:
  virtual ~Handler() = default;
  /// What is known of `head`, a request whose body has not been read and may never be. The body is
  /// read only when it keeps to the route's bound. Threading: as handle.
  virtual const Route& route_of(const Request& head) const;
  /// Threading: the executor's thread. May be destroyed while it waits, when the peer leaves.
  virtual Async<Response> handle(Request request) = 0;
};

/// The one place that turns an error's kind into a status of HTTP.
int to_status(ErrorKind kind);

/// `text/plain; charset=UTF-8`, one line, without its end; see end_error_text.
Response make_text(int status, std::string line);
/// As make_text, for what was not done and may be later: 503 and 429. The client is asked to come
/// again after a while that grows with the kind of trouble.
Response make_busy(int status, std::string line);
/// The whole sentence as text, with the status of its kind; as make_busy where that fits.
Response make_error(const Error& error);
/// `application/json; charset=UTF-8`.
Response make_json(int status, std::string json);

}  // namespace blox::http
