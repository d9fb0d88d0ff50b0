#include "http/response_head.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "base/text.h"

namespace blox::http {
namespace {

std::string_view reason_of(int status) {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Payload Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Entity";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Status";
  }
}

}  // namespace

void end_error_text(Response& response) {
  auto* text = std::get_if<std::string>(&response.body);
  if (text == nullptr || response.status < 400 || text->empty() || text->ends_with('\n')) return;
  const auto type = find_header(response.headers, "Content-Type");
  if (type && type->starts_with("text/plain")) text->push_back('\n');
}

std::string format_head(const Response& response, const Framing& framing) {
  std::string head;
  head.reserve(256);
  auto out = std::back_inserter(head);
  fmt::format_to(out, "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status, reason_of(response.status),
                 framing.date);
  for (const auto& [name, value] : response.headers) {
    // A line end here would let whoever chose the value write headers of his own.
    if (!is_one_line(name) || !is_one_line(value)) continue;
    head.append(name).append(": ").append(value).append("\r\n");
  }
  if (framing.body_bytes && !is_bodiless(response.status)) {
    fmt::format_to(out, "Content-Length: {}\r\n", *framing.body_bytes);
  }
  if (framing.chunked) head += "Transfer-Encoding: chunked\r\n";
  head += framing.keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
  return head;
}

std::string format_http_date(WallTime time) {
  static constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                            "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::seconds>(time - day)};
  return fmt::format(
      "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays.at(std::chrono::weekday{day}.c_encoding()),
      static_cast<unsigned>(date.day()), kMonths.at(static_cast<unsigned>(date.month()) - 1),
      static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
      clock.seconds().count());
}

std::string format_chunk_start(std::size_t bytes) { return fmt::format("{:x}\r\n", bytes); }

bool is_bodiless(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace blox::http
