// RequestReader: bytes from a peer to requests, the head first. The fence round Beast's parser:
// it sees one whole head of bounded size, then bounded pieces of the body, and nothing that it
// throws comes out. No I/O; Beast stays in request_reader.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "http/head_scanner.h"
#include "http/message.h"

namespace blox::http {

/// What the fields of a request may take, in bytes, its first line among them.
inline constexpr std::size_t kHeadBytesMax = 64 << 10;

/// What one request may bring along, whatever segments it comes in.
struct ReaderLimits {
  std::size_t head_bytes_max = kHeadBytesMax;
  std::size_t head_lines_max = 256;
  std::size_t target_bytes_max = 8 << 10;
  /// Of the header of one chunk, and of the trailer: the parser has to see them whole.
  /// Requires: under 65,533, as Beast throws for a field of that size.
  std::size_t chunk_bytes_max = 16 << 10;
};

///          feed     +-------------- next --------------+
///            v      v                                  |
///         reading the head --> head there --> reading the body --> whole
///            |                      | begin_body        | too large, broken
///            +----------------------+-------------------+--> refused
///
/// Between requests it holds nothing but what was fed ahead. Threading: one thread.
class RequestReader {
 public:
  enum class State : std::uint8_t { kHead, kHeadThere, kBody, kWhole, kRefused };

  explicit RequestReader(const ReaderLimits& limits);
  ~RequestReader();

  /// Takes what came from the peer. Bound: the caller's; see waiting_bytes.
  void feed(std::string_view bytes) { waiting_ += bytes; }
  /// Goes as far as the bytes fed reach, and no further than kHeadThere without begin_body.
  State advance();
  State state() const { return state_; }

  /// The request without its body from kHeadThere on, whole in kWhole. Its target is in origin-form
  /// and taken apart.
  Request& request() { return request_; }
  /// Requires: kWhole.
  Request take_request() { return std::move(request_); }
  /// Whether it is a HEAD, whose answer has no body; of one that is refused, too.
  bool is_head() const { return is_head_; }
  /// Whether the client would take a further answer on this connection. From kHeadThere on.
  bool keep_alive() const { return keep_alive_; }
  /// Whether it speaks HTTP/1.1: chunks may be sent to it.
  bool is_http_1_1() const { return is_http_1_1_; }
  /// Whether it waits for 100 before it sends its body.
  bool expects_continue() const { return expects_continue_; }
  /// Whether a body follows. From kHeadThere on.
  bool has_body() const { return has_body_; }
  /// The body may come, up to `body_bytes_max`. Requires: kHeadThere.
  State begin_body(std::size_t body_bytes_max);

  /// What to answer before the connection is closed. Requires: kRefused.
  Response take_refusal() { return std::move(refusal_); }

  /// Gives all memory back. Nothing can be read afterwards.
  void drop();
  /// Forgets the request; the next begins with what was fed already. Requires: kWhole.
  void next();
  /// Bytes that were fed and not taken.
  std::size_t waiting_bytes() const { return waiting_.size() - taken_; }
  /// Whether something of a request has come.
  bool has_begun() const { return state_ != State::kHead || waiting_bytes() > 0; }
  /// What it holds in memory of requests: fed, head and body.
  std::size_t held_bytes() const;

 private:
  struct Parser;
  State read_head();
  State parse_head(std::string_view head);
  State check_head();
  std::optional<Response> find_fault();
  State read_body();
  State refuse(Response response);
  void drop_taken();

  const ReaderLimits limits_;
  HeadScanner scanner_;
  std::string waiting_;      // What was fed,
  std::size_t taken_ = 0;    // of which so much was read,
  std::size_t skipped_ = 0;  // and so much, in all, stood before the request line.
  std::unique_ptr<Parser> parser_;
  State state_ = State::kHead;
  Request request_;
  std::size_t head_bytes_ = 0;  // What the head takes in memory.
  std::size_t body_bytes_max_ = 0;
  bool is_head_ = false;
  bool keep_alive_ = false;
  bool is_http_1_1_ = false;
  bool expects_continue_ = false;
  bool has_body_ = false;
  Response refusal_;
};

}  // namespace blox::http
