#include "cli/heard.h"

#include <optional>
#include <string_view>
#include <utility>

#include "base/bounded_text.h"
#include "base/text.h"

namespace blox::cli {
namespace {

std::string header_of(const http::Answer& answer, std::string_view name) {
  return std::string{http::find_header(answer.headers, name).value_or("")};
}

}  // namespace

Async<Result<http::Answer>> HearingTransport::send(http::OutgoingRequest request) {
  auto answer = co_await inner_.send(std::move(request));
  heard_.busy.clear();
  heard_.retry_after.clear();
  if (!answer) co_return answer;
  if (answer->status == 429 || answer->status == 503) {
    heard_.busy = shorten(without_line_end(answer->body));
    if (heard_.busy.empty()) heard_.busy = "status " + std::to_string(answer->status);
    heard_.retry_after = header_of(*answer, "Retry-After");
  }
  if (answer->status == 200) {
    heard_.unread = header_of(*answer, "Blox-Unread-Clusters");
    heard_.incomplete = header_of(*answer, "Blox-Incomplete-Clusters");
  }
  co_return answer;
}

Async<Result<std::unique_ptr<http::LineStream>>> HearingTransport::open_lines(
    http::OutgoingRequest request, Duration idle_max) {
  return inner_.open_lines(std::move(request), idle_max);
}

}  // namespace blox::cli
