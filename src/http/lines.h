// What all line streams share: bytes as they come to whole lines, and what a refusal means.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace blox::http {

/// What is kept of an answer to open_lines that is no stream.
inline constexpr std::size_t kRefusalBytesMax = 64 << 10;

/// The error of open_lines for an answer whose status is not 200. See Transport::open_lines.
Error error_of_refusal(int status, std::string_view body);

/// Keeps a partial line until its end comes.
class LineSplitter {
 public:
  /// Appends the lines that `bytes` ends to `lines`, without "\n" or "\r\n".
  void feed(std::string_view bytes, std::vector<std::string>& lines);
  std::size_t partial_bytes() const { return partial_.size(); }

 private:
  std::string partial_;
};

}  // namespace blox::http
