// The bytes round a body: status line, headers, chunk frames. Pure text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/message.h"

namespace blox::http {

/// What the server adds to a response's own headers.
struct Framing {
  std::string_view date;                  ///< As format_http_date returns it.
  std::optional<std::size_t> body_bytes;  ///< nullopt: the length is not known beforehand.
  bool chunked = false;
  bool keep_alive = true;
};

/// Ends the text of an error with a line end, as v0.3 wrote it. What is no plain text of status 400
/// and above stays as it is.
void end_error_text(Response& response);

/// The head up to and with the empty line. Headers with a line end in name or value are left out.
std::string format_head(const Response& response, const Framing& framing);

/// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string format_http_date(WallTime time);

/// What stands before a chunk of `bytes` (>= 1) bytes; after it stands "\r\n".
std::string format_chunk_start(std::size_t bytes);

/// True when a response of `status` never has a body (1xx, 204, 304).
bool is_bodiless(int status);

}  // namespace blox::http
