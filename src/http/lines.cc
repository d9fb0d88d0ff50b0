#include "http/lines.h"

#include <utility>

#include "base/bounded_text.h"
#include "base/text.h"

namespace blox::http {

Error error_of_refusal(int status, std::string_view body) {
  ErrorKind kind = ErrorKind::kUnavailable;
  if (status >= 400 && status < 500) kind = ErrorKind::kInvalid;
  if (status == 404) kind = ErrorKind::kNotFound;
  if (status == 410) kind = ErrorKind::kCompacted;
  return Error{kind, "answered " + std::to_string(status) + ": " + shorten(without_line_end(body))};
}

void LineSplitter::feed(std::string_view bytes, std::vector<std::string>& lines) {
  for (auto end = bytes.find('\n'); end != bytes.npos; end = bytes.find('\n')) {
    partial_ += bytes.substr(0, end);
    if (partial_.ends_with('\r')) partial_.pop_back();
    lines.push_back(std::exchange(partial_, {}));
    bytes.remove_prefix(end + 1);
  }
  partial_ += bytes;
}

}  // namespace blox::http
