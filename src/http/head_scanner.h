// HeadScanner: finds the end of a request's head in bytes that come bit by bit, and refuses what no
// head has, so that the parser only ever sees one whole head of bounded size.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string_view>

#include "http/message.h"

namespace blox::http {

/// Looks at each byte once. Pure.
class HeadScanner {
 public:
  /// Bounds of the whole head with its empty line, in bytes, and of its lines.
  HeadScanner(std::size_t bytes_max, std::size_t lines_max)
      : bytes_max_(bytes_max), lines_max_(lines_max) {}

  /// `head`: all bytes since the head's first. Its size once its empty line is there; nullopt while
  /// it is not. What it answers does not depend on how the bytes came, only when it does.
  /// Errors: the refusal to send: a line end that is not CRLF, control bytes, a folded line (400),
  /// too large (431).
  std::expected<std::optional<std::size_t>, Response> scan(std::string_view head);
  /// Begins with a new head.
  void reset();

 private:
  std::size_t bytes_max_;
  std::size_t lines_max_;
  std::size_t seen_ = 0;        // Bytes looked at.
  std::size_t line_start_ = 0;  // Of the line that `seen_` is in.
  std::size_t line_count_ = 0;
};

}  // namespace blox::http
