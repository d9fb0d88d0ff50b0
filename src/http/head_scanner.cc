#include "http/head_scanner.h"

#include <algorithm>
#include <string>

namespace blox::http {
namespace {

std::unexpected<Response> refuse(std::string why) {
  return std::unexpected{make_text(400, "Not a request of HTTP/1.1: " + std::move(why))};
}

// Any but a tab. Written so that compilers look at many bytes at a time.
bool has_control(std::string_view text) {
  bool found = false;
  for (const char c : text) {
    found |= (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f';
  }
  return found;
}

}  // namespace

std::expected<std::optional<std::size_t>, Response> HeadScanner::scan(std::string_view head) {
  const std::string_view within = head.substr(0, bytes_max_);
  while (seen_ < within.size()) {
    // A folded line would be read as a part of the one before by some, and not by others.
    if (seen_ == line_start_ && seen_ > 0 && (within[seen_] == ' ' || within[seen_] == '\t')) {
      return refuse("a line of the header begins with a blank");
    }
    const std::size_t end = std::min(within.find('\r', seen_), within.size());
    if (has_control(within.substr(seen_, end - seen_))) {
      return refuse("a control character in the header");
    }
    seen_ = end;
    if (seen_ + 1 >= within.size()) break;
    if (within[seen_ + 1] != '\n') return refuse("a line does not end in CR LF");
    const bool is_empty = seen_ == line_start_;
    seen_ += 2;
    line_start_ = seen_;
    if (is_empty) return seen_;
    if (++line_count_ > lines_max_) {
      return std::unexpected{make_text(
          431, "The request's header has more than " + std::to_string(lines_max_) + " lines")};
    }
  }
  if (head.size() < bytes_max_) return std::nullopt;
  return std::unexpected{make_text(
      431, "The request's header is larger than " + std::to_string(bytes_max_) + " bytes")};
}

void HeadScanner::reset() { seen_ = line_start_ = line_count_ = 0; }

}  // namespace blox::http
